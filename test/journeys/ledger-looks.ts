import * as z from "zod";
import { NO_USAGE, type Usage } from "../../src/protocol/call-record.ts";
import { CHARGE_KINDS, CHARGE_STATES } from "../../src/protocol/charge.ts";
import { transcriptionUsage } from "../standins/realtime-usage.ts";
import type { Room } from "./room.ts";
import { type RealtimeSession, type RealtimeTokens, sessionsOf } from "./voice-looks.ts";

/** The ledger as Postgres has it, and beside it what OpenAI's stand-in has counted, one by one. */

const count = z.number();
const UsageShape: z.ZodType<Usage> = z.strictObject({
  responses: count,
  inputTokens: count,
  inputAudioTokens: count,
  cachedInputTokens: count,
  cachedInputAudioTokens: count,
  cacheWriteTokens: count,
  outputTokens: count,
  outputAudioTokens: count,
  reasoningTokens: count,
  transcriptions: count,
  transcriptionInputTokens: count,
  transcriptionInputAudioTokens: count,
  transcriptionOutputTokens: count,
  transcriptionMs: count,
  estimated: z.boolean(),
});
/** Postgres tells a `bigint` as text. */
const bigint = z.string().transform(Number).pipe(z.int()).nullable();
const Row = z.object({
  call_id: z.string(),
  seq: z.number(),
  at: z.date(),
  kind: z.enum(CHARGE_KINDS),
  state: z.enum(CHARGE_STATES),
  payer: z.string(),
  model: z.string(),
  usage: UsageShape,
  line_ms: z.number(),
  raw_usage: z.string().nullable(),
  upstream_id: z.string().nullable(),
  price_version: z.string(),
  cost_micro_usd: bigint,
});
export type LedgerRow = z.infer<typeof Row>;

/** All rows of a student, oldest first. */
export async function ledgerOf(room: Room, sessionToken: string): Promise<LedgerRow[]> {
  const rows = await room.sql("select * from charges where session_token = $1 order by at, call_id, seq", [
    sessionToken,
  ]);
  return z.array(Row).parse(rows);
}

/** All rows of everybody, oldest first. */
export async function ledgerRows(room: Room): Promise<LedgerRow[]> {
  return z.array(Row).parse(await room.sql("select * from charges order by at, call_id, seq"));
}

const Call = z.object({
  id: z.string(),
  way_in: z.string(),
  end_reason: z.string().nullable(),
  cost_micro_usd: bigint,
});
export type LedgerCall = z.infer<typeof Call>;

/** All calls of a student that have ended, oldest first. */
export async function endedCalls(room: Room, sessionToken: string): Promise<LedgerCall[]> {
  const rows = await room.sql(
    "select * from calls where session_token = $1 and ended_at is not null order by started_at, id",
    [sessionToken],
  );
  return z.array(Call).parse(rows);
}

/** One answer or one transcript that OpenAI would bill. */
export interface Used {
  readonly kind: "response" | "transcription";
  readonly atMs: number;
  readonly model: string;
  readonly usage: Usage;
  readonly upstreamId: string | null;
  /** What it was told as, with at least these fields; null: nobody was told. */
  readonly told: Readonly<Record<string, unknown>> | null;
}

const Entry = z.object({
  path: z.literal("/v1/responses"),
  atMs: z.number(),
  model: z.string(),
  aborted: z.boolean(),
  responseId: z.string(),
  usage: z.object({
    inputTokens: count,
    cachedTokens: count,
    outputTokens: count,
    reasoningTokens: count,
  }),
});

/** All that was used on a key, oldest first. What was refused, or cut before its first word, costs nothing and is left out. */
export async function usedOn(room: Room, key: string): Promise<Used[]> {
  const texts = (await room.journal(key)).flatMap((entry) => {
    const { data } = Entry.safeParse(entry);
    return data ? [ofText(data)] : [];
  });
  const sessions = await sessionsOf(room, key);
  return [...texts, ...sessions.flatMap(ofSession)].toSorted((a, b) => a.atMs - b.atMs);
}

function ofText({ atMs, model, aborted, responseId, usage }: z.infer<typeof Entry>): Used {
  const { inputTokens, cachedTokens, outputTokens, reasoningTokens } = usage;
  const told = {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens },
  };
  return {
    kind: "response",
    atMs,
    model,
    upstreamId: responseId,
    told: aborted ? null : told,
    usage: {
      ...NO_USAGE,
      responses: 1,
      inputTokens,
      cachedInputTokens: cachedTokens,
      outputTokens,
      reasoningTokens,
    },
  };
}

function ofSession({ model, openedAtMs, responses, transcripts, items }: RealtimeSession): Used[] {
  const answers = responses.flatMap(({ responseId, createdAtMs, usage, used }): Used[] =>
    used === null
      ? []
      : [
          {
            kind: "response",
            atMs: createdAtMs,
            model: model ?? "",
            upstreamId: responseId,
            told: usage && { ...usage },
            usage: ofTokens(used),
          },
        ],
  );
  const written = transcripts
    .filter(({ isFailed }) => !isFailed)
    .map(({ itemId, model: writer, text }): Used => {
      const audioMs = items.find((item) => item.itemId === itemId)?.audioMs ?? Number.NaN;
      const told = transcriptionUsage(writer, audioMs, text);
      const usage =
        told.type === "duration"
          ? { ...NO_USAGE, transcriptions: 1, transcriptionMs: told.seconds * 1_000 }
          : {
              ...NO_USAGE,
              transcriptions: 1,
              transcriptionInputTokens: told.input_tokens,
              transcriptionInputAudioTokens: told.input_token_details.audio_tokens,
              transcriptionOutputTokens: told.output_tokens,
            };
      return { kind: "transcription", atMs: openedAtMs, model: writer, upstreamId: itemId, told: { ...told }, usage };
    });
  return [...answers, ...written];
}

const ofTokens = (tokens: RealtimeTokens): Usage => ({
  ...NO_USAGE,
  responses: 1,
  inputTokens: tokens.input_tokens,
  inputAudioTokens: tokens.input_token_details.audio_tokens,
  cachedInputTokens: tokens.input_token_details.cached_tokens,
  cachedInputAudioTokens: tokens.input_token_details.cached_tokens_details.audio_tokens,
  outputTokens: tokens.output_tokens,
  outputAudioTokens: tokens.output_token_details.audio_tokens,
});

/** Each of what was used with its row in the ledger. */
export interface Matched {
  readonly pairs: readonly { readonly used: Used; readonly row: LedgerRow }[];
  /** What OpenAI bills and the ledger does not have, or only in a row of another. */
  readonly unbilled: readonly Used[];
  /** What the ledger has and OpenAI does not bill; phones and what was refused are not among them. */
  readonly unused: readonly LedgerRow[];
}

/** By OpenAI's own names where they were told, else in the order of time among those of one model. */
export function match(all: readonly Used[], ledger: readonly LedgerRow[]): Matched {
  const pairs: { used: Used; row: LedgerRow }[] = [];
  let rows = ledger.filter(({ kind, state }) => kind !== "phone" && state !== "void");
  let uses = [...all];
  const pair = (isOf: (used: Used, row: LedgerRow) => boolean): void => {
    for (const used of uses) {
      const row = rows.find((one) => isOf(used, one));
      if (!row) continue;
      pairs.push({ used, row });
      rows = rows.filter((one) => one !== row);
      uses = uses.filter((one) => one !== used);
    }
  };
  const isOfKind = ({ kind }: Used, row: LedgerRow): boolean =>
    (row.kind === "sample" ? "response" : row.kind) === kind;
  pair((used, row) => row.upstream_id !== null && row.upstream_id === used.upstreamId && isOfKind(used, row));
  pair((used, row) => row.upstream_id === null && isOfKind(used, row) && row.model === used.model);
  return { pairs, unbilled: uses, unused: rows };
}
