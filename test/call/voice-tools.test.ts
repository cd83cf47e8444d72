import { describe, expect, it } from "vitest";
import type { ToolResult } from "../../src/call/call-events.ts";
import { LIMITS } from "../../src/limits.ts";
import { ofType, VoiceTable } from "./voice-table.ts";

const OK: ToolResult = { outcome: "ok", output: '{"time":"noon"}', durationMs: 40, effect: null };

function asking(): VoiceTable {
  const table = new VoiceTable().connected();
  table.speaks("item_u1", 500, "What time is it?");
  return table;
}

const callOf = (toolCallId: string, name = "current_time") =>
  ({ type: "tool-call", toolCallId, name, arguments: "{}" }) as const;

describe("tools in a call with sound", () => {
  it("VTOOL-1 a tool runs as soon as it is called, and the model goes on when it has given back and is through", () => {
    const table = asking();
    const { responseId } = table.begins();
    const from = table.commands.length;
    table.upstream({ ...callOf("call_1"), responseId });
    expect(ofType(table.commands.slice(from), "run-tool")).toHaveLength(1);
    table.do({ type: "tool-end", toolCallId: "call_1", result: OK });
    expect(table.asked(from)).toEqual([{ type: "tool-output", toolCallId: "call_1", output: OK.output }]);
    table.ends(responseId);
    expect(table.asked(from).at(-1)).toEqual({ type: "answer", mayUseTools: true });
    table.hears("It is noon.", 800);
    expect(table.line.slice(1)).toEqual(["2 caller: What time is it?", "3 tool: current_time", "4 agent: It is noon."]);
    expect(table.kept.get(3)?.usage?.responses).toBe(1);
  });

  it("VTOOL-2 a tool that is announced a thousand times over runs once each, and is answered once each", () => {
    const table = new VoiceTable({}, undefined).connected();
    let runs = 0;
    const ran = new Set<string>();
    for (let turn = 0; turn < 25; turn++) {
      table.speaks(`item_u${turn}`, 200, "Again");
      const { responseId } = table.begins();
      const from = table.commands.length;
      for (let times = 0; times < 3; times++) table.upstream({ ...callOf(`call_${turn}`), responseId });
      for (const { toolCall } of ofType(table.commands.slice(from), "run-tool")) {
        runs += 1;
        ran.add(toolCall.toolCallId);
        table.do({ type: "tool-end", toolCallId: toolCall.toolCallId, result: OK });
        table.upstream({ ...callOf(`call_${turn}`), responseId });
        table.do({ type: "tool-end", toolCallId: toolCall.toolCallId, result: OK });
      }
      table.ends(responseId);
      table.hears("Done.", 100);
    }
    expect(runs).toBe(25);
    expect(ran.size).toBe(25);
    expect(table.asked().filter(({ type }) => type === "tool-output")).toHaveLength(25);
  });

  it("VTOOL-3 what was said before a tool is called comes before it in the transcript", () => {
    const table = asking();
    const ids = table.begins("Let me look.");
    table.sounds(ids, 900);
    table.upstream({ ...callOf("call_1"), responseId: ids.responseId });
    expect(table.line.slice(2)).toEqual(["3 agent: Let me look.", "4 tool: current_time"]);
  });

  it("VTOOL-4 a tool that takes long is spoken about, once the agent is not speaking", () => {
    const table = asking();
    const { responseId } = table.begins();
    table.upstream({ ...callOf("call_1"), responseId });
    table.do({ type: "timer", timer: "filler" });
    expect(table.asked().filter(({ type }) => type === "say")).toHaveLength(1);
    table.ends(responseId);
    table.do({ type: "timer", timer: "filler" });
    expect(table.asked().at(-1)).toEqual({ type: "say", text: "One moment, please." });
    const filler = table.begins("One moment, please.");
    table.sounds(filler, 700);
    table.do({ type: "tool-end", toolCallId: "call_1", result: OK });
    expect(table.asked().at(-1)?.type).toBe("tool-output");
    table.ends(filler.responseId);
    expect(table.asked().at(-1)).toEqual({ type: "answer", mayUseTools: true });
  });

  it("VTOOL-5 a result that comes after the caller went on is told to the model, which is not asked to speak of it", () => {
    const table = asking();
    const { responseId } = table.begins();
    table.upstream({ ...callOf("call_1"), responseId });
    table.ends(responseId);
    table.speaks("item_u2", 400, "Never mind");
    const from = table.commands.length;
    table.do({ type: "tool-end", toolCallId: "call_1", result: OK });
    expect(table.asked(from)).toEqual([{ type: "tool-output", toolCallId: "call_1", output: OK.output }]);
    expect(table.kept.get(3)?.toolCall?.outcome).toBe("ok");
  });

  it("VTOOL-6 a model that only ever calls tools is asked for words in the end", () => {
    const table = asking();
    for (let round = 1; round <= LIMITS.toolRoundsPerTurn; round++) {
      const { responseId } = table.begins();
      table.upstream({ ...callOf(`call_${round}`), responseId });
      table.do({ type: "tool-end", toolCallId: `call_${round}`, result: OK });
      table.ends(responseId);
    }
    expect(table.asked().at(-1)).toEqual({ type: "answer", mayUseTools: false });
  });

  it("VTOOL-7 a tool that ends the call does so after the goodbye was heard", () => {
    const table = asking();
    const { responseId } = table.begins();
    table.upstream({ ...callOf("call_1", "end_call"), responseId });
    const effect = { type: "end-call", reason: "said goodbye" } as const;
    table.do({ type: "tool-end", toolCallId: "call_1", result: { ...OK, effect } });
    table.ends(responseId);
    expect(table.asked().at(-1)).toEqual({ type: "answer", mayUseTools: false });
    const goodbye = table.begins("Goodbye!");
    table.sounds(goodbye, 1_200);
    const commands = table.ends(goodbye.responseId);
    expect(ofType(commands, "close-voice")).toHaveLength(1);
    expect(table.progress.endedAtMs).toBeNull();
    table.after(1_200).played(table.sentMs);
    expect(table.progress.endReason).toBe("agent-ended");
  });

  it("VTOOL-8 a tool that a crash left open runs again under its old id before the session is opened", () => {
    const table = asking();
    const { responseId } = table.begins();
    table.upstream({ ...callOf("call_1"), responseId });
    const webhookId = table.kept.get(3)?.toolCall?.webhookId;
    table.wake();
    table.commands = [];
    table.do({ type: "leg-end", clean: false });
    table.start();
    expect(ofType(table.commands, "run-tool")).toMatchObject([{ toolCall: { toolCallId: "call_1", webhookId } }]);
    expect(table.requests).toEqual([]);
    table.do({ type: "tool-end", toolCallId: "call_1", result: OK });
    expect(table.requests[0]?.history).toContainEqual({ kind: "tool-output", toolCallId: "call_1", output: OK.output });
    expect(table.asked()).toEqual([{ type: "answer", mayUseTools: true }]);
  });
});
