/** Turns rows of option tables into properties: the named face of `get...Option()` and `set...Option()`. */
import type { OptionRow } from "./option-table.ts";

/** What a property needs to know of its option. */
export type OptionProperty = Pick<OptionRow, "id" | "name" | "kind" | "access">;

type Getter = (id: number) => unknown;
type Setter = (id: number, value: unknown) => void;

/**
 * Defines the property on a prototype whose objects have `get...Option` and `set...Option` for its kind. `owner` is
 * the class that the text of a refused assignment names. `words`, if given, are what the numbers 0, 1, ... stand for.
 */
export function defineOption(
  prototype: object,
  owner: string,
  { id, name, kind, access }: OptionProperty,
  words?: readonly unknown[],
): void {
  const property: PropertyDescriptor = { configurable: true };
  if (access !== "write-only") {
    property.get = function (this: Record<string, Getter>) {
      const value = this[`get${kind}Option`]!(id);
      return words === undefined ? value : words[value as number];
    };
  }
  property.set =
    access === "read-only"
      ? () => {
          throw new TypeError(`Cannot set property ${name} of #<${owner}> which has only a getter`);
        }
      : function (this: Record<string, Setter>, value: unknown) {
          this[`set${kind}Option`]!(id, value);
        };
  Object.defineProperty(prototype, name, property);
}
