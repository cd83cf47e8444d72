import { describe, expect, it } from "vitest";
import { FAILURES } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { START_MS, spokenIn, Table, typesOf, USAGE } from "./table.ts";

const phone = { phoneCallId: "CA1", greetedByCarrier: false, fromCarrier: true };

describe("the beginning of a call", () => {
  it("CALL-1 greets once both the caller and the key are there, whichever comes last", () => {
    const early = new Table();
    expect(spokenIn(early.do({ type: "admitted" }))).toBe("");
    expect(spokenIn(early.caller({ type: "leg-start", ...phone }))).toBe("Hello!|");
    const late = new Table();
    expect(spokenIn(late.caller({ type: "leg-start", ...phone }))).toBe("");
    expect(spokenIn(late.do({ type: "admitted" }))).toBe("Hello!|");
  });

  it("CALL-2 loses no word that comes before it is ready", () => {
    const table = new Table();
    table.caller({ type: "leg-start", ...phone });
    table.say("First");
    table.say("second");
    expect(table.commands.some((command) => command.type === "respond")).toBe(false);
    table.do({ type: "admitted" });
    expect(table.spoken).toBe("Hello!|");
    expect(table.history.slice(-2)).toEqual([
      { kind: "caller", text: "First" },
      { kind: "caller", text: "second" },
    ]);
  });

  it("CALL-3 keeps that it has greeted before the greeting leaves", () => {
    const table = new Table();
    table.do({ type: "admitted" });
    const commands = table.caller({ type: "leg-start", ...phone });
    const kept = commands.findIndex((command) => command.type === "keep-progress" && command.progress.greeted);
    expect(kept).toBeGreaterThanOrEqual(0);
    expect(kept).toBeLessThan(commands.findIndex((command) => command.type === "caller"));
  });

  it("CALL-4 does not greet when the carrier does: by the TwiML's own word, or in the predecessor's TwiML", () => {
    expect(new Table().start({ ...phone, greetedByCarrier: true }).spoken).toBe("");
    expect(new Table({ carrierGreets: true }).start(phone).spoken).toBe("");
    expect(new Table({ carrierGreets: true }).start({ ...phone, fromCarrier: false }).spoken).toBe("Hello!|");
  });

  it("CALL-5 that begins with nothing is closed after five seconds", () => {
    const table = new Table();
    table.do({ type: "admitted" });
    expect(table.call.alarmAtMs).toBe(START_MS + LIMITS.firstMessageMs);
    const commands = table.ring();
    expect(commands).toContainEqual({ type: "close-leg", closeCode: 1008 });
    expect(table.progress.endReason).toBe("policy");
  });

  it("CALL-6 that is refused is told why and closed with the reason's code", () => {
    const table = new Table();
    table.caller({ type: "leg-start", phoneCallId: undefined, greetedByCarrier: false, fromCarrier: false });
    const commands = table.do({ type: "refused", reason: "too_many_calls" });
    const sentence = FAILURES.too_many_calls.sentence;
    expect(commands).toContainEqual({ type: "caller", command: { type: "error", code: "too_many_calls", sentence } });
    expect(commands).toContainEqual({ type: "close-leg", closeCode: 1013 });
    expect(table.progress.endReason).toBe("refused");
  });
});

describe("a call that is not let in", () => {
  it("CALL-20 says why once the caller is there: to a phone in words, to a screen in a frame", () => {
    const screen = new Table();
    expect(screen.do({ type: "refused", reason: "key_unreadable" })).toEqual([]);
    const told = screen.caller({
      type: "leg-start",
      phoneCallId: undefined,
      greetedByCarrier: false,
      fromCarrier: false,
    });
    expect(told).toContainEqual(
      expect.objectContaining({ command: expect.objectContaining({ code: "key_unreadable" }) }),
    );
    expect(told).toContainEqual({ type: "close-leg", closeCode: 4001 });

    const handset = new Table();
    handset.do({ type: "refused", reason: "too_many_calls" });
    const spoken = handset.caller({ type: "leg-start", ...phone });
    expect(spokenIn(spoken)).toBe(`${FAILURES.too_many_calls.spoken}|`);
    expect(JSON.stringify(spoken)).not.toContain('"error"');
    expect(handset.progress).toMatchObject({ endedAtMs: null, closing: { endReason: "refused" } });
  });

  it("CALL-21 tells a caller who never says who they are the same, when their time is up", () => {
    const table = new Table();
    table.do({ type: "refused", reason: "too_many_calls" });
    expect(table.ring()).toContainEqual({ type: "close-leg", closeCode: 1013 });
  });
});

describe("a call that is misused", () => {
  it("CALL-22 answers once, however often its caller introduces themselves", () => {
    const table = new Table().start();
    table.say("Tell me");
    table.model({ type: "text-delta", text: "A long answer" });
    const again = { type: "leg-start", phoneCallId: undefined, greetedByCarrier: false, fromCarrier: false } as const;
    expect(table.caller(again)).toEqual([]);
    table.model({ type: "response-done", usage: USAGE, cut: false });
    expect(table.spoken).toBe("Hello!|A long answer|");
    expect(table.commands.filter(({ type }) => type === "respond")).toHaveLength(1);
  });

  it("CALL-23 ends when it is talked at faster than anybody talks", () => {
    const table = new Table().start();
    for (let word = 0; word <= LIMITS.utterancesPerMinute; word++) table.after(10).say(`word ${word}`);
    expect(table.progress).toMatchObject({ endReason: "policy" });
    const slow = new Table().start();
    for (let word = 0; word < 2 * LIMITS.utterancesPerMinute; word++) slow.after(400).say(`word ${word}`);
    expect(slow.progress.endReason).toBeNull();
  });
});

describe("a call whose caller's socket is lost", () => {
  it("CALL-7 goes on with its history and no second greeting", () => {
    const table = new Table().start(phone);
    table.say("My name is Ada.");
    table.answers("Hi Ada.");
    table.do({ type: "leg-end", clean: false });
    table.wake();
    expect(spokenIn(table.after(2_000).caller({ type: "leg-start", ...phone }))).toBe("");
    table.say("What is my name?");
    expect(table.history).toContainEqual({ kind: "caller", text: "My name is Ada." });
    expect(table.progress).toMatchObject({ legs: 2, endReason: null });
  });

  it("CALL-8 in the middle of a thought is answered when it comes back", () => {
    const table = new Table().start(phone);
    table.say("What is two and two?");
    table.do({ type: "leg-end", clean: false });
    expect(typesOf(table.caller({ type: "leg-start", ...phone }))).toContain("respond");
    table.answers("Four.");
    expect(table.spoken).toBe("Hello!|Four.|");
  });

  it("CALL-9 ends as lost when it does not come back in time, and at once when it cannot", () => {
    const table = new Table().start(phone);
    table.do({ type: "leg-end", clean: false });
    expect(table.call.alarmAtMs).toBe(table.nowMs + LIMITS.resumeWindowMs);
    table.ring();
    expect(table.progress.endReason).toBe("lost");
    const plain = new Table({ resumable: false }).start();
    plain.do({ type: "leg-end", clean: false });
    expect(plain.progress.endReason).toBe("lost");
  });

  it("CALL-10 is not taken over by another phone", () => {
    const table = new Table().start(phone);
    table.do({ type: "leg-end", clean: false });
    const commands = table.caller({ type: "leg-start", ...phone, phoneCallId: "CA2" });
    expect(commands).toContainEqual({ type: "close-leg", closeCode: 1008 });
    expect(table.progress).toMatchObject({ legs: 1, endReason: null });
  });
});

describe("the end of a call", () => {
  it("CALL-11 keeps the unfinished turn of the agent when the caller hangs up", () => {
    const table = new Table().start();
    table.say("Hi");
    table.model({ type: "text-delta", text: "Well, as I" });
    const commands = table.do({ type: "leg-end", clean: true });
    expect(typesOf(commands)).toContain("cancel-response");
    expect(table.turns.at(-1)).toMatchObject({ speaker: "agent", text: "Well, as I", usage: { estimated: true } });
    expect(table.progress.endReason).toBe("caller-left");
  });

  it("CALL-12 comes once: whatever happens afterwards changes nothing", () => {
    const table = new Table().start();
    table.do({ type: "leg-end", clean: true });
    expect(table.say("Hello?")).toEqual([]);
    expect(table.do({ type: "alarm" })).toEqual([]);
    expect(table.do({ type: "leg-end", clean: false })).toEqual([]);
    expect(table.call.alarmAtMs).toBeUndefined();
  });

  it("CALL-13 is spoken when the longest time is over, and a phone gets the time to hear it", () => {
    const table = new Table({ callMaxMs: 20_000 }).start(phone);
    expect(spokenIn(table.ring())).toBe(`${FAILURES.call_cap.spoken}|`);
    expect(table.progress).toMatchObject({ endedAtMs: null, closing: { closeCode: 4003, endReason: "call-cap" } });
    expect(table.ring()).toContainEqual({ type: "close-leg", closeCode: 4003 });
    expect(table.progress.endReason).toBe("call-cap");
  });

  it("CALL-14 an alarm that is early, late or repeated does no harm", () => {
    const table = new Table().start();
    expect(table.after(10).do({ type: "alarm" })).toEqual([]);
    table.ring();
    const again = table.do({ type: "alarm" });
    expect(spokenIn(again)).toBe("");
  });
});

describe("silence", () => {
  it("CALL-15 is asked about once and then ends the call", () => {
    const table = new Table().start();
    expect(spokenIn(table.ring())).toBe("Are you still there?|");
    expect(spokenIn(table.ring())).toBe(`${FAILURES.silence.spoken}|`);
    expect(table.progress.endReason).toBe("silence");
    expect(table.nowMs - START_MS).toBeLessThanOrEqual(LIMITS.silenceEndMs + 2_000);
  });

  it("CALL-16 is broken by any sign of the caller", () => {
    const table = new Table().start();
    table.ring();
    table.caller({ type: "utterance-interim" });
    expect(table.call.alarmAtMs).toBe(table.nowMs + LIMITS.silenceCheckInMs);
  });

  it("CALL-17 is not counted while the agent works on an answer", () => {
    const table = new Table().start();
    table.say("Think hard");
    expect(table.call.alarmAtMs).toBe(START_MS + LIMITS.callDefaultMs);
  });

  it("CALL-18 is counted from the moment the carrier has played the last word", () => {
    const table = new Table().start(phone);
    table.say("Hi");
    table.answers("A very long answer. ".repeat(50));
    table.after(3_000).caller({ type: "playback", playing: false });
    expect(table.call.alarmAtMs).toBe(table.nowMs + LIMITS.silenceCheckInMs);
  });

  it("CALL-24 ends after the same time whether the object slept meanwhile or not", () => {
    const table = new Table().start();
    table.ring();
    const before = table.call.alarmAtMs;
    table.wake();
    expect(table.call.alarmAtMs).toBe(before);
  });

  it("CALL-19 survives a sleep: an object that wakes knows since when it is quiet", () => {
    const table = new Table().start();
    table.say("Hi");
    table.answers("Hello again, nice to hear you.");
    const before = table.call.alarmAtMs;
    table.wake();
    expect(table.call.alarmAtMs).toBe(before);
  });
});
