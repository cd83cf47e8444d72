import { calcPrice } from "@pydantic/genai-prices";
import { transcriptionUsage } from "../standins/realtime-usage.ts";

/*
 * What OpenAI would export, made from what its stand-in has noted: pages of the Usage and Costs APIs, and the files of the
 * dashboard, whose columns and ways of writing numbers are those of real ones.
 */

export const DAY_MS = 86_400_000;

/** An answer, as OpenAI counts it. Cached and sound are parts of the sums before them. */
export interface Answered {
  readonly atMs: number;
  readonly model: string;
  readonly keyId: string;
  readonly input: number;
  readonly cached: number;
  readonly cacheWrite: number;
  readonly audioIn: number;
  readonly cachedAudioIn: number;
  readonly output: number;
  readonly audioOut: number;
}

/** Speech that was written down: by time, or by tokens. */
export interface Transcribed {
  readonly atMs: number;
  readonly model: string;
  readonly keyId: string;
  readonly seconds: number;
  /** Null: by time. */
  readonly tokens: { readonly input: number; readonly audioIn: number; readonly output: number } | null;
}

export interface Usage {
  readonly answers: readonly Answered[];
  readonly transcripts: readonly Transcribed[];
}

/** As the stand-in's journal has a request, in memory or over HTTP. */
export interface JournalRequest {
  readonly path: string;
  readonly atMs: number;
  readonly key: string | null;
  readonly model: string | null;
  readonly usage: { inputTokens: number; cachedTokens: number; outputTokens: number } | null;
}

/** What `response.done` says was used. */
export interface SpokenUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly input_token_details: {
    readonly audio_tokens: number;
    readonly cached_tokens: number;
    readonly cached_tokens_details: { readonly audio_tokens: number };
  };
  readonly output_token_details: { readonly audio_tokens: number };
}

/** As the stand-in's journal has a Realtime session. */
export interface JournalSession {
  readonly key: string | null;
  readonly model: string | null;
  readonly openedAtMs: number;
  readonly items: readonly { readonly itemId: string; readonly audioMs: number }[];
  readonly responses: readonly { readonly createdAtMs: number; readonly usage: SpokenUsage | null }[];
  readonly transcripts: readonly {
    readonly itemId: string;
    readonly model: string;
    readonly text: string;
    readonly isFailed: boolean;
  }[];
}

/** All that a stand-in would bill. */
export function usageOf(requests: readonly JournalRequest[], sessions: readonly JournalSession[]): Usage {
  const written = requests.flatMap(({ path, atMs, key, model, usage }): Answered[] =>
    // The handshake of a session has the sum of its answers.
    usage === null || model === null || path.startsWith("/v1/realtime")
      ? []
      : [
          {
            ...NO_SOUND,
            atMs,
            model,
            keyId: keyIdOf(key),
            input: usage.inputTokens,
            cached: usage.cachedTokens,
            cacheWrite: 0,
            output: usage.outputTokens,
          },
        ],
  );
  const spoken = sessions.flatMap(({ responses, model, key }) =>
    responses.flatMap(({ createdAtMs, usage }): Answered[] =>
      usage === null || model === null
        ? []
        : [
            {
              atMs: createdAtMs,
              model,
              keyId: keyIdOf(key),
              input: usage.input_tokens,
              cached: usage.input_token_details.cached_tokens,
              cacheWrite: 0,
              audioIn: usage.input_token_details.audio_tokens,
              cachedAudioIn: usage.input_token_details.cached_tokens_details.audio_tokens,
              output: usage.output_tokens,
              audioOut: usage.output_token_details.audio_tokens,
            },
          ],
    ),
  );
  const transcripts = sessions.flatMap(({ transcripts: all, items, openedAtMs, key }) =>
    all
      .filter(({ isFailed }) => !isFailed)
      .map(({ itemId, model, text }): Transcribed => {
        const audioMs = items.find((item) => item.itemId === itemId)?.audioMs ?? Number.NaN;
        const bill = transcriptionUsage(model, audioMs, text);
        const tokens =
          bill.type === "duration"
            ? null
            : { input: bill.input_tokens, audioIn: bill.input_token_details.audio_tokens, output: bill.output_tokens };
        return { atMs: openedAtMs, model, keyId: keyIdOf(key), seconds: audioMs / 1_000, tokens };
      }),
  );
  return { answers: [...written, ...spoken], transcripts };
}

const NO_SOUND = { audioIn: 0, cachedAudioIn: 0, audioOut: 0 };

const keyIdOf = (key: string | null): string => `key_${key?.slice(-12) ?? "none"}`;

export interface Bucket {
  readonly object: "bucket";
  readonly start_time: number;
  readonly end_time: number;
  readonly results: readonly Readonly<Record<string, unknown>>[];
}

export interface Page {
  readonly object: "page";
  readonly data: readonly Bucket[];
  readonly has_more: boolean;
  readonly next_page: null;
}

/** `GET /v1/organization/usage/completions`, grouped by model and key. */
export const completionsPage = ({ answers }: Usage, bucketMs = DAY_MS): Page =>
  pageOf(answers, bucketMs, (group, { model, keyId }) => ({
    object: "organization.usage.completions.result",
    ...completionsOf(group),
    batch: false,
    service_tier: "default",
    ...grouped(model, keyId),
  }));

function completionsOf(group: readonly Answered[]): Record<string, number> {
  const sum = (count: (one: Answered) => number): number => group.reduce((all, one) => all + count(one), 0);
  return {
    input_tokens: sum(({ input }) => input),
    output_tokens: sum(({ output }) => output),
    input_cached_tokens: sum(({ cached }) => cached),
    input_cache_write_tokens: sum(({ cacheWrite }) => cacheWrite),
    input_uncached_tokens: sum((one) => one.input - one.cached - one.cacheWrite),
    // Without what is cached of it.
    input_text_tokens: sum((one) => one.input - one.audioIn - (one.cached - one.cachedAudioIn) - one.cacheWrite),
    input_cached_text_tokens: sum((one) => one.cached - one.cachedAudioIn),
    input_audio_tokens: sum((one) => one.audioIn - one.cachedAudioIn),
    input_cached_audio_tokens: sum((one) => one.cachedAudioIn),
    output_text_tokens: sum((one) => one.output - one.audioOut),
    output_audio_tokens: sum(({ audioOut }) => audioOut),
    num_model_requests: group.length,
  };
}

/** `GET /v1/organization/usage/audio_transcriptions`, which tells time and no tokens. */
export const transcriptionsPage = ({ transcripts }: Usage, bucketMs = DAY_MS): Page =>
  pageOf(transcripts, bucketMs, (group, { model, keyId }) => ({
    object: "organization.usage.audio_transcriptions.result",
    seconds: group.reduce((all, one) => all + Math.round(one.seconds * 1_000), 0) / 1_000,
    num_model_requests: group.length,
    ...grouped(model, keyId),
  }));

const grouped = (model: string, keyId: string) => ({
  project_id: "proj_1",
  user_id: "user-1",
  api_key_id: keyId,
  model,
});

/** `GET /v1/organization/costs`, grouped by line item; priced by genai-prices' own arithmetic. */
export function costsPage({ answers, transcripts }: Usage, factor = 1): Page {
  const items = [
    ...answers.flatMap((one) => {
      const price = priced(one.model, one.atMs, {
        input_tokens: one.input,
        cache_read_tokens: one.cached,
        output_tokens: one.output,
        ...(one.cacheWrite > 0 && { cache_write_tokens: one.cacheWrite }),
        ...(one.audioIn > 0 && { input_audio_tokens: one.audioIn, cache_audio_read_tokens: one.cachedAudioIn }),
        ...(one.audioOut > 0 && { output_audio_tokens: one.audioOut }),
      });
      const name = `${one.model}${one.audioIn + one.audioOut > 0 ? " audio" : ""}`;
      return [
        { atMs: one.atMs, item: `${name}, input`, usd: price.input_price },
        { atMs: one.atMs, item: `${name}, output`, usd: price.output_price },
      ];
    }),
    ...transcripts.map(({ atMs, model, seconds, tokens }) => {
      const used = tokens
        ? { input_tokens: tokens.input, input_audio_tokens: tokens.audioIn, output_tokens: tokens.output }
        : { audio_seconds: seconds };
      return { atMs, item: `${model}, input`, usd: priced(model, atMs, used).total_price };
    }),
  ].map((item) => ({ ...item, model: item.item, keyId: "" }));
  return pageOf(items, DAY_MS, (group, { item }) => ({
    object: "organization.costs.result",
    amount: { value: group.reduce((all, one) => all + one.usd, 0) * factor, currency: "usd" },
    line_item: item,
    project_id: null,
    organization_id: "org-1",
  }));
}

function priced(model: string, atMs: number, usage: Record<string, number>) {
  const price = calcPrice(usage, model, { providerId: "openai", timestamp: new Date(atMs) });
  if (!price) throw new Error(`genai-prices does not know ${model}`);
  return price;
}

/** Buckets from the first to the last, empty ones too; in each a result for each model and key. */
function pageOf<One extends { readonly atMs: number; readonly model: string; readonly keyId: string }>(
  all: readonly One[],
  bucketMs: number,
  resultOf: (group: readonly One[], first: One) => Readonly<Record<string, unknown>>,
): Page {
  const buckets = Map.groupBy(all, ({ atMs }) => atMs - (atMs % bucketMs));
  const starts = [...buckets.keys()].sort((a, b) => a - b);
  const data: Bucket[] = [];
  for (let startMs = starts[0] ?? 0; startMs <= (starts.at(-1) ?? -1); startMs += bucketMs) {
    const inIt = buckets.get(startMs) ?? [];
    const groups = Map.groupBy(inIt, ({ model, keyId }) => `${model} ${keyId}`);
    const results = [...groups.values()].flatMap((group) => (group[0] ? [resultOf(group, group[0])] : []));
    data.push({ object: "bucket", start_time: startMs / 1_000, end_time: (startMs + bucketMs) / 1_000, results });
  }
  return { object: "page", data, has_more: false, next_page: null };
}

/** The dashboard's file of activity: a page's buckets as lines, an empty bucket as its time alone, numbers like `10.0`. */
export function dashboardCsv({ data }: Page, { separator = ",", lineEnd = "\n" } = {}): string {
  const names = [...new Set(data.flatMap(({ results }) => results.flatMap((result) => Object.keys(flat(result)))))];
  const head = [
    "start_time",
    "end_time",
    "start_time_iso",
    "end_time_iso",
    ...names.filter((name) => name !== "object"),
  ];
  const lines = data.flatMap((bucket) =>
    (bucket.results.length === 0 ? [{}] : bucket.results).map((result) => {
      const time = { start_time: String(bucket.start_time), end_time: String(bucket.end_time) };
      const iso = { start_time_iso: iso8601(bucket.start_time), end_time_iso: iso8601(bucket.end_time) };
      const cells: Record<string, unknown> = { ...flat(result), ...time, ...iso };
      return head.map((name) => cellOf(cells[name])).join(separator);
    }),
  );
  return [head.join(separator), ...lines, ""].join(lineEnd);
}

function flat({ amount, ...result }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { value, currency } = Object(amount);
  return { ...(amount === undefined ? {} : { amount_value: value, amount_currency: currency }), ...result };
}

const iso8601 = (seconds: number): string => new Date(seconds * 1_000).toISOString().replace(".000Z", "+00:00");

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return Number.isInteger(value) ? `${value}.0` : value.toFixed(16);
  if (typeof value === "boolean") return value ? "TRUE" : "FALSE";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[",;\t\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
