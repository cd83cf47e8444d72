import { describe, expect, it } from "vitest";
import { factsOf } from "../../src/failure.ts";
import type { Budget } from "../../src/protocol/bill.ts";
import { Table } from "./table.ts";
import { ofType, VoiceTable } from "./voice-table.ts";

const budget = (share: number, stage: Budget["stage"]): Budget => ({
  of: "student",
  limitMicroUsd: 500_000,
  spentMicroUsd: 500_000 * share,
  stage,
});
const LOW = budget(0.8, "low");
const low = factsOf("budget_low").spoken ?? "";
const goodbye = factsOf("allowance_used").spoken ?? "";

const shown = (table: Table): Budget[] =>
  ofType(table.commands, "caller").flatMap(({ command }) => (command.type === "budget" ? [command.budget] : []));

describe("a call and its limits", () => {
  it("CMONEY-1 shows how far it is, and says once that the end is near, after a turn", () => {
    const table = new Table().start();
    table.say("Hi");
    table.do({ type: "budget", budget: budget(0.5, "ok") });
    table.do({ type: "budget", budget: LOW });
    expect(table.spoken).toBe("Hello!|");
    table.answers("Good day.");
    table.do({ type: "budget", budget: LOW });
    table.do({ type: "budget", budget: budget(0.9, "low") });
    expect(table.spoken).toBe(`Hello!|Good day.|${low}|`);
    expect(shown(table).map(({ spentMicroUsd }) => spentMicroUsd)).toEqual([250_000, 400_000, 450_000]);
  });

  it("CMONEY-2 does not say it again after a sleep", () => {
    const table = new Table().start();
    table.do({ type: "budget", budget: LOW });
    table.wake();
    table.do({ type: "budget", budget: LOW });
    expect(table.spoken).toBe(`Hello!|${low}|`);
  });

  it("CMONEY-3 answers with a goodbye when nothing more is lent, and closes for money", () => {
    const table = new Table({ payer: "instructor" }).start({ fromCarrier: true });
    table.say("Hi");
    const failed = { type: "response-failed", reason: "allowance_used", status: 0, upstreamRequestId: null } as const;
    table.model({ ...failed, usage: null });
    expect(table.spoken).toBe(`Hello!|${goodbye}|`);
    expect(ofType(table.commands, "key-refused")).toEqual([]);
    expect(table.progress.closing).toMatchObject({ endReason: "budget", closeCode: 4002 });
    table.ring();
    expect(ofType(table.commands, "close-leg")).toEqual([{ type: "close-leg", closeCode: 4002 }]);
    expect(table.progress.endReason).toBe("budget");
  });

  it("CMONEY-4 lets the agent finish what it says, then says goodbye in a recorded sentence", () => {
    const table = new VoiceTable({ payer: "instructor" }).connected();
    table.speaks("item_1", 800, "Tell me more.");
    const answer = table.begins("Much more.");
    table.sounds(answer, 2_000);
    const from = table.commands.length;
    table.do({ type: "funds-refused", reason: "pool_used" });
    expect(table.voice.takesSound(table.nowMs)).toBe(false);
    table.ends(answer.responseId);
    expect(ofType(table.commands.slice(from), "play-sentence")).toEqual([]);
    table.after(2_000).played(table.sentMs);
    expect(ofType(table.commands.slice(from), "play-sentence")).toEqual([
      { type: "play-sentence", reason: "pool_used" },
    ]);
    expect(table.progress.closing).toMatchObject({ endReason: "budget", closeCode: 4002 });
    expect(table.asked(from)).not.toContainEqual(expect.objectContaining({ type: "answer" }));
  });

  it("CMONEY-5 asks the model for nothing more without money, though a tool gave back", () => {
    const table = new VoiceTable({ payer: "instructor" }).connected();
    table.speaks("item_1", 800, "Where are my orders?");
    const { responseId } = table.begins();
    table.upstream({ type: "tool-call", responseId, toolCallId: "call_1", name: "check_orders", arguments: "{}" });
    const from = table.commands.length;
    table.do({ type: "funds-refused", reason: "allowance_used" });
    table.ends(responseId);
    table.do({
      type: "tool-end",
      toolCallId: "call_1",
      result: { outcome: "ok", output: "[]", durationMs: 5, effect: null },
    });
    expect(table.asked(from).filter(({ type }) => type === "answer" || type === "say")).toEqual([]);
    expect(table.progress.closing).toMatchObject({ endReason: "budget" });
  });

  it("CMONEY-6 warns with sound only where nobody speaks", () => {
    const table = new VoiceTable().connected();
    table.upstream({ type: "speech-start", itemId: "item_1" });
    table.do({ type: "budget", budget: LOW });
    expect(ofType(table.commands, "play-sentence")).toEqual([]);
    table.after(500).upstream({ type: "speech-end", itemId: "item_1" }, { type: "caller-turn", itemId: "item_1" });
    expect(ofType(table.commands, "play-sentence")).toEqual([]);
    table.hears("Yes.", 900);
    expect(ofType(table.commands, "play-sentence")).toEqual([{ type: "play-sentence", reason: "budget_low" }]);
  });

  it("CMONEY-7 bills the line of a phone from its first moment, to nobody's key", () => {
    const table = new Table().start({ fromCarrier: true });
    table.after(61_000).caller({ type: "hang-up" });
    expect(table.charges).toMatchObject([
      { kind: "phone", model: "conversation-relay", payer: "instructor", lineMs: 61_000 },
      { kind: "phone", model: "carrier-inbound", payer: "instructor", lineMs: 61_000 },
    ]);
    expect(table.call.ledger.spentMicroUsd("instructor")).toBe(0);
    const terminal = new Table().start();
    terminal.after(61_000).caller({ type: "hang-up" });
    expect(terminal.charges).toEqual([]);
  });

  it("CMONEY-8 runs a phone's meter by the minute while the call goes on", () => {
    const table = new Table().start({ fromCarrier: true });
    expect(table.call.money.running).toEqual({
      model: "conversation-relay",
      sinceMs: table.nowMs,
      microUsdPerMinute: 78_500,
    });
    table.caller({ type: "hang-up" });
    expect(table.call.money.running).toBeNull();
  });
});
