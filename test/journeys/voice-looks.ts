import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { decodeMulaw } from "../standins/mulaw.ts";
import { eventually, type Room } from "./room.ts";

/** Calls with sound from outside: how they are begun, what the stand-in saw of them, what is recorded of them. */

const Prepared = z.object({ callId: z.string(), ticket: z.string(), url: z.string() });
export type PreparedCall = z.infer<typeof Prepared>;

export interface VoiceStudent {
  readonly sessionToken: string;
  readonly key: string;
  readonly headers: { readonly authorization: string };
}

/** A student with a key and an agent; `config` in the words of the predecessor's save. */
export async function studentOf(
  room: Room,
  name: string,
  key: string,
  config: Readonly<Record<string, unknown>> = {},
): Promise<VoiceStudent> {
  const sessionToken = `ws_voice_${name}`;
  const saved = await room.save(sessionToken, { openaiApiKey: key, ...config });
  if (saved.success !== true) throw new Error(`not saved: ${JSON.stringify(saved)}`);
  return { sessionToken, key, headers: { authorization: `Bearer ${sessionToken}` } };
}

export async function prepareCall(room: Room, student: VoiceStudent): Promise<PreparedCall> {
  const reply: unknown = await (await room.post("/api/calls", {}, student.headers)).json();
  const read = Prepared.safeParse(reply);
  if (!read.success) throw new Error(`not prepared: ${JSON.stringify(reply)}`);
  return read.data;
}

const Tokens = z.object({
  input_tokens: z.number(),
  output_tokens: z.number(),
  input_token_details: z.object({
    text_tokens: z.number(),
    audio_tokens: z.number(),
    cached_tokens: z.number(),
    cached_tokens_details: z.object({ audio_tokens: z.number() }),
  }),
  output_token_details: z.object({ audio_tokens: z.number() }),
});

export type RealtimeTokens = z.infer<typeof Tokens>;

const Session = z.object({
  sessionId: z.string(),
  key: z.string(),
  model: z.string().nullable(),
  openedAtMs: z.number(),
  acceptedAtMs: z.number().nullable(),
  closedAtMs: z.number().nullable(),
  closed: z.object({ by: z.enum(["client", "server", "network"]), code: z.number() }).nullable(),
  updates: z.array(z.unknown()),
  received: z.record(z.string(), z.number()),
  refused: z.array(z.object({ type: z.string(), code: z.string().nullable() })),
  audioIn: z.object({ bytes: z.number(), ms: z.number(), firstAtMs: z.number().nullable() }),
  items: z.array(
    z.object({ itemId: z.string(), kind: z.string(), by: z.string(), text: z.string(), audioMs: z.number() }),
  ),
  responses: z.array(
    z.object({
      responseId: z.string(),
      createdAtMs: z.number(),
      doneAtMs: z.number().nullable(),
      status: z.string(),
      instructions: z.string().nullable(),
      audioMs: z.number(),
      usage: Tokens.nullable(),
      used: Tokens.nullable(),
    }),
  ),
  truncations: z.array(
    z.object({ itemId: z.string(), audioEndMs: z.number(), sentMs: z.number().nullable(), isRefused: z.boolean() }),
  ),
  transcripts: z.array(z.object({ itemId: z.string(), model: z.string(), text: z.string(), isFailed: z.boolean() })),
  faults: z.array(z.string()),
});

/** A session with the model as OpenAI's stand-in saw it. */
export type RealtimeSession = z.infer<typeof Session>;

/** Sessions of one key, or of all, oldest first. */
export async function sessionsOf(room: Room, key?: string): Promise<RealtimeSession[]> {
  const url = new URL("/standin/realtime", room.endpoints.openaiBaseUrl);
  if (key !== undefined) url.searchParams.set("key", key);
  return z.array(Session).parse(await (await fetch(url)).json());
}

/** Something that the stand-in of the Realtime API is to do, for the next of its key that it fits. */
export const voiceFault = (room: Room, fault: Readonly<Record<string, unknown>>): Promise<void> =>
  room.fault({ path: "/v1/realtime", ...fault });

/** Takes back what was asked for and not yet done, of one key. */
export async function clearFaults(room: Room, key: string): Promise<void> {
  const url = new URL("/standin/faults", room.endpoints.openaiBaseUrl);
  url.searchParams.set("key", key);
  await fetch(url, { method: "DELETE" });
}

/** What the next callers on a key are taken to have said. */
export async function scriptWords(room: Room, key: string, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await order(room, "/standin/transcripts", { text, key });
}

/** `expire`, `reset` or `disconnect` of the sessions that are open on a key. */
export const act = (room: Room, key: string, what: "expire" | "reset" | "disconnect"): Promise<void> =>
  order(room, "/standin/realtime", { act: what, key });

async function order(room: Room, path: string, body: object): Promise<void> {
  const url = new URL(path, room.endpoints.openaiBaseUrl);
  const reply = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`order refused: ${await reply.text()}`);
}

const Usage = z.object({
  responses: z.number(),
  inputTokens: z.number(),
  inputAudioTokens: z.number(),
  cachedInputTokens: z.number(),
  cachedInputAudioTokens: z.number(),
  cacheWriteTokens: z.number(),
  outputTokens: z.number(),
  outputAudioTokens: z.number(),
  reasoningTokens: z.number(),
  transcriptions: z.number(),
  transcriptionInputTokens: z.number(),
  transcriptionInputAudioTokens: z.number(),
  transcriptionOutputTokens: z.number(),
  transcriptionMs: z.number(),
  estimated: z.boolean(),
});

const milliseconds = z.number().nullable();
const Timings = z.object({
  ttfbMs: milliseconds,
  turnLatencyMs: milliseconds,
  heardLatencyMs: milliseconds,
  turnMs: z.number(),
});

const CallRecord = z.object({
  call: z.object({
    id: z.string(),
    wayIn: z.string(),
    endedAt: z.string().nullable(),
    endReason: z.string().nullable(),
    keySource: z.string(),
    usage: Usage,
  }),
  turns: z.array(
    z.object({
      seq: z.number(),
      speaker: z.enum(["caller", "agent", "tool"]),
      text: z.string(),
      heardText: z.string().nullable(),
      toolCall: z.object({ toolCallId: z.string(), arguments: z.string(), outcome: z.string() }).nullable(),
      timings: Timings.nullable(),
      usage: Usage.nullable(),
      failure: z.string().nullable(),
    }),
  ),
});

export type RecordedUsage = z.infer<typeof Usage>;
export type VoiceRecord = z.infer<typeof CallRecord>;

/** The record of a call that has ended, as its student is shown it. */
export function recordOf(room: Room, student: VoiceStudent, callId: string, withinMs?: number): Promise<VoiceRecord> {
  return eventually(
    async () => {
      const reply = await fetch(`${room.url}/api/me/calls/${callId}`, { headers: student.headers });
      const read = CallRecord.safeParse(await reply.json());
      return read.success && read.data.call.endedAt !== null && read.data;
    },
    `the record of ${callId}`,
    withinMs,
  );
}

const FOLDER = join(import.meta.dirname, "../../src/web/public");
const Manifest = z.array(z.object({ file: z.string(), durationMs: z.number(), sentence: z.string() }));
const MANIFEST = Manifest.parse(JSON.parse(readFileSync(join(FOLDER, "spoken/manifest.json"), "utf8")));

/** The recording of a failure's sentence: at 8 kHz, a byte a sample. */
export function recordingOf(sentence: string): { readonly durationMs: number; readonly samples: Int16Array } {
  const entry = MANIFEST.find((one) => one.sentence === sentence);
  if (!entry) throw new Error(`no recording of: ${sentence}`);
  const samples = decodeMulaw(readFileSync(join(FOLDER, entry.file)));
  return { durationMs: samples.length / 8, samples };
}

/**
 * How alike two sounds are, by their loudness in steps of 20 ms: 1 for the same words, near 0 for others. The rates may
 * differ.
 */
export function likeness(one: Int16Array, oneHz: number, other: Int16Array, otherHz: number): number {
  const a = envelope(one, oneHz);
  const b = envelope(other, otherHz).slice(0, a.length);
  const [meanA, meanB] = [mean(a), mean(b)];
  const products = b.map((value, at) => ((a[at] ?? 0) - meanA) * (value - meanB));
  const spread = (values: readonly number[], middle: number): number =>
    Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0));
  const both = spread(a, meanA) * spread(b, meanB);
  return both === 0 ? 0 : products.reduce((sum, value) => sum + value, 0) / both;
}

function envelope(samples: Int16Array, hz: number): number[] {
  const step = hz / 50;
  return Array.from({ length: Math.floor(samples.length / step) }, (_, at) => {
    let squares = 0;
    for (const sample of samples.subarray(at * step, (at + 1) * step)) squares += sample * sample;
    return Math.sqrt(squares / step);
  });
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
