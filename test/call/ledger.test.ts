import { describe, expect, it } from "vitest";
import { Ledger } from "../../src/call/ledger.ts";
import { billOf } from "../../src/pricing/bill.ts";
import { costOf } from "../../src/pricing/cost.ts";
import { NO_USAGE, type Usage } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";

const RESPONSE = { kind: "response", model: "gpt-6-luna", payer: "student" } as const;
const USAGE: Usage = { ...NO_USAGE, responses: 1, inputTokens: 2_000, outputTokens: 150 };
const GUESS: Usage = { ...USAGE, outputTokens: 1_024 };
const NOW_MS = Date.parse("2026-11-22T10:00:00Z");

function open(charges: readonly Charge[] = []) {
  const kept = new Map<number, Charge>();
  const ledger = new Ledger(charges, (command) => {
    if (command.type === "keep-charge") kept.set(command.charge.seq, command.charge);
  });
  return { ledger, kept };
}

const told = (upstreamId: string) => ({ upstreamId, rawUsage: '{"input_tokens":2000}' });

describe("the ledger of a call", () => {
  it("LEDGER-1 has a row from the moment something is asked for, and its cost once that is told", () => {
    const { ledger, kept } = open();
    const seq = ledger.begin(RESPONSE, GUESS, NOW_MS);
    expect(kept.get(seq)).toMatchObject({ seq: 1, revision: 1, state: "open", payer: "student", rawUsage: null });
    expect([ledger.isOpen, ledger.bill.costMicroUsd, ledger.usage]).toEqual([true, 0, NO_USAGE]);

    expect(ledger.settle(seq, USAGE, told("resp_1"))).toBe(true);
    const charge = kept.get(seq);
    expect(charge).toMatchObject({ revision: 2, state: "told", usage: USAGE, ...told("resp_1") });
    // 2,000 tokens at $0.10 a million and 150 at $0.50.
    expect(charge?.costMicroUsd).toBe(275);
    expect([ledger.isOpen, ledger.bill.costMicroUsd, ledger.usage]).toEqual([false, 275, USAGE]);
  });

  it("LEDGER-2 counts a usage that is told twice once, however it comes", () => {
    const { ledger } = open();
    const seq = ledger.begin(RESPONSE, GUESS, NOW_MS);
    ledger.settle(seq, USAGE, told("resp_1"));
    expect(ledger.settle(seq, USAGE, told("resp_1"))).toBe(false);
    expect(ledger.add(RESPONSE, USAGE, told("resp_1"), NOW_MS)).toBe(false);
    const other = ledger.begin(RESPONSE, GUESS, NOW_MS);
    expect(ledger.settle(other, USAGE, told("resp_1"))).toBe(false);
    expect(ledger.charges.map(({ state }) => state)).toEqual(["told", "void"]);
    expect(ledger.usage.responses).toBe(1);
  });

  it("LEDGER-3 remembers after a sleep what was told before", () => {
    const { ledger, kept } = open();
    ledger.add(RESPONSE, USAGE, told("resp_1"), NOW_MS);
    const again = open([...kept.values()]).ledger;
    expect(again.add(RESPONSE, USAGE, told("resp_1"), NOW_MS)).toBe(false);
    expect(again.add(RESPONSE, USAGE, told("resp_2"), NOW_MS)).toBe(true);
    expect(again.charges.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it("LEDGER-4 charges a guess, marked as one, for what broke off and was never told", () => {
    const { ledger, kept } = open();
    ledger.begin(RESPONSE, GUESS, NOW_MS);
    const again = open([...kept.values()]);
    again.ledger.closeOpen();
    expect(again.kept.get(1)).toMatchObject({ state: "estimated", usage: { ...GUESS, estimated: true }, revision: 2 });
    expect(again.ledger.bill).toMatchObject({ estimated: true, costMicroUsd: 712 });
    again.ledger.closeOpen();
    expect(again.kept.get(1)?.revision).toBe(2);
  });

  it("LEDGER-5 charges nothing for what was refused, and keeps that it was asked", () => {
    const { ledger } = open();
    ledger.settle(ledger.begin(RESPONSE, GUESS, NOW_MS), null);
    expect(ledger.charges).toMatchObject([{ state: "void", costMicroUsd: 0, usage: NO_USAGE }]);
    expect(ledger.spentMicroUsd("student")).toBe(0);
  });

  it("LEDGER-6 knows no cost where there is no price, which is not nothing", () => {
    const { ledger } = open();
    ledger.add({ ...RESPONSE, model: "gpt-nobody" }, USAGE, told("resp_1"), NOW_MS);
    ledger.add(RESPONSE, USAGE, told("resp_2"), NOW_MS);
    expect(ledger.charges.map(({ costMicroUsd }) => costMicroUsd)).toEqual([null, 275]);
    expect(ledger.bill.costMicroUsd).toBeNull();
    expect(ledger.bill.lines.some(({ model, costMicroUsd }) => model === "gpt-nobody" && costMicroUsd === null)).toBe(
      true,
    );
  });

  it("LEDGER-7 keeps the phone apart from the key", () => {
    const { ledger } = open();
    ledger.add({ ...RESPONSE, payer: "instructor" }, USAGE, told("resp_1"), NOW_MS);
    ledger.addLine("conversation-relay", 61_000, NOW_MS);
    // Two minutes that have begun, at seven cents.
    expect(ledger.bill).toMatchObject({ costMicroUsd: 275, phoneMicroUsd: 140_000 });
    expect(ledger.spentMicroUsd("instructor")).toBe(275);
    expect(ledger.usage.responses).toBe(1);
  });

  it("LEDGER-8 can be computed again from its rows, each and all", () => {
    const { ledger, kept } = open();
    ledger.add(RESPONSE, USAGE, told("resp_1"), NOW_MS);
    ledger.add(
      { ...RESPONSE, model: "gpt-realtime-2.1-mini" },
      { ...USAGE, inputAudioTokens: 900 },
      told("resp_2"),
      NOW_MS,
    );
    const transcript = { ...NO_USAGE, transcriptions: 1, transcriptionMs: 3_200 };
    ledger.add({ ...RESPONSE, kind: "transcription", model: "gpt-transcribe" }, transcript, told("item_1"), NOW_MS);
    ledger.addLine("media-streams", 1, NOW_MS);
    for (const charge of kept.values()) expect(costOf(charge).costMicroUsd).toBe(charge.costMicroUsd);
    expect(billOf([...kept.values()])).toEqual(ledger.bill);
    const lines = ledger.bill.lines.reduce((sum, { costMicroUsd }) => sum + (costMicroUsd ?? 0), 0);
    expect(lines).toBe((ledger.bill.costMicroUsd ?? 0) + (ledger.bill.phoneMicroUsd ?? 0));
  });
});
