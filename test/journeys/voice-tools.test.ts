import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { startWebhookStandin, type WebhookStandin } from "../standins/webhook.ts";
import { logged } from "./looks.ts";
import { Room } from "./room.ts";
import { speech, VoiceCaller } from "./voice-caller.ts";
import {
  act,
  clearFaults,
  prepareCall,
  recordOf,
  sessionsOf,
  studentOf,
  type VoiceStudent,
  voiceFault,
} from "./voice-looks.ts";

const CALLS = 40;
/** Tool calls of each turn: within what one turn may use, and together within what one call may. */
const TURNS = [8, 6, 6, 5];
const PER_CALL = TURNS.reduce((sum, count) => sum + count, 0);
const ALL = CALLS * PER_CALL;

let webhooks: WebhookStandin;
let room: Room;
let words: Int16Array;
beforeAll(async () => {
  words = await speech("Do it, please.");
  webhooks = await startWebhookStandin();
  room = await Room.open({ WEBHOOK_STANDIN_ORIGIN: webhooks.origin });
});
afterAll(async () => {
  await room.close();
  await webhooks.close();
});

const Ordered = z.object({ arguments: z.object({ number: z.number() }) });
/** The stand-in's webhook gives back what it was sent, and so the model gets its own numbers. */
const GivenBack = z.object({ received: Ordered });

/** The model orders so much at once, each announced four times, and has one word for everything else. */
async function script(key: string, numbers: readonly number[]): Promise<void> {
  const toolCalls = numbers.map((number) => ({ name: "order", arguments: { number } }));
  await clearFaults(room, key);
  await voiceFault(room, { kind: "duplicate-calls", key, times: "always" });
  await voiceFault(room, { kind: "answer", key, toolCalls });
  await voiceFault(room, { kind: "answer", key, text: "Done.", times: "always" });
}

/** Words of the agent are the last turn, and all of them were heard: it owes nothing any more. */
const isAnswered = (caller: VoiceCaller): boolean =>
  caller.turns.at(-1)?.speaker === "agent" && caller.of("state").at(-1)?.state === "listening";

/** One call: each turn is spoken, orders so many things at once, and is answered in words once all of them are done. */
async function orders(call: number): Promise<{ readonly student: VoiceStudent; readonly callId: string }> {
  // A busy machine is slow to answer a thousand of them; how long a tool may take is shown elsewhere.
  const tool = { type: "function", function: { name: "order", webhook_url: webhooks.urlFor("ok") }, timeoutMs: 10_000 };
  const student = await studentOf(room, `orders_${call}`, `sk-test-orders-0123456789-${call}`, { tools: [tool] });
  const caller = new VoiceCaller(await prepareCall(room, student));
  await caller.begun();
  let done = 0;
  for (const [turn, count] of TURNS.entries()) {
    const numbers = Array.from({ length: count }, (_, index) => call * PER_CALL + done + index);
    await script(student.key, numbers);
    caller.say(words);
    done += count;
    const isOver = (): boolean =>
      caller.turns.filter(({ toolCall }) => toolCall?.outcome === "ok").length === done && isAnswered(caller);
    await caller.until(isOver, `${done} orders in ${turn + 1} turns`, 40_000);
  }
  expect(await caller.hangUp()).toMatchObject({ code: 1000 });
  return { student, callId: caller.callId };
}

const isEach = (numbers: readonly number[], count: number): boolean =>
  numbers.length === count && new Set(numbers).size === count;

describe("a thousand tool calls by voice, each announced four times", () => {
  it("VJOURNEY-10 run exactly once each, and give back to the model exactly once each", async () => {
    const made = await Promise.all(Array.from({ length: CALLS }, (_, call) => orders(call)));
    await webhooks.settled();

    const calls = webhooks.calls();
    expect(ALL).toBe(1_000);
    expect(calls).toHaveLength(ALL);
    expect(new Set(calls.map(({ headers }) => headers["webhook-id"])).size).toBe(ALL);
    const numbers = calls.map(({ body }) => Ordered.parse(body).arguments.number);
    expect(isEach(numbers, ALL)).toBe(true);
    expect(logged(room, "tool-end")).toHaveLength(ALL);

    for (const [call, { student, callId }] of made.entries()) {
      const [session, ...others] = await sessionsOf(room, student.key);
      expect(others).toEqual([]);
      expect(session?.refused).toEqual([]);
      expect(session?.faults.filter((kind) => kind === "duplicate-calls").length).toBeGreaterThanOrEqual(TURNS.length);
      const outputs = session?.items.flatMap(({ kind, text }) => (kind === "function_call_output" ? [text] : [])) ?? [];
      const back = outputs.map((text) => GivenBack.parse(JSON.parse(text)).received.arguments.number);
      expect(back.toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: PER_CALL }, (_, index) => call * PER_CALL + index),
      );
      const { turns } = await recordOf(room, student, callId);
      const recorded = turns.flatMap(({ toolCall }) => toolCall ?? []);
      expect(
        isEach(
          recorded.map((one) => Ordered.shape.arguments.parse(JSON.parse(one.arguments)).number),
          PER_CALL,
        ),
      ).toBe(true);
      expect(new Set(recorded.map(({ outcome }) => outcome))).toEqual(new Set(["ok"]));
    }
  });

  it("VJOURNEY-11 run once as well when the session that ordered them is lost before they are done", async () => {
    webhooks.clear();
    const one = async (call: number): Promise<void> => {
      const tool = { type: "function", function: { name: "order", webhook_url: webhooks.urlFor("slow/1000") } };
      const student = await studentOf(room, `late_${call}`, `sk-test-late-orders-0123456789-${call}`, {
        tools: [tool],
      });
      const { key } = student;
      await script(key, [1, 2]);
      const caller = new VoiceCaller(await prepareCall(room, student));
      await caller.begun();
      caller.say(words);
      const isAsked = (): boolean =>
        caller.turns.filter(({ toolCall }) => toolCall?.outcome === "pending").length === 2;
      await caller.until(isAsked, "two orders");
      await act(room, key, "reset");
      await caller.until(() => isAnswered(caller), "the answer");
      await caller.hangUp();
      const { turns } = await recordOf(room, student, caller.callId);
      expect(turns.flatMap(({ toolCall }) => toolCall?.outcome ?? [])).toEqual(["ok", "ok"]);
      expect(turns.at(-1)).toMatchObject({ speaker: "agent", text: "Done." });
      const [lost, next, ...others] = await sessionsOf(room, key);
      expect(others).toEqual([]);
      expect(lost?.items.filter(({ kind }) => kind === "function_call_output")).toEqual([]);
      expect(next?.items.map(({ kind }) => kind).filter((kind) => kind.startsWith("function"))).toEqual([
        "function_call",
        "function_call_output",
        "function_call",
        "function_call_output",
      ]);
    };
    await Promise.all(Array.from({ length: 10 }, (_, call) => one(call)));
    await webhooks.settled();
    expect(new Set(webhooks.calls().map(({ headers }) => headers["webhook-id"])).size).toBe(20);
    expect(webhooks.calls()).toHaveLength(20);
  });
});
