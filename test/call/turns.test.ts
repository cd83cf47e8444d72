import { describe, expect, it } from "vitest";
import { FAILURES } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { NO_CONFIG, spokenIn, Table, typesOf, USAGE } from "./table.ts";

const done = { type: "response-done", usage: USAGE, cut: false } as const;

describe("a turn", () => {
  it("TURN-1 keeps the caller's words before the model is asked", () => {
    const table = new Table().start();
    const commands = typesOf(table.say("What time is it?"));
    expect(commands.indexOf("keep-turn")).toBeGreaterThanOrEqual(0);
    expect(commands.indexOf("keep-turn")).toBeLessThan(commands.indexOf("respond"));
  });

  it("TURN-2 sends words as they come and closes the turn with exactly one last", () => {
    const table = new Table({}, []).start();
    table.say("Hi");
    const mark = table.commands.length;
    table.model({ type: "text-delta", text: "Good " });
    table.model({ type: "text-delta", text: "day." }, done);
    const frames = table.commands.slice(mark).filter((command) => command.type === "caller");
    expect(frames.map((frame) => frame.type === "caller" && frame.command)).toEqual([
      { type: "speech", text: "Good ", last: false },
      { type: "speech", text: "day.", last: false },
      { type: "speech", text: "", last: true },
    ]);
  });

  it("TURN-3 keeps the agent's turn with usage and timings before its last frame", () => {
    const table = new Table().start();
    table.say("Hi");
    table.after(250).model({ type: "text-delta", text: "Hello." });
    const commands = table.after(100).model(done);
    expect(typesOf(commands).indexOf("keep-turn")).toBeLessThan(typesOf(commands).indexOf("caller"));
    expect(table.turns.at(-1)).toMatchObject({
      speaker: "agent",
      text: "Hello.",
      usage: USAGE,
      timings: { ttftMs: 250, turnLatencyMs: 250, turnMs: 350 },
      failure: null,
    });
  });

  it("TURN-4 is given up when a second utterance comes: nothing of it is sent any more, and one answer follows", () => {
    const table = new Table().start();
    table.say("What is");
    const first = table.request.response;
    const commands = table.say("What is the weather?");
    expect(typesOf(commands)).toContain("cancel-response");
    const late = table.do({ type: "model", response: first, events: [{ type: "text-delta", text: "stale" }, done] });
    expect(late).toEqual([]);
    table.answers("Sunny.");
    expect(table.spoken).toBe("Hello!|Sunny.|");
    expect(table.history.filter((item) => item.kind === "caller").map((item) => item.text)).toEqual([
      "What is",
      "What is the weather?",
    ]);
  });

  it("TURN-5 that the caller speaks over leaves in the history only what was heard", () => {
    const table = new Table().start();
    table.say("Tell me all");
    table.model({ type: "text-delta", text: "Sentence one. Sentence two of twelve. Sentence three." });
    const commands = table.caller({ type: "barge-in", heardText: "Sentence two of", heardMs: 684 });
    expect(typesOf(commands)).toContain("cancel-response");
    expect(spokenIn(commands)).toBe("");
    table.say("Stop.");
    expect(table.history).toContainEqual({ kind: "agent", text: "Sentence two of" });
    expect(JSON.stringify(table.history)).not.toContain("three");
    expect(table.turns.find((turn) => turn.speaker === "agent" && turn.heardText)).toMatchObject({
      text: "Sentence one. Sentence two of twelve. Sentence three.",
      heardText: "Sentence two of",
      usage: { estimated: true, responses: 1 },
    });
  });

  it("TURN-6 that had been sent whole is cut to what was heard too", () => {
    const table = new Table().start();
    table.say("Tell me all");
    table.answers("A long story that goes on and on.");
    table.caller({ type: "barge-in", heardText: "A long", heardMs: undefined });
    table.say("Enough");
    expect(table.history).toContainEqual({ kind: "agent", text: "A long" });
    expect(table.turns[2]).toMatchObject({ revision: 2, heardText: "A long", usage: USAGE });
  });

  it("TURN-7 of which nothing was heard is not in the history at all", () => {
    const table = new Table().start();
    table.say("Hi");
    table.answers("Something");
    table.caller({ type: "barge-in", heardText: "", heardMs: 0 });
    table.say("Hello?");
    expect(table.history.map((item) => item.kind)).toEqual(["agent", "caller", "caller"]);
  });

  it("TURN-8 that fails says a fixed sentence and the next one works", () => {
    const table = new Table().start();
    table.say("Hi");
    const failed = { reason: "upstream_timeout", status: 0, upstreamRequestId: null, usage: null } as const;
    const commands = table.model({ type: "response-failed", ...failed });
    expect(spokenIn(commands)).toBe(`${FAILURES.upstream_timeout.spoken}|`);
    expect(table.turns.at(-1)?.failure).toBe("upstream_timeout");
    table.say("Again");
    expect(spokenIn(table.answers("Here."))).toBe("Here.|");
  });

  it.each(["key_rejected", "no_credit", "key_restricted", "model_not_available"] as const)(
    "TURN-9 that fails for the key (%s) says so, tells the student's page and ends the call",
    (reason) => {
      const table = new Table().start();
      table.say("Hi");
      const commands = table.model({
        type: "response-failed",
        reason,
        status: 401,
        upstreamRequestId: null,
        usage: null,
      });
      expect(spokenIn(commands)).toBe(`${FAILURES[reason].spoken}|`);
      expect(commands).toContainEqual({ type: "key-refused", reason });
      expect(commands).toContainEqual({ type: "close-leg", closeCode: FAILURES[reason].closeCode });
      expect(table.progress.endReason).toBe("key-failed");
    },
  );

  it("TURN-10 without a word from the model is not silence for the caller", () => {
    const table = new Table().start();
    table.say("Hi");
    expect(spokenIn(table.model(done))).toBe(`${FAILURES.upstream_unreadable.spoken}|`);
  });

  it("TURN-11 gives the model at most the newest exchanges, whole ones, the caller first", () => {
    const table = new Table({ config: NO_CONFIG }).start();
    for (let turn = 0; turn < 80; turn++) {
      table.say(`Question ${turn}`);
      table.answers(`Answer ${turn}`);
    }
    table.say("Last one");
    expect(table.history.length).toBeLessThanOrEqual(LIMITS.historyItems);
    expect(table.history[0]?.kind).toBe("caller");
    expect(table.history.at(-1)).toEqual({ kind: "caller", text: "Last one" });
  });

  it("TURN-12 cuts an utterance that is longer than anybody speaks", () => {
    const table = new Table().start();
    table.say("x".repeat(LIMITS.utteranceCharacters + 100));
    expect(table.turns.at(-1)?.text.length).toBe(LIMITS.utteranceCharacters);
  });
});

describe("the keypad", () => {
  it("TURN-13 makes one utterance of an entry that # or a pause ends", () => {
    const table = new Table().start();
    for (const digit of "12#") table.caller({ type: "dtmf", digit });
    expect(table.turns.at(-1)?.text).toBe("(pressed on the keypad: 12#)");
    table.caller({ type: "dtmf", digit: "7" });
    expect(table.commands.at(-1)).toEqual({ type: "timer", timer: "dtmf", afterMs: LIMITS.dtmfPauseMs });
    table.do({ type: "timer", timer: "dtmf" });
    expect(table.turns.at(-1)?.text).toBe("(pressed on the keypad: 7)");
  });

  it("TURN-14 keeps at most so many digits of a call", () => {
    const table = new Table().start();
    for (let press = 0; press < 10_000; press++) table.caller({ type: "dtmf", digit: "5" });
    const digits = table.turns.filter((turn) => turn.speaker === "caller").map((turn) => turn.text.replace(/\D/g, ""));
    expect(digits.join("").length).toBe(LIMITS.dtmfDigitsPerCall);
  });
});
