/** Checks of what users pass, with the texts that zeromq.js gives. Each throws TypeError at once. */

/** `excess` holds what came after the `expected` parameters of the function. */
export function refuseExcess(expected: number, excess: readonly unknown[]): void {
  if (excess.length === 0) return;
  const received = expected + excess.length;
  throw new TypeError(`Expected ${expected} argument${expected === 1 ? "" : "s"} but received ${received}`);
}

export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** Accepts an object or nothing. */
export function requireOptions(options: unknown): asserts options is object | undefined {
  if (options !== undefined && !isObject(options)) throw new TypeError("Options must be an object");
}

/** Accepts an object; not a function, which would be a callback that is never called. */
export function requireOperationOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) throw new TypeError("Options must be an object");
}

export function requireAddress(address: unknown): asserts address is string {
  if (typeof address !== "string") throw new TypeError("Address must be a string");
}

export function requireIdentifier(id: unknown): asserts id is number {
  if (typeof id !== "number") throw new TypeError("Identifier must be a number");
}

export function requireNumber(value: unknown): asserts value is number {
  if (typeof value !== "number") throw new TypeError("Option value must be a number");
}

export function requireBoolean(value: unknown): asserts value is boolean {
  if (typeof value !== "boolean") throw new TypeError("Option value must be a boolean");
}

/** A string option as octets: UTF-8 of a string, a copy of a view, null. */
export function requireText(value: unknown): Buffer | null {
  if (value === null) return null;
  if (typeof value === "string") return Buffer.from(value);
  if (ArrayBuffer.isView(value))
    return Buffer.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  throw new TypeError("Option value must be a string or buffer");
}

/**
 * The class, but calling it without `new` gives zeromq.js's text. Its base classes are native, so that text differs
 * from the one JavaScript has for a class.
 */
export function nativeClass<C extends object>(target: C): C {
  return new globalThis.Proxy(target, {
    apply(): never {
      throw new TypeError("Class constructors cannot be invoked without 'new'");
    },
  });
}
