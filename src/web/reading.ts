import { type Fields, Unreadable } from "../protocol/read-fields.ts";

/** What came over a wire, read field by field: each of these returns a value of its type or throws. */

/** {@link Unreadable}: some field is not what it must be: a newer server's, or no server of ours. */
export { type Fields, Unreadable };

export function fields(value: unknown): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Unreadable();
  return { ...value };
}

export function list<Value>(read: (value: unknown) => Value, value: unknown): readonly Value[] {
  if (!Array.isArray(value)) throw new Unreadable();
  return value.map((entry) => read(entry));
}

export function words(value: unknown): string {
  if (typeof value !== "string") throw new Unreadable();
  return value;
}

export function flag(value: unknown): boolean {
  if (typeof value !== "boolean") throw new Unreadable();
  return value;
}

export function number(value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new Unreadable();
  return value;
}

export function oneOf<Value extends string>(values: readonly Value[], value: unknown): Value {
  const found = values.find((known) => known === value);
  if (found === undefined) throw new Unreadable();
  return found;
}

/** `null` and absent are `null`. */
export const orNull = <Value>(read: (value: unknown) => Value, value: unknown): Value | null =>
  value === null || value === undefined ? null : read(value);
