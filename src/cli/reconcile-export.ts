import * as z from "zod";
import { csvRows, separatorOf } from "./reconcile-csv.ts";
import { ExportProblem, type ExportRow, type Field, readExportRow, type Source } from "./reconcile-export-row.ts";

/** What a file of OpenAI's holds. */
export interface UsageExport {
  readonly rows: readonly ExportRow[];
  readonly sources: ReadonlySet<Source>;
  /** The time of its buckets, empty ones too, in milliseconds since 1970; infinite without any. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Columns that nobody here knows, as they are written. */
  readonly unknownColumns: readonly string[];
  /** Rows of what no call uses, e.g. embeddings. */
  readonly others: number;
  /** Rows that are the same as another, word for word. */
  readonly repeated: number;
  /** OpenAI says that a page comes after it. */
  readonly isCut: boolean;
}

/**
 * Reads a file: JSON of the Usage or the Costs API (a page, pages, buckets, or a page a line), or the CSV of the dashboard.
 *
 * @throws ExportProblem with a sentence, also for a file that is something else.
 */
export function readExport(bytes: Uint8Array): UsageExport {
  const text = textOf(bytes);
  return /^\s*[[{]/.test(text) ? readJson(text) : readCsv(text);
}

const NO_EXPORT = "This is no export of OpenAI's usage or costs, neither JSON nor CSV.";

/** Spreadsheets write UTF-16, too. */
function textOf(bytes: Uint8Array): string {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new ExportProblem(NO_EXPORT);
  }
}

/** Gathers what a file holds. */
class Gathering {
  readonly #rows: ExportRow[] = [];
  readonly #seen = new Set<string>();
  #repeated = 0;
  #others = 0;
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.NEGATIVE_INFINITY;

  /** `whole`: all that the file says in this row. */
  add(fields: Readonly<Record<string, unknown>>, where: string, whole = JSON.stringify(fields)): void {
    const { startMs, endMs, row } = readExportRow(fields, where);
    this.#fromMs = Math.min(this.#fromMs, startMs);
    this.#toMs = Math.max(this.#toMs, endMs ?? startMs + 1);
    if (row === "empty") return;
    if (this.#seen.has(whole)) this.#repeated += 1;
    this.#seen.add(whole);
    if (row === "other") this.#others += 1;
    else this.#rows.push(row);
  }

  end(more: Pick<UsageExport, "unknownColumns" | "isCut">): UsageExport {
    return {
      ...more,
      rows: this.#rows,
      sources: new Set(this.#rows.map(({ source }) => source)),
      fromMs: this.#fromMs,
      toMs: this.#toMs,
      others: this.#others,
      repeated: this.#repeated,
    };
  }
}

const Result = z.record(z.string(), z.unknown());
const Bucket = z.object({ start_time: z.unknown(), end_time: z.unknown().optional(), results: z.array(Result) });
const Page = z.object({ data: z.array(Bucket), has_more: z.boolean().nullish() });
const Amount = z.object({ value: z.unknown(), currency: z.unknown().optional() });

function readJson(text: string): UsageExport {
  const pages = pagesOf(jsonOf(text));
  const gathering = new Gathering();
  let at = 0;
  for (const { start_time, end_time, results } of pages.flatMap(({ data }) => data)) {
    at += 1;
    const time = { start_time, end_time };
    // Of an empty bucket, its time.
    if (results.length === 0) gathering.add(time, `Bucket ${at}`);
    for (const [index, { amount, ...result }] of results.entries()) {
      const { value, currency } = Amount.safeParse(amount).data ?? { value: amount };
      const money = amount == null ? {} : { amount_value: value, amount_currency: currency };
      gathering.add({ ...result, ...money, ...time }, `Bucket ${at}, result ${index + 1}`);
    }
  }
  return gathering.end({ unknownColumns: [], isCut: pages.at(-1)?.has_more === true });
}

/** A value, or one a line. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Pages that were written one after the other.
  }
  try {
    return text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [JSON.parse(line)]));
  } catch {
    throw new ExportProblem("This looks like JSON, and is none: it may have been cut off.");
  }
}

function pagesOf(value: unknown): readonly z.infer<typeof Page>[] {
  const parts = Array.isArray(value) ? value : [value];
  const pages = z.array(z.union([Page, Bucket.transform((bucket) => ({ data: [bucket], has_more: null }))]));
  const read = pages.safeParse(parts);
  if (!read.success || read.data.length === 0) throw new ExportProblem(NO_EXPORT);
  return read.data;
}

/** Names of columns, in lower case and with `_` for spaces; the first that a file has is read. */
const COLUMNS: Readonly<Record<Exclude<Field, "object">, readonly string[]>> = {
  start_time: ["start_time", "start_time_iso", "aggregation_timestamp", "timestamp", "date", "day"],
  end_time: ["end_time", "end_time_iso"],
  model: ["model", "snapshot_id"],
  line_item: ["line_item"],
  api_key_id: ["api_key_id", "key_id"],
  api_key_name: ["api_key_name", "key_name"],
  api_key_redacted: ["api_key_redacted", "redacted_value"],
  batch: ["batch"],
  service_tier: ["service_tier"],
  num_model_requests: ["num_model_requests", "n_requests", "num_requests", "requests"],
  input_tokens: ["input_tokens", "n_context_tokens_total", "context_tokens", "prompt_tokens"],
  input_cached_tokens: ["input_cached_tokens", "n_cached_context_tokens_total", "cached_tokens", "cached_input_tokens"],
  input_cache_write_tokens: ["input_cache_write_tokens", "cache_write_tokens"],
  input_audio_tokens: ["input_audio_tokens"],
  input_cached_audio_tokens: ["input_cached_audio_tokens"],
  output_tokens: ["output_tokens", "n_generated_tokens_total", "generated_tokens", "completion_tokens"],
  output_audio_tokens: ["output_audio_tokens"],
  seconds: ["seconds", "num_seconds", "audio_seconds"],
  amount_value: ["amount_value", "cost_usd", "cost", "amount"],
  amount_currency: ["amount_currency", "currency"],
};

/** Columns of OpenAI's that nothing here is compared with. */
const UNUSED =
  /^(?:project|user|organization)_(?:id|name)$|^user_email$|^(?:api_source|quantity|quantity_unit|api_key_type|usage_type|operation)$|^input_(?:uncached|text|cached_text|image|cached_image|cache_write_30m|cache_write_12h)_tokens$|^output_(?:text|image)_tokens$/;

function readCsv(text: string): UsageExport {
  const rows = csvRows(text, separatorOf(text));
  const head = rows.next().value?.map((name) => name.trim().toLowerCase().replaceAll(" ", "_")) ?? [];
  const columns = columnsOf(head);
  const known = new Set(Object.values(COLUMNS).flat());
  const unknownColumns = head.filter((name) => !known.has(name) && !UNUSED.test(name) && name !== "");
  const gathering = new Gathering();
  let row = 1;
  for (const cells of rows) {
    row += 1;
    if (cells === undefined) throw new ExportProblem(`Row ${row}: a quotation mark is never closed.`);
    if (cells.length !== head.length) {
      throw new ExportProblem(`Row ${row} has ${cells.length} cells, and the first row ${head.length}.`);
    }
    const fields = columns.map(([field, at]) => [field, cells[at]?.trim() || null]);
    gathering.add(Object.fromEntries(fields), `Row ${row}`, cells.join("\u0000"));
  }
  return gathering.end({ unknownColumns, isCut: false });
}

function columnsOf(head: readonly string[]): readonly (readonly [field: string, at: number])[] {
  const columns = Object.entries(COLUMNS).flatMap(([field, names]) => {
    const name = names.find((each) => head.includes(each));
    return name === undefined ? [] : [[field, head.indexOf(name)] as const];
  });
  const has = new Set(columns.map(([field]) => field));
  const isTimed = has.has("start_time");
  // Of days without any usage, the dashboard writes the time alone.
  if (!isTimed || (!has.has("amount_value") && !has.has("num_model_requests") && !head.includes("start_time_iso"))) {
    throw new ExportProblem(NO_EXPORT);
  }
  return columns;
}
