import { describe, expect, it } from "vitest";
import type { ToolResult } from "../../src/call/call-events.ts";
import { LIMITS } from "../../src/limits.ts";
import { spokenIn, Table, typesOf, USAGE } from "./table.ts";

const done = { type: "response-done", usage: USAGE, cut: false } as const;
const timeCall = (toolCallId = "call_1") =>
  ({ type: "tool-call", toolCallId, name: "current_time", arguments: '{"time_zone":"Asia/Tokyo"}' }) as const;
const ok = (output = '{"local_time":"noon"}'): ToolResult => ({ outcome: "ok", output, durationMs: 5, effect: null });

describe("a tool in a turn", () => {
  it("TOOL-1 is kept as pending under an id of ours before it runs", () => {
    const table = new Table().start();
    table.say("Time in Tokyo?");
    const commands = table.model(timeCall(), done);
    const types = typesOf(commands);
    expect(types.indexOf("keep-turn")).toBeLessThan(types.indexOf("run-tool"));
    expect(table.turns.at(-1)).toMatchObject({ speaker: "tool", toolCall: { outcome: "pending" }, usage: USAGE });
    expect(table.turns.at(-1)?.toolCall?.webhookId).toMatch(/^msg_/);
  });

  it("TOOL-2 gives its output to the model, which then answers", () => {
    const table = new Table().start();
    table.say("Time in Tokyo?");
    table.model({ type: "text-delta", text: "Let me see." }, timeCall(), done);
    table.do({ type: "tool-end", toolCallId: "call_1", result: ok() });
    expect(table.history.slice(-4)).toEqual(
      [
        { kind: "caller", text: "Time in Tokyo?" },
        { kind: "agent", text: "Let me see." },
        { kind: "tool-call", toolCallId: "call_1", name: "current_time", arguments: '{"time_zone":"Asia/Tokyo"}' },
        { kind: "tool-output", toolCallId: "call_1", output: '{"local_time":"noon"}' },
      ].map((item) => expect.objectContaining(item)),
    );
    table.answers("It is noon.");
    expect(table.spoken).toBe("Hello!|Let me see. It is noon.|");
    expect(table.turns.map((turn) => turn.speaker)).toEqual(["agent", "caller", "tool", "agent"]);
    expect(table.turns[3]?.usage).toEqual(USAGE);
  });

  it("TOOL-3 runs once, however often the model announces it", () => {
    const table = new Table().start();
    for (let turn = 0; turn < 1_000; turn++) {
      table.say("Time?");
      table.model(timeCall("call_same"), timeCall("call_same"), done);
      table.do({ type: "tool-end", toolCallId: "call_same", result: ok() });
      table.do({ type: "tool-end", toolCallId: "call_same", result: ok("again") });
      table.answers("Noon.");
    }
    expect(table.commands.filter((command) => command.type === "run-tool")).toHaveLength(1);
    expect(table.turns.filter((turn) => turn.speaker === "tool")).toHaveLength(1);
  });

  it("TOOL-4 that takes long is talked over, each time in other words", () => {
    const table = new Table().start();
    const lines = [1, 2, 3].map((turn) => {
      table.say("Time?");
      table.model(timeCall(`call_${turn}`), done);
      expect(table.commands).toContainEqual({ type: "timer", timer: "filler", afterMs: LIMITS.toolFillerMs });
      const line = spokenIn(table.do({ type: "timer", timer: "filler" }));
      table.do({ type: "tool-end", toolCallId: `call_${turn}`, result: ok() });
      table.answers("Noon.");
      return line;
    });
    expect(new Set(lines).size).toBe(3);
    expect(table.spoken).toContain(`${lines[0]}Noon.|`);
  });

  it("TOOL-5 that is not there, or is one too many, is answered with the truth", () => {
    const table = new Table().start();
    table.say("Do it");
    table.model({ type: "tool-call", toolCallId: "call_x", name: "no_such_tool", arguments: "{}" }, done);
    expect(table.history.at(-1)).toMatchObject({ kind: "tool-output", output: '{"error":"there is no such tool"}' });
    table.answers("I cannot.");
    table.say("Many");
    const many = Array.from({ length: LIMITS.toolsPerTurn + 2 }, (_, index) => timeCall(`call_many_${index}`));
    table.model(...many, done);
    expect(table.commands.filter((command) => command.type === "run-tool")).toHaveLength(LIMITS.toolsPerTurn);
  });

  it("TOOL-6 is not offered for ever: after some rounds the model must answer", () => {
    const table = new Table().start();
    table.say("Loop");
    for (let round = 1; round <= LIMITS.toolRoundsPerTurn; round++) {
      expect(table.request.request.tools.length).toBeGreaterThan(0);
      table.model(timeCall(`call_${round}`), done);
      table.do({ type: "tool-end", toolCallId: `call_${round}`, result: ok() });
    }
    expect(table.request.request.tools).toEqual([]);
  });

  it("TOOL-7 interrupted by the caller still gets its result kept", () => {
    const table = new Table().start();
    table.say("Time?");
    table.model(timeCall(), done);
    table.say("Never mind");
    expect(table.history.at(-2)).toMatchObject({ kind: "tool-output", output: '{"error":"not finished"}' });
    table.do({ type: "tool-end", toolCallId: "call_1", result: ok() });
    table.answers("Fine.");
    expect(table.turns.find((turn) => turn.speaker === "tool")?.toolCall?.outcome).toBe("ok");
    table.say("And now?");
    expect(table.history).toContainEqual(
      expect.objectContaining({ kind: "tool-output", output: '{"local_time":"noon"}' }),
    );
  });

  it("TOOL-8 left open by a crash is sent again under its old id before the turn is answered", () => {
    const table = new Table().start();
    table.say("Time?");
    table.model(timeCall(), done);
    const before = table.turns.at(-1)?.toolCall;
    table.wake();
    table.do({ type: "leg-end", clean: false });
    const commands = table.caller({
      type: "leg-start",
      phoneCallId: undefined,
      greetedByCarrier: false,
      fromCarrier: false,
    });
    expect(commands.find((command) => command.type === "run-tool")).toMatchObject({ toolCall: before });
    expect(typesOf(commands)).not.toContain("respond");
    table.do({ type: "tool-end", toolCallId: "call_1", result: ok() });
    table.answers("Noon.");
    expect(table.spoken).toBe("Hello!|Noon.|");
  });

  it("TOOL-9 that ends the call lets the agent say goodbye first", () => {
    const table = new Table().start({ fromCarrier: true });
    table.say("Bye");
    table.model({ type: "tool-call", toolCallId: "call_1", name: "end_call", arguments: "{}" }, done);
    const effect = { type: "end-call", reason: "done" } as const;
    table.do({ type: "tool-end", toolCallId: "call_1", result: { ...ok(), effect } });
    expect(table.request.request.tools).toEqual([]);
    expect(typesOf(table.answers("Goodbye!"))).not.toContain("close-leg");
    const commands = table.caller({ type: "playback", playing: false });
    expect(commands).toContainEqual({
      type: "caller",
      command: { type: "end", handoff: { reason: "agent-ended", note: "done" }, endReason: "agent-ended" },
    });
    expect(table.progress.endReason).toBe("agent-ended");
  });
});
