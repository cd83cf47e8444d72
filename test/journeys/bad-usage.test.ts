import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { placeCall } from "../standins/twilio.ts";
import { endedCalls, type LedgerRow, ledgerOf, type Matched, match, usedOn } from "./ledger-looks.ts";
import { AGENT, TWILIO_AUTH_TOKEN } from "./mixed-calls.ts";
import { eventually, Room } from "./room.ts";
import { speech, VoiceCaller } from "./voice-caller.ts";
import { prepareCall, scriptWords, studentOf, type VoiceStudent, voiceFault } from "./voice-looks.ts";

/** Bills that cannot be: the caller hears nothing of it, and the ledger has what was used, rather too much, and once. */

const ABSURD = 1e15;
const BAD_TEXT = [
  { input_tokens: -50, output_tokens: -5 },
  { input_tokens: ABSURD, output_tokens: 1 },
  { input_tokens: "12", output_tokens: null },
  { input_tokens: 10, output_tokens: 5, input_tokens_details: { cached_tokens: 11 } },
  { input_tokens: 1.5, output_tokens: 2 },
  [],
  undefined,
];
const soundOf = (input: number, audio: number, output: number) => ({
  input_tokens: input,
  output_tokens: output,
  input_token_details: { text_tokens: input - audio, audio_tokens: audio, cached_tokens: 0 },
  output_token_details: { text_tokens: 0, audio_tokens: output },
});
const BAD_SOUND = [soundOf(-50, -50, -5), soundOf(ABSURD, 0, 1), soundOf(10, 11, 1), { input_tokens: 9 }, "much"];
const BAD_TRANSCRIPTS = [
  { type: "duration", seconds: -3 },
  { type: "duration", seconds: ABSURD },
  { type: "cups" },
  null,
];

let room: Room;
beforeAll(async () => {
  room = await Room.open({ TWILIO_AUTH_TOKEN });
}, 120_000);
afterAll(() => room?.close());

/** What the stand-in has counted beside the ledger, once the student's calls are over and archived. */
async function booked({ sessionToken, key }: VoiceStudent, calls: number): Promise<Matched> {
  const ended = await eventually(
    async () => {
      const all = await endedCalls(room, sessionToken);
      return all.length === calls && all;
    },
    "the calls to be archived",
    30_000,
  );
  const ledger = await ledgerOf(room, sessionToken);
  for (const row of ledger) expectNothingNegative(row);
  const costOf = (id: string): number =>
    ledger
      .filter(({ call_id, kind }) => call_id === id && kind !== "phone")
      .reduce((sum, { cost_micro_usd }) => sum + (cost_micro_usd ?? Number.NaN), 0);
  for (const { id, cost_micro_usd } of ended) expect(cost_micro_usd).toBe(costOf(id));
  const turns = await room.sql(
    "select t.usage from turns t join calls c on c.id = t.call_id where c.session_token = $1 and t.usage is not null",
    [sessionToken],
  );
  expect(turns.length).toBeGreaterThan(0);
  for (const { usage } of turns) expect(Object.values(Object(usage)).every((tokens) => Number(tokens) >= 0)).toBe(true);
  return match(await usedOn(room, key), ledger);
}

function expectNothingNegative({ usage, cost_micro_usd, line_ms }: LedgerRow): void {
  const { estimated: _, ...counts } = usage;
  for (const amount of [...Object.values(counts), cost_micro_usd ?? Number.NaN, line_ms]) {
    expect(amount).toBeGreaterThanOrEqual(0);
    expect(amount).toBeLessThan(1e7);
  }
}

/** One row for each, none of them below what was used; returns how many were told, and how many were counted by us. */
function statesOf({ pairs, unbilled, unused }: Matched, kind: LedgerRow["kind"]): Record<string, number> {
  expect([unbilled, unused]).toEqual([[], []]);
  const states: Record<string, number> = { told: 0, estimated: 0 };
  for (const { used, row } of pairs.filter((pair) => pair.row.kind === kind)) {
    states[row.state] = (states[row.state] ?? 0) + 1;
    const why = `${JSON.stringify(used)} ${JSON.stringify(row)}`;
    if (row.state === "told") expect(row.usage, why).toEqual(used.usage);
    for (const name of ["inputTokens", "outputTokens", "transcriptionMs"] as const) {
      expect(row.usage[name], why).toBeGreaterThanOrEqual(used.usage[name]);
    }
    expect(row.raw_usage === null, why).toBe(row.state === "estimated");
  }
  return states;
}

describe.concurrent("a bill of OpenAI's that cannot be", () => {
  it("BILLJ-7 in text: each answer is heard, and has one row, told or counted by us", async () => {
    const student = await studentOf(room, "bad_text", "sk-test-bad-text-0123456789", AGENT);
    const { key, sessionToken } = student;
    const phone = await placeCall({ origin: room.url, authToken: TWILIO_AUTH_TOKEN, sessionToken });
    const ask = async (number: number): Promise<void> => {
      phone.say(`What is ${number} plus 1?`);
      const answer = new RegExp(`\\b${number + 1}\\b`);
      await eventually(() => phone.turns.some(({ text }) => answer.test(text)), `the answer ${number + 1}`);
    };
    for (const [at, usage] of BAD_TEXT.entries()) {
      await room.fault({ kind: "usage", key, usage });
      await ask(100 + 2 * at);
    }
    await room.fault({ kind: "told-twice", key });
    await ask(200);
    await ask(300);
    await phone.hangUp();
    expect(phone.violations).toEqual([]);
    expect(statesOf(await booked(student, 1), "response")).toEqual({ told: 2, estimated: BAD_TEXT.length });
  });

  it("BILLJ-8 with sound: each answer and each transcript is there, and has one row, told or counted by us", async () => {
    const student = await studentOf(room, "bad_sound", "sk-test-bad-sound-0123456789", AGENT);
    const { key } = student;
    const words = await speech("Good day.");
    const caller = new VoiceCaller(await prepareCall(room, student));
    const hasSaid = (text: string) => caller.until(() => caller.answers.includes(text), `the answer: ${text}`, 30_000);
    await caller.until(() => caller.answers.length > 0, "the greeting");
    const ask = async (number: number): Promise<void> => {
      caller.send({ type: "text", text: `What is ${number} plus 1?` });
      await hasSaid(`${number} plus 1 is ${number + 1}.`);
    };
    for (const [at, usage] of BAD_SOUND.entries()) {
      await voiceFault(room, { kind: "usage", key, usage });
      if (at % 2 === 1) await voiceFault(room, { kind: "told-twice", key });
      await ask(10 + 2 * at);
    }
    await voiceFault(room, { kind: "no-usage", key });
    await ask(30);
    await voiceFault(room, { kind: "told-twice", key });
    await ask(40);
    // An answer that is only a tool call, with a bill that cannot be read.
    await voiceFault(room, { kind: "usage", key, usage: soundOf(-1, 0, 0) });
    await voiceFault(room, { kind: "answer", key, toolCalls: [{ name: "order" }] });
    await voiceFault(room, { kind: "answer", key, text: "It is ordered." });
    caller.send({ type: "text", text: "Order it." });
    await hasSaid("It is ordered.");
    for (const [at, usage] of BAD_TRANSCRIPTS.entries()) {
      await voiceFault(room, { kind: "transcription-usage", key, usage });
      await voiceFault(room, { kind: "transcription-twice", key });
      await scriptWords(room, key, `What is ${50 + 2 * at} plus 1?`);
      caller.say(words);
      await hasSaid(`${50 + 2 * at} plus 1 is ${51 + 2 * at}.`);
    }
    await caller.hangUp();
    const matched = await booked(student, 1);
    // The greeting, 40, the order and four spoken ones.
    expect(statesOf(matched, "response")).toEqual({ told: 7, estimated: BAD_SOUND.length + 2 });
    expect(statesOf(matched, "transcription")).toEqual({ told: 0, estimated: BAD_TRANSCRIPTS.length });
  });

  it("BILLJ-9 that comes after the end of the call changes nothing: the answer is counted by us", async () => {
    const student = await studentOf(room, "late", "sk-test-late-usage-0123456789");
    const { key, sessionToken } = student;
    const caller = new VoiceCaller(await prepareCall(room, student));
    await caller.begun();
    await voiceFault(room, { kind: "done-delay", key, ms: 3_000 });
    caller.send({ type: "text", text: "Count to 20, please." });
    await caller.until(() => caller.of("caption").some(({ delta }) => delta.includes("four")), "the number four");
    await caller.hangUp();
    expect(statesOf(await booked(student, 1), "response")).toEqual({ told: 0, estimated: 1 });
    const before = await ledgerOf(room, sessionToken);
    const stored = Object(await (await fetch(`${room.url}/api/me/calls/${caller.callId}`, student)).json());
    expect(stored.bill).toMatchObject({ estimated: true, costMicroUsd: before[0]?.cost_micro_usd });
    expect(before).toHaveLength(1);
  });
});
