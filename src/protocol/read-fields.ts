/** What came over a wire, read field by field: each of these returns a value of its type or throws {@link Unreadable}. */

export type Fields = Readonly<Record<string, unknown>>;

/** Some field is not what it must be. */
export class Unreadable extends Error {}

const unreadable = (): never => {
  throw new Unreadable();
};

export const words = (value: unknown): string => (typeof value === "string" ? value : unreadable());
export const number = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) ? value : unreadable();
export const flag = (value: unknown): boolean => (typeof value === "boolean" ? value : unreadable());
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : unreadable());
export const fields = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : unreadable();
export const orNull = <Value>(read: (value: unknown) => Value, value: unknown): Value | null =>
  value === null ? null : read(value);
export const oneOf = <const Word extends string>(known: readonly Word[], value: unknown): Word =>
  known.find((word) => word === value) ?? unreadable();

/** Reads a frame of JSON with `read`; `undefined` for what is no JSON or not what it must be. */
export function readFrame<Message>(text: string, read: (message: Fields) => Message | undefined): Message | undefined {
  try {
    return read(fields(JSON.parse(text)));
  } catch (thrown) {
    if (thrown instanceof Unreadable || thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}
