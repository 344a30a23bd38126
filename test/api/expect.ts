/** What several tests of the public API need. */
import * as assert from "uvu/assert";
import { within } from "../support/within.ts";

/** Ample: reached only when something hangs. */
const LIMIT = 20_000;

/** An error as the API words it. */
export interface ApiError extends Error {
  readonly code?: string;
  readonly errno?: number;
  readonly address?: string;
}

/** Waits for `promise`, but not for ever. */
export function settled<T>(promise: PromiseLike<T>, what = "operation"): Promise<T> {
  return within(LIMIT, promise, what);
}

/** The error that `promise` rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<ApiError> {
  let value: unknown;
  try {
    value = await settled(promise);
  } catch (error) {
    return error as ApiError;
  }
  assert.unreachable(`resolved with ${String(value)}`);
  throw new Error("unreachable");
}

/** The error that `action` throws at once. */
export function thrown(action: () => unknown): ApiError {
  try {
    action();
  } catch (error) {
    return error as ApiError;
  }
  assert.unreachable("nothing was thrown");
  throw new Error("unreachable");
}

/** Frames as strings. */
export function texts(message: readonly Buffer[]): string[] {
  return message.map(String);
}

/** Lets the event loop turn `count` times. */
export async function turns(count = 1): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Whether `promise` is still pending after a few turns of the event loop. */
export async function waits(promise: Promise<unknown>): Promise<boolean> {
  let pending = true;
  const note = () => {
    pending = false;
  };
  promise.then(note, note);
  await turns(3);
  return pending;
}

/** Warnings of this process while `action` runs. */
export async function warnings(action: () => unknown): Promise<string[]> {
  const found: string[] = [];
  const note = (warning: Error) => found.push(warning.message);
  process.on("warning", note);
  try {
    await action();
    await turns();
  } finally {
    process.off("warning", note);
  }
  return found;
}
