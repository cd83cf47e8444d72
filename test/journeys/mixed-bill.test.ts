import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addUsage, NO_USAGE } from "../../src/protocol/call-record.ts";
import { readBill } from "../../src/protocol/read-bill.ts";
import { completionsPage, transcriptionsPage } from "../cli/usage-exports.ts";
import { endedCalls, type LedgerCall, type LedgerRow, ledgerOf, type Matched, match, usedOn } from "./ledger-looks.ts";
import { AGENT, browserCall, relayCall, streamCall, TWILIO_AUTH_TOKEN, textCall, voiceSample } from "./mixed-calls.ts";
import { hasReference, phoneMicroUsd, referenceMicroUsd } from "./reference-prices.ts";
import { eventually, Room } from "./room.ts";
import { studentOf, type VoiceStudent } from "./voice-looks.ts";

const KEY = "sk-test-mixed-0123456789";
const WHY_NOT = hasReference ? "" : " (skipped: there is no ../shared/reference on this machine)";
const CALLS = 4;

let room: Room;
let student: VoiceStudent;
let ledger: readonly LedgerRow[];
let calls: readonly LedgerCall[];
let matched: Matched;
/** How long the phones were on the line, by the way in. */
const phoneMs: Record<string, number> = {};

beforeAll(async () => {
  room = await Room.open({ TWILIO_AUTH_TOKEN });
  student = await studentOf(room, "mixed", KEY, AGENT);
  const place = { room, student };
  // Two at once, in text and with sound: what was scripted for one is not taken by the other.
  await Promise.all([
    relayCall(place).then((ms) => {
      phoneMs["conversation-relay"] = ms;
      return textCall(place);
    }),
    browserCall(place).then(async () => {
      phoneMs["media-streams"] = await streamCall(place);
      await voiceSample(place);
    }),
  ]);
  calls = await eventually(
    async () => {
      const ended = await endedCalls(room, student.sessionToken);
      return ended.length === CALLS && ended;
    },
    "all calls in Postgres",
    30_000,
  );
  const used = await usedOn(room, KEY);
  ledger = await eventually(async () => {
    const rows = await ledgerOf(room, student.sessionToken);
    return rows.some(({ kind, state }) => kind === "sample" && state === "told") && rows;
  }, "the sample in the ledger");
  matched = match(used, ledger);
}, 180_000);
afterAll(() => room?.close());

const ofKey = (rows: readonly LedgerRow[]): LedgerRow[] => rows.filter(({ kind }) => kind !== "phone");
const sum = (rows: readonly LedgerRow[]): number =>
  rows.reduce((all, row) => all + (row.cost_micro_usd ?? Number.NaN), 0);
const rowsOf = ({ id }: LedgerCall): LedgerRow[] => ledger.filter(({ call_id }) => call_id === id);

describe("what a student's afternoon of calls comes to, on their own key", () => {
  it("BILLJ-1 has a row for each answer and transcript that OpenAI bills, and none for anything else", () => {
    expect([matched.unbilled, matched.unused]).toEqual([[], []]);
    const told = matched.pairs.filter(({ used }) => used.told);
    for (const { used, row } of told) {
      expect(row, JSON.stringify(used)).toMatchObject({
        state: "told",
        payer: "student",
        model: used.model,
        usage: used.usage,
        upstream_id: used.upstreamId,
        line_ms: 0,
      });
      expect(JSON.parse(row.raw_usage ?? "null")).toMatchObject(used.told ?? {});
    }
    // Every sort of answer was there: typed, spoken, with tools, cut off by the model itself, and each kind of token.
    const of = (kind: LedgerRow["kind"]): number => told.filter(({ row }) => row.kind === kind).length;
    expect([of("response") >= 18, of("transcription") >= 6, of("sample")]).toEqual([true, true, 1]);
    const all = told.map(({ used }) => used.usage).reduce(addUsage, NO_USAGE);
    const { cachedInputTokens, cachedInputAudioTokens, inputAudioTokens, outputAudioTokens, transcriptionMs } = all;
    const kinds = [cachedInputTokens, cachedInputAudioTokens, inputAudioTokens, outputAudioTokens, transcriptionMs];
    expect(kinds.every((tokens) => tokens > 0)).toBe(true);
    expect(told.some(({ used }) => used.usage.cachedInputTokens > 0 && used.usage.inputAudioTokens === 0)).toBe(true);
  });

  it("BILLJ-2 has one estimated row for each answer that broke off, of no fewer tokens than were used", () => {
    const untold = matched.pairs.filter(({ used }) => used.told === null);
    // Spoken over in text, hung up on in text, lost with its session.
    expect(untold.map(({ row }) => row.state)).toEqual(["estimated", "estimated", "estimated"]);
    for (const { used, row } of untold) {
      const told = `${JSON.stringify(used.usage)} ${JSON.stringify(row.usage)}`;
      expect([row.upstream_id, row.raw_usage, row.usage.estimated]).toEqual([null, null, true]);
      expect(row.usage.inputTokens, told).toBeGreaterThanOrEqual(used.usage.inputTokens);
      expect(row.usage.outputTokens, told).toBeGreaterThanOrEqual(used.usage.outputTokens);
      if (hasReference) expect(row.cost_micro_usd).toBeGreaterThanOrEqual(referenceMicroUsd(used.model, used.usage));
    }
    expect(ledger.filter(({ state }) => state === "open")).toEqual([]);
    expect(ledger.filter(({ state }) => state === "estimated")).toHaveLength(untold.length);
  });

  it.skipIf(!hasReference)(
    `BILLJ-3 costs what the reference's prices make of it, to the micro-dollar${WHY_NOT}`,
    () => {
      for (const row of ledger) {
        const expected =
          row.kind === "phone"
            ? phoneMicroUsd(row.model, row.line_ms)
            : row.state === "void"
              ? 0
              : referenceMicroUsd(row.model, row.usage);
        expect(row.cost_micro_usd, JSON.stringify(row)).toBe(expected);
      }
      console.log(`${ledger.length} rows, $${(sum(ofKey(ledger)) / 1e6).toFixed(6)} on the key`);
    },
  );

  it("BILLJ-4 is the sum of its rows, in Postgres and in the lines of the bill", async () => {
    for (const call of calls) {
      const rows = rowsOf(call);
      expect(call.cost_micro_usd, call.way_in).toBe(sum(ofKey(rows)));
      const reply = await fetch(`${room.url}/api/me/calls/${call.id}`, { headers: student.headers });
      const bill = readBill(Object(await reply.json()).bill);
      expect(bill.costMicroUsd).toBe(call.cost_micro_usd);
      expect(bill.phoneMicroUsd).toBe(sum(rows.filter(({ kind }) => kind === "phone")));
      expect(bill.estimated).toBe(rows.some(({ state }) => state === "estimated"));
      for (const isPhone of [true, false]) {
        const lines = bill.lines.filter(({ layer }) => (layer === "phone") === isPhone);
        const total = lines.reduce((all, { costMicroUsd }) => all + (costMicroUsd ?? Number.NaN), 0);
        expect(total).toBe(isPhone ? bill.phoneMicroUsd : bill.costMicroUsd);
      }
    }
  });

  it("BILLJ-5 has the minutes of both phones on the instructor's Twilio bill, and no phone where there was none", () => {
    const isAbout = (lineMs: number, ms: number): boolean => lineMs > ms / 2 && lineMs < ms + 3_000;
    const linesOf = (call: LedgerCall) =>
      rowsOf(call).flatMap(({ kind, model, payer, line_ms }) =>
        kind === "phone" ? [[model, payer, isAbout(line_ms, phoneMs[call.way_in] ?? Number.NaN)]] : [],
      );
    const wayOf = (wayIn: string) => [
      [wayIn, "instructor", true],
      ["carrier-inbound", "instructor", true],
    ];
    const all = calls.map((call) => [call.way_in, linesOf(call)] as const);
    expect(new Map(all.filter(([, lines]) => lines.length > 0))).toEqual(
      new Map([
        ["conversation-relay", wayOf("conversation-relay")],
        ["media-streams", wayOf("media-streams")],
      ]),
    );
    expect(all.filter(([, lines]) => lines.length > 0)).toHaveLength(2);
    expect(all.filter(([, lines]) => lines.length === 0).map(([wayIn]) => wayIn)).toEqual(
      expect.arrayContaining(["browser", "conversation-relay"]),
    );
  });

  it("BILLJ-6 is what npm run reconcile finds in OpenAI's export too, and in the rows themselves", async () => {
    const folder = mkdtempSync(join(room.dataDir, "export-"));
    // On the day that the ledger has: around midnight two clocks may differ.
    const all = matched.pairs.map(({ used, row }) => ({ ...used, atMs: row.at.getTime(), keyId: "key_1" }));
    const answers = all
      .filter(({ kind }) => kind === "response")
      .map(({ usage, ...one }) => ({
        ...one,
        input: usage.inputTokens,
        cached: usage.cachedInputTokens,
        cacheWrite: usage.cacheWriteTokens,
        audioIn: usage.inputAudioTokens,
        cachedAudioIn: usage.cachedInputAudioTokens,
        output: usage.outputTokens,
        audioOut: usage.outputAudioTokens,
      }));
    const transcripts = all
      .filter(({ kind }) => kind === "transcription")
      .map(({ usage, ...one }) => ({ ...one, seconds: usage.transcriptionMs / 1_000, tokens: null }));
    const files = {
      completions: completionsPage({ answers, transcripts }),
      transcripts: transcriptionsPage({ answers, transcripts }),
    };
    const usage = Object.entries(files).flatMap(([name, page]) => {
      const path = join(folder, `${name}.json`);
      writeFileSync(path, JSON.stringify(page));
      return ["--usage", path];
    });
    const [owner] = await room.sql("select student_id from student_configs where session_token = $1", [
      student.sessionToken,
    ]);
    const root = resolve(import.meta.dirname, "../..");
    const args = ["src/cli/reconcile.ts", ...usage, "--payer", "student", "--student", String(owner?.student_id)];
    const { stdout } = await promisify(execFile)(
      join(root, "node_modules/.bin/node"),
      [...args, "--recompute", "--json"],
      { cwd: root, env: { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: room.dataDir } },
    );
    rmSync(folder, { recursive: true });
    const outcome = Object(JSON.parse(stdout));
    expect(outcome).toMatchObject({ agrees: true, payer: "student", charges: ofKey(ledger).length });
    const verdicts = outcome.lines.map(({ model, verdict }: { model: string | null; verdict: string }) => [
      model,
      verdict,
    ]);
    expect(Object.fromEntries(verdicts)).toMatchObject({
      "gpt-6-luna": "estimated",
      "gpt-realtime-2.1-mini": "estimated",
      "gpt-transcribe": "agrees",
    });
    expect(outcome.recomputed).toMatchObject({ rows: ledger.length, unreadable: 0, differing: [] });
  });
});
