import { customType } from "drizzle-orm/pg-core";

/**
 * Column types of Callroom. Each turns whatever a call or a page brings into something PostgreSQL takes: one character
 * that it refuses would make a turn unstorable for ever, and the outbox would offer that turn again and again.
 */

/** `text`. PostgreSQL holds no U+0000, and Neon's endpoint no lone surrogate: both become U+FFFD. */
export const textColumn = customType<{ data: string; driverData: string }>({
  dataType: () => "text",
  toDriver: storableText,
});

/** `jsonb`, written as text so that a predecessor's `json` or `text` column takes it too; read as unknown. */
export const jsonColumn = customType<{ data: unknown; driverData: string }>({
  dataType: () => "jsonb",
  toDriver: storableJson,
});

/** `timestamp with time zone` as milliseconds since 1970; what is no finite time (`infinity`) reads as NaN. */
export const instantColumn = customType<{ data: number; driverData: string }>({
  dataType: () => "timestamp with time zone",
  toDriver: (atMs) => new Date(atMs).toISOString(),
  fromDriver: (text) => Date.parse(text),
});

export function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\ufffd");
}

/**
 * JSON text that `jsonb` takes. `JSON.stringify` writes U+0000 and lone surrogates, and only these, as the escapes
 * matched here; an escaped backslash is matched first, so that the text `\\u0000` stays what it is.
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  return text.replace(/\\(?:\\|u0000|ud[89a-f][0-9a-f]{2})/g, (found) => (found === "\\\\" ? found : "\ufffd"));
}
