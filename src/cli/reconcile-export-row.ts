import * as z from "zod";
import { type Measures, NOT_TOLD } from "./reconcile-measures.ts";
import { dayOf } from "./reconcile-options.ts";

/*
 * One row of an export, whichever file it stood in: a result of OpenAI's Usage or Costs API, or a line of the CSV that its
 * dashboard makes of them, which has the same names in columns.
 */

/** What an export is of: answers, written down speech, or money. */
export const SOURCES = ["completions", "transcriptions", "costs"] as const;
export type Source = (typeof SOURCES)[number];

export interface ExportRow {
  readonly source: Source;
  readonly startMs: number;
  /** As OpenAI writes it; null: of the money of a day, which no model is named for. */
  readonly model: string | null;
  /** All that its API key goes by. */
  readonly keys: readonly string[];
  /** Of the batch API, or of a tier with prices of its own. */
  readonly isUnusual: boolean;
  /** Seconds were rounded to whole ones. */
  readonly isRounded: boolean;
  readonly measures: Measures;
}

/** A sentence about a file that is no export, or that cannot be compared. Quotes nothing of it. */
export class ExportProblem extends Error {}

/** `2026-11-22T10:00:00+00:00`, `2026-11-22 10:00:00` or `2026-11-22`; without a zone it is UTC, as OpenAI's times are. */
const ISO_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?$/;
/** Numbers come as `10.0`, too. */
const WHOLE = /^\d{1,15}(?:\.0*)?$/;
const DECIMAL = /^-?\d{1,12}(?:\.\d*)?(?:[eE]-?\d{1,2})?$/;

const Time = z.union([
  z
    .number()
    .nonnegative()
    .transform((seconds) => seconds * 1_000),
  z
    .string()
    .regex(/^\d{9,11}(?:\.\d*)?$/)
    .transform((seconds) => Number(seconds) * 1_000),
  z.string().regex(ISO_TIME).transform(isoMs).pipe(z.number()),
]);
const Count = z.union([z.int().nonnegative(), z.string().regex(WHOLE).transform(Number)]).nullish();
const Decimal = z.union([z.number(), z.string().regex(DECIMAL).transform(Number)]).nullish();
const Text = z.string().max(300).nullish();

const Row = z.object({
  object: Text,
  start_time: Time,
  end_time: Time.nullish(),
  model: Text,
  line_item: Text,
  api_key_id: Text,
  api_key_name: Text,
  api_key_redacted: Text,
  batch: z.union([z.boolean(), z.string().max(10)]).nullish(),
  service_tier: Text,
  num_model_requests: Count,
  input_tokens: Count,
  input_cached_tokens: Count,
  input_cache_write_tokens: Count,
  input_audio_tokens: Count,
  input_cached_audio_tokens: Count,
  output_tokens: Count,
  output_audio_tokens: Count,
  seconds: Decimal,
  amount_value: Decimal,
  amount_currency: Text,
});
type Row = z.infer<typeof Row>;
export type Field = keyof Row;

const TIMES = ["start_time", "end_time"];
const TIERS = ["", "default", "auto", "standard"];

/** When a bucket begins and ends, and what was used in it. */
export interface BucketRow {
  readonly startMs: number;
  readonly endMs: number | null;
  /** `empty`: nothing. `other`: something that no call uses, e.g. embeddings. */
  readonly row: ExportRow | "empty" | "other";
}

/**
 * Reads a row. `where` says which, for people.
 *
 * @throws ExportProblem.
 */
export function readExportRow(fields: Readonly<Record<string, unknown>>, where: string): BucketRow {
  const read = Row.safeParse(fields);
  if (!read.success)
    throw new ExportProblem(`${where}: ${read.error.issues[0]?.path[0]?.toString() ?? "it"} cannot be read.`);
  const row = read.data;
  const [startMs, endMs] = [row.start_time, row.end_time ?? null];
  if (endMs !== null && (endMs <= startMs || dayOf(startMs) !== dayOf(endMs - 1))) {
    throw new ExportProblem(
      `${where}: its time goes over midnight UTC, and no day can be compared. Export it in days, hours or minutes.`,
    );
  }
  const isEmpty = Object.entries(fields).every(([name, value]) => TIMES.includes(name) || value == null);
  return { startMs, endMs, row: isEmpty ? "empty" : usedOf(row, where) };
}

function usedOf(row: Row, where: string): ExportRow | "other" {
  const source = sourceOf(row);
  if (source === undefined) return "other";
  const seconds = row.seconds ?? null;
  const measures = source === "costs" ? costOf(row, where) : usageOf(row, source, where);
  return {
    source,
    startMs: row.start_time,
    model: source === "costs" ? modelOfLineItem(row.line_item) : present(row.model, "model", where),
    keys: [row.api_key_id, row.api_key_name, row.api_key_redacted].flatMap((key) => (key ? [key] : [])),
    isUnusual: String(row.batch ?? "").toLowerCase() === "true" || !TIERS.includes(row.service_tier ?? ""),
    isRounded: seconds !== null && Number.isInteger(seconds),
    measures,
  };
}

function sourceOf(row: Row): Source | undefined {
  const named = /^organization\.(?:usage\.)?([a-z_]+)\.result$/.exec(row.object ?? "")?.[1];
  if (named !== undefined) {
    return named === "audio_transcriptions" ? "transcriptions" : SOURCES.find((source) => source === named);
  }
  if (row.amount_value != null) return "costs";
  return row.seconds != null ? "transcriptions" : "completions";
}

function usageOf(row: Row, source: Source, where: string): Measures {
  const isNeeded = source === "completions";
  const cachedAudio = row.input_cached_audio_tokens ?? null;
  const audio = row.input_audio_tokens ?? null;
  return {
    requests: present(row.num_model_requests, "num_model_requests", where),
    inputTokens: isNeeded ? present(row.input_tokens, "input_tokens", where) : (row.input_tokens ?? null),
    cachedInputTokens: row.input_cached_tokens ?? null,
    cacheWriteTokens: row.input_cache_write_tokens ?? null,
    // Where cached sound has a number of its own, the other one is without it.
    inputAudioTokens: audio === null ? null : audio + (cachedAudio ?? 0),
    cachedInputAudioTokens: cachedAudio,
    outputTokens: isNeeded ? present(row.output_tokens, "output_tokens", where) : (row.output_tokens ?? null),
    outputAudioTokens: row.output_audio_tokens ?? null,
    transcriptionMs: isNeeded ? null : Math.round(present(row.seconds, "seconds", where) * 1_000),
    microUsd: null,
  };
}

function costOf(row: Row, where: string): Measures {
  const currency = row.amount_currency ?? "usd";
  if (currency.toLowerCase() !== "usd") throw new ExportProblem(`${where}: amount_currency is not usd.`);
  // To the billionth of a dollar: sums of a hundred thousand rows stay exact.
  const microUsd = Math.round(present(row.amount_value, "amount_value", where) * 1e9) / 1_000;
  return { ...NOT_TOLD, microUsd };
}

function present<Value>(value: Value | null | undefined, field: Field, where: string): Value {
  if (value != null && value !== "") return value;
  const hint = field === "model" ? " Export it grouped by model." : "";
  throw new ExportProblem(`${where}: ${field} is missing.${hint}`);
}

/** Of `priority | gpt-realtime-2.1 audio, cached input` the model; what names none, e.g. a tool, stands for itself. */
function modelOfLineItem(lineItem: string | null | undefined): string | null {
  const item = lineItem?.split("|").at(-1)?.trim() ?? "";
  if (item === "") return null;
  return item.includes(",") ? (/^[^\s,]+/.exec(item)?.[0] ?? item) : item;
}

function isoMs(text: string): number {
  const [, day = "", time = "00:00", zone = "Z"] = ISO_TIME.exec(text) ?? [];
  return Date.parse(`${day}T${time}${zone}`);
}
