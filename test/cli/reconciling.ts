import { type ExitCode, reconcileCommand } from "../../src/cli/reconcile-command.ts";
import type { LedgerRows } from "../../src/cli/reconcile-ledger.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { parseStudentId } from "../../src/protocol/ids.ts";
import type { LedgerRow } from "../../src/store/ledger-pages.ts";
import { chargeOf, numbersFrom } from "../pricing/samples.ts";
import { DAY_MS, type Usage } from "./usage-exports.ts";

/** Noon. */
export const NOW_MS = Date.UTC(2026, 10, 22, 12);
export const MIDNIGHT_MS = NOW_MS - DAY_MS / 2;
export const ADA = "11111111-1111-4111-8111-111111111111";

/** Rows as the store gives them, of one student. */
export const rowsOf = (charges: readonly Charge[], studentId = ADA): LedgerRow[] =>
  charges.map((charge, at) => ({
    callId: "c".repeat(26),
    seq: at + 1,
    charge: { ...charge, seq: at + 1 },
    workshopId: null,
    studentId: parseStudentId(studentId) ?? null,
    studentName: "Ada",
  }));

/** As the store: rows of a time, a page of some thousands at a time. */
const pagesOf = (rows: readonly LedgerRow[]): LedgerRows =>
  async function* (fromMs, toMs) {
    const inIt = rows.filter(({ charge }) => !charge || (charge.atMs >= fromMs && charge.atMs < toMs));
    for (let at = 0; at < inIt.length; at += 5_000) yield inIt.slice(at, at + 5_000);
  };

export interface Ran {
  readonly exitCode: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Files by name: text, bytes, or a value that is written as JSON. */
export type Files = Readonly<Record<string, unknown>>;

/** Runs the command on files and rows; every file is an export unless the arguments name some. */
export async function reconciled(files: Files, rows: readonly LedgerRow[], args: readonly string[] = []): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  const usage = args.includes("--usage") ? [] : Object.keys(files).flatMap((name) => ["--usage", name]);
  const exitCode = await reconcileCommand([...usage, ...args], {
    out: { write: (text) => out.push(text) },
    err: { write: (text) => err.push(text) },
    nowMs: () => NOW_MS,
    readFile: async (path) => {
      const file = files[path];
      if (file === undefined) throw new Error(`ENOENT: /canary/${path}`);
      if (file instanceof Uint8Array) return file;
      return new TextEncoder().encode(typeof file === "string" ? file : JSON.stringify(file));
    },
    openLedger: async () => ({ rows: pagesOf(rows), close: async () => {} }),
  });
  return { exitCode, out: out.join(""), err: err.join("") };
}

/** The rows that a call would have written for what OpenAI counted. */
export function chargesOf({ answers, transcripts }: Usage): readonly Charge[] {
  const responses = answers.map((one) =>
    chargeOf({
      payer: "instructor",
      model: one.model,
      atMs: one.atMs,
      usage: {
        responses: 1,
        inputTokens: one.input,
        inputAudioTokens: one.audioIn,
        cachedInputTokens: one.cached,
        cachedInputAudioTokens: one.cachedAudioIn,
        cacheWriteTokens: one.cacheWrite,
        outputTokens: one.output,
        outputAudioTokens: one.audioOut,
      },
    }),
  );
  const written = transcripts.map(({ model, atMs, seconds, tokens }) =>
    chargeOf({
      payer: "instructor",
      kind: "transcription",
      model,
      atMs,
      usage: tokens
        ? {
            transcriptions: 1,
            transcriptionInputTokens: tokens.input,
            transcriptionInputAudioTokens: tokens.audioIn,
            transcriptionOutputTokens: tokens.output,
          }
        : { transcriptions: 1, transcriptionMs: Math.round(seconds * 1_000) },
    }),
  );
  return [...responses, ...written];
}

/** What some calls may have used in two days, on one key: in writing, with sound, with transcripts by tokens and by time. */
export function someUsage(answers = 60): Usage {
  const below = numbersFrom(7);
  const at = (): number => MIDNIGHT_MS - DAY_MS + below(2 * DAY_MS);
  return {
    answers: Array.from({ length: answers }, (_, index) => {
      const isSpoken = index % 2 === 0;
      const [text, audioIn] = [1_000 + below(4_000), isSpoken ? 400 + below(3_000) : 0];
      const [cachedText, cachedAudioIn] = [below(text), isSpoken ? below(audioIn) : 0];
      const [written, audioOut] = [10 + below(200), isSpoken ? 50 + below(600) : 0];
      return {
        atMs: at(),
        model: isSpoken ? "gpt-realtime-2.1-mini" : "gpt-6-luna",
        keyId: "key_instructor01",
        input: text + audioIn,
        cached: cachedText + cachedAudioIn,
        cacheWrite: isSpoken ? 0 : below(text - cachedText),
        audioIn,
        cachedAudioIn,
        output: written + audioOut,
        audioOut,
      };
    }),
    transcripts: Array.from({ length: Math.ceil(answers / 3) }, (_, index) => {
      const isByTime = index % 2 === 0;
      const audioIn = 20 + below(100);
      return {
        atMs: at(),
        model: isByTime ? "gpt-transcribe" : "gpt-4o-mini-transcribe",
        keyId: "key_instructor01",
        seconds: 2 + below(9_000) / 1_000,
        tokens: isByTime ? null : { input: audioIn, audioIn, output: 5 + below(40) },
      };
    }),
  };
}
