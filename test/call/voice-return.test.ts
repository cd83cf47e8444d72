import { describe, expect, it } from "vitest";
import type { ToolResult } from "../../src/call/call-events.ts";
import { LIMITS } from "../../src/limits.ts";
import { ofType, VoiceTable } from "./voice-table.ts";

const ANSWER = { type: "answer", mayUseTools: true };
const REST = { ...ANSWER, note: expect.stringContaining("cut off by a lost connection") };
const HELLO = { type: "say", text: "Hello!" };
const callOf = (name: string) => ({ type: "tool-call", toolCallId: "call_1", name, arguments: "{}" }) as const;
const GIVEN_BACK: ToolResult = { outcome: "ok", output: "{}", durationMs: 40, effect: null };

describe("a caller with sound who is lost", () => {
  it("VLOSS-20 the agent falls silent, the session waits, and the caller comes back to it", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 400, "Tell me");
    const ids = table.begins("This is a long answer indeed");
    table.sounds(ids, 3_000);
    table.after(1_000).played(table.sentMs - 2_000);
    const from = table.commands.length;
    table.do({ type: "leg-end", clean: false });
    expect(table.asked(from)).toEqual([{ type: "cancel" }, { type: "truncate", itemId: ids.itemId, heardMs: 1_000 }]);
    expect(table.kept.get(3)?.heardText).toBe("This is a");
    table.after(5_000).back();
    expect(table.requests).toHaveLength(1);
    expect(table.progress).toMatchObject({ legs: 2, legLostAtMs: null });
    expect(table.asked().filter(({ type }) => type === "say")).toHaveLength(1);
  });

  it("VLOSS-29 what the agent was saying is finished when the caller is back, once, and timed from then", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 400, "Tell me");
    table.sounds(table.begins("This is a long answer indeed"), 3_000);
    table.after(1_000).played(table.sentMs - 2_000);
    table.do({ type: "leg-end", clean: false });
    const from = table.commands.length;
    table.after(5_000).back();
    expect(table.asked(from)).toEqual([REST]);
    table.after(350).hears("That was all.", 600);
    expect(table.turns.at(-1)).toMatchObject({ text: "That was all.", timings: { ttfbMs: 350, turnMs: 350 } });
    const heardFrom = table.commands.length;
    table.do({ type: "leg-end", clean: false });
    table.after(1_000).back();
    expect(table.asked(heardFrom)).toEqual([]);
  });

  it("VLOSS-21 a question that was not answered when the caller was lost is answered when they are back", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 400, "What now?");
    table.do({ type: "leg-end", clean: false });
    table.after(2_000).start();
    expect(table.asked().at(-1)).toEqual({ type: "answer", mayUseTools: true });
  });

  it("VLOSS-22 a caller who does not come back within 30 s ends the call, and the session with it", () => {
    const table = new VoiceTable().connected();
    table.do({ type: "leg-end", clean: false });
    table.ring();
    expect(table.progress.endReason).toBe("lost");
    expect(ofType(table.commands, "close-voice")).toEqual([{ type: "close-voice", drain: false }]);
  });

  it("VLOSS-26 a caller who is found to be gone for longer than that is not waited for again", () => {
    const table = new VoiceTable().connected();
    const sinceMs = table.nowMs;
    table.after(LIMITS.deadCallerMs);
    table.do({ type: "leg-end", clean: false, sinceMs });
    table.do({ type: "alarm" });
    expect(table.progress).toMatchObject({ endReason: "lost", endedAtMs: sinceMs + LIMITS.deadCallerMs });
  });

  it("VLOSS-23 after a crash the call goes on in a new session with what was kept, and does not greet again", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 400, "My name is Ada.");
    table.hears("Hello Ada.", 600);
    table.wake();
    table.commands = [];
    table.sentMs = 0;
    table.do({ type: "leg-end", clean: false });
    table.after(3_000).start();
    expect(table.requests[0]?.history).toEqual([
      { kind: "agent", text: "Hello!" },
      { kind: "caller", text: "My name is Ada." },
      { kind: "agent", text: "Hello Ada." },
    ]);
    expect(table.asked()).toEqual([]);
  });

  it("VLOSS-24 a ticket that nobody uses leaves nothing but an end", () => {
    const table = new VoiceTable();
    table.do({ type: "admitted" });
    table.ring();
    expect(table.nowMs - table.facts.startedAtMs).toBe(30_000);
    expect(table.progress).toMatchObject({ legs: 0, endReason: "policy" });
    expect(table.requests).toEqual([]);
  });

  it("VLOSS-25 a phone whose socket says nothing is let go after five seconds", () => {
    const table = new VoiceTable();
    table.after(3_000).do({ type: "leg-open" });
    table.ring();
    expect(table.nowMs - table.facts.startedAtMs).toBe(3_000 + LIMITS.firstMessageMs);
    expect(table.progress.endReason).toBe("policy");
  });

  it("VLOSS-30 one who is lost in mid-sentence is not answered while away, and once when they are back", () => {
    const table = new VoiceTable().connected();
    table.upstream({ type: "speech-start", itemId: "item_u1" });
    table.after(500).do({ type: "leg-end", clean: false });
    // The silence of a caller who sends nothing ends the turn, and the model begins by itself.
    const fromAway = table.commands.length;
    table.after(LIMITS.soundGapMs).do({ type: "timer", timer: "sound-gap" });
    expect(ofType(table.commands.slice(fromAway), "fill-silence")).toHaveLength(1);
    table.upstream({ type: "speech-end", itemId: "item_u1" }, { type: "caller-turn", itemId: "item_u1" });
    const { responseId, itemId } = table.begins();
    expect(table.asked(fromAway)).toEqual([{ type: "cancel" }]);
    expect(table.sounds({ responseId, itemId }, 200)).toBe(0);
    table.ends(responseId, "cancelled");
    const from = table.commands.length;
    table.after(3_000).back();
    expect(table.asked(from)).toEqual([ANSWER]);
    table.after(300).hears("As you say.", 500);
    expect(table.turns.at(-1)).toMatchObject({ text: "As you say.", heardText: null, timings: { ttfbMs: 300 } });
  });

  it("VLOSS-31 nothing is asked for that is on its way when the caller is back", () => {
    for (const isTurnOver of [false, true]) {
      const table = new VoiceTable().connected();
      table.upstream({ type: "speech-start", itemId: "item_u1" });
      table.do({ type: "leg-end", clean: false });
      if (isTurnOver)
        table.upstream({ type: "speech-end", itemId: "item_u1" }, { type: "caller-turn", itemId: "item_u1" });
      const from = table.commands.length;
      table.after(200).back();
      expect(table.asked(from)).toEqual([]);
      expect(table.sounds(table.begins("Here you are."), 400)).toBe(400);
      expect(table.asked(from)).toEqual([]);
    }
  });

  it("VLOSS-32 an answer of which nothing was heard is given whole, not its end", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 400, "Tell me");
    table.sounds(table.begins("This is a long answer indeed"), 3_000);
    table.do({ type: "leg-end", clean: false });
    const from = table.commands.length;
    table.back();
    expect(table.asked(from)).toEqual([ANSWER]);
  });

  it("VLOSS-33 a tool that is at work when the caller is lost runs once, and is spoken about when they are back", () => {
    for (const isBackFirst of [true, false]) {
      const table = new VoiceTable().connected();
      table.speaks("item_u1", 400, "What time is it?");
      const ids = table.begins("Let me look.");
      table.sounds(ids, 900);
      const call = { toolCallId: "call_1", name: "current_time", arguments: "{}" } as const;
      table.upstream({ type: "tool-call", responseId: ids.responseId, ...call });
      table.ends(ids.responseId);
      table.after(900).played(table.sentMs);
      table.do({ type: "leg-end", clean: false });
      const from = table.commands.length;
      const giveBack = (): void => void table.do({ type: "tool-end", toolCallId: "call_1", result: GIVEN_BACK });
      if (!isBackFirst) giveBack();
      table.after(1_000).back();
      if (isBackFirst) giveBack();
      expect(table.asked(from)).toEqual([{ type: "tool-output", toolCallId: "call_1", output: "{}" }, ANSWER]);
      expect(ofType(table.commands, "run-tool")).toHaveLength(1);
      const answer = table.begins("It is noon.");
      table.sounds(answer, 500);
      table.ends(answer.responseId);
      expect(table.asked(from)).toHaveLength(2);
    }
  });

  it("VLOSS-34 a greeting that nobody has heard is said again, and is not waited for twice", () => {
    const unready = new VoiceTable().start();
    unready.do({ type: "leg-end", clean: false });
    unready.after(500).back();
    expect(unready.asked()).toEqual([HELLO, { type: "cancel" }, HELLO]);

    const unheard = new VoiceTable().start();
    unheard.upstream({ type: "ready" });
    const ids = unheard.begins("Hello!");
    unheard.sounds(ids, 900);
    const from = unheard.commands.length;
    unheard.do({ type: "leg-end", clean: false });
    unheard.ends(ids.responseId, "cancelled");
    unheard.after(500).back();
    expect(unheard.asked(from)).toEqual([
      { type: "cancel" },
      { type: "truncate", itemId: ids.itemId, heardMs: 0 },
      HELLO,
    ]);
    unheard.hears("Hello!", 900);
    unheard.do({ type: "leg-end", clean: false });
    unheard.after(500).back();
    expect(unheard.asked(from).filter(({ type }) => type === "say")).toHaveLength(1);
  });

  it("VLOSS-35 what the caller has silenced with the button is not finished when they are back", () => {
    const table = new VoiceTable().connected();
    table.caller({ type: "talk-mode", pushToTalk: true });
    table.speaks("item_u1", 400, "Tell me");
    table.sounds(table.begins("This is a long answer indeed"), 3_000);
    table.after(1_000).played(table.sentMs - 2_000);
    table.caller({ type: "talk", pressed: true });
    table.do({ type: "leg-end", clean: false });
    const from = table.commands.length;
    table.after(1_000).back();
    expect(table.asked(from)).toEqual([]);
  });

  it("VLOSS-36 a session that is lost while nobody is there is replaced without a word", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 400, "Tell me");
    table.sounds(table.begins("This is a long answer indeed"), 3_000);
    table.after(1_000).played(table.sentMs - 2_000);
    table.do({ type: "leg-end", clean: false });
    const from = table.commands.length;
    table.upstream({ type: "lost", reason: "upstream_lost", mayReconnect: true, upstreamCode: 1006 });
    expect(table.requests).toHaveLength(2);
    expect(ofType(table.commands.slice(from), "play-sentence")).toEqual([]);
    expect(table.asked(from)).toEqual([]);
    table.after(1_000).back();
    expect(table.asked(from)).toEqual([REST]);
  });

  it("VLOSS-38 a tool's answer is asked for also while the response that was cut is still ending", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 400, "What time is it?");
    const { responseId } = table.begins();
    table.upstream({ ...callOf("current_time"), responseId });
    table.do({ type: "leg-end", clean: false });
    table.back();
    const from = table.commands.length;
    table.do({ type: "tool-end", toolCallId: "call_1", result: GIVEN_BACK });
    expect(table.asked(from).at(-1)).toEqual(ANSWER);
    table.ends(responseId, "cancelled");
    // And a session that is lost before that answer began is asked for it again.
    const lostFrom = table.commands.length;
    table.upstream({ type: "lost", reason: "upstream_lost", mayReconnect: true, upstreamCode: 1006 });
    expect(table.asked(lostFrom)).toEqual([REST]);
  });

  it("VLOSS-39 what a tool does to the call is done when the caller is back", () => {
    for (const isLate of [false, true]) {
      const table = new VoiceTable().connected();
      table.speaks("item_u1", 400, "Goodbye");
      const { responseId } = table.begins();
      table.upstream({ ...callOf("end_call"), responseId });
      table.ends(responseId);
      const effect = { type: "end-call", reason: "said goodbye" } as const;
      const end = (): void =>
        void table.do({ type: "tool-end", toolCallId: "call_1", result: { ...GIVEN_BACK, effect } });
      if (!isLate) end();
      table.do({ type: "leg-end", clean: false });
      if (isLate) end();
      const from = table.commands.length;
      table.after(500).back();
      expect(table.asked(from)).toEqual([{ type: "answer", mayUseTools: false }]);
      table.hears("Goodbye!", 700);
      expect(table.progress.endReason).toBe("agent-ended");
    }
  });

  it("VLOSS-40 a caller who writes while a lost session waits for a tool is answered by a new one", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 400, "What time is it?");
    const { responseId } = table.begins();
    table.upstream({ ...callOf("current_time"), responseId });
    table.ends(responseId);
    table.upstream({ type: "lost", reason: "upstream_lost", mayReconnect: true, upstreamCode: 1006 });
    expect(table.requests).toHaveLength(1);
    const from = table.commands.length;
    table.say("Never mind. Who are you?");
    expect(table.requests).toHaveLength(2);
    expect(table.requests[1]?.history.at(-1)).toEqual({ kind: "caller", text: "Never mind. Who are you?" });
    expect(table.asked(from)).toEqual([ANSWER]);
  });

  it("VLOSS-41 a failure and a warning that came while nobody was there are told to nobody", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 400, "Tell me");
    const ids = table.begins("This is a long answer indeed");
    table.sounds(ids, 3_000);
    table.after(1_000).played(table.sentMs - 2_000);
    table.do({ type: "budget", budget: { of: "student", limitMicroUsd: 100, spentMicroUsd: 90, stage: "low" } });
    table.do({ type: "leg-end", clean: false });
    const away = table.commands.length;
    table.upstream({
      type: "response-end",
      responseId: ids.responseId,
      outcome: "failed",
      reason: "upstream_rate_limited",
      usage: null,
    });
    expect(ofType(table.commands.slice(away), "play-sentence")).toEqual([]);
    const from = table.commands.length;
    table.after(1_000).back();
    expect(table.asked(from)).toEqual([REST]);
    table.hears("That was all.", 600);
    expect(ofType(table.commands.slice(from), "play-sentence")).toEqual([
      { type: "play-sentence", reason: "budget_low" },
    ]);
  });

  it("VLOSS-42 a greeting that is said again is not forgotten with the end of the one before", () => {
    const table = new VoiceTable().start();
    table.upstream({ type: "ready" });
    const { responseId } = table.begins("Hello!");
    table.do({ type: "leg-end", clean: false });
    table.back();
    table.ends(responseId, "cancelled");
    const from = table.commands.length;
    table.upstream({ type: "lost", reason: "upstream_lost", mayReconnect: true, upstreamCode: 1006 });
    expect(table.asked(from)).toEqual([HELLO]);
  });

  it("VLOSS-43 a caller who is lost before the call was let in is greeted when they are back", () => {
    const table = new VoiceTable();
    table.caller({ type: "leg-start", phoneCallId: undefined, greetedByCarrier: false, fromCarrier: false });
    table.do({ type: "leg-end", clean: false });
    table.do({ type: "admitted" });
    expect(table.asked()).toEqual([]);
    table.back();
    expect(table.asked()).toEqual([HELLO]);
  });
});
