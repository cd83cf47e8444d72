import { describe, expect, it } from "vitest";
import { costOf } from "../../src/pricing/cost.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { VOICE_USAGE, VoiceTable } from "./voice-table.ts";

const STORY = "Tell me a story.";
const TRANSCRIPT = { ...NO_USAGE, transcriptions: 1, transcriptionMs: 3_200 };

const chargesOf = (table: VoiceTable, kind: Charge["kind"]): readonly Charge[] =>
  table.call.ledger.charges.filter((charge) => charge.kind === kind);

describe("what a call with sound has used and nobody tells", () => {
  it("BILLJ-10 a lost answer is charged for all words, for the sound before it, and for what was on its way", () => {
    const table = new VoiceTable().connected();
    table.after(4_000).caller({ type: "utterance", text: STORY });
    table.sounds(table.begins("Once upon a time"), 1_000);
    table.upstream({ type: "lost", reason: "upstream_lost", mayReconnect: true, upstreamCode: 1006 });
    const [greeting, lost] = chargesOf(table, "response");
    expect([greeting?.state, lost?.state]).toEqual(["told", "estimated"]);
    const usage = lost?.usage ?? NO_USAGE;
    // What was heard and said before, and four seconds in which the caller may have spoken; the greeting took one.
    expect(usage.inputAudioTokens).toBe(VOICE_USAGE.inputAudioTokens + VOICE_USAGE.outputAudioTokens + 50);
    expect(usage.inputTokens - usage.inputAudioTokens).toBeGreaterThan((STORY.length + "Hello!".length) / 3);
    expect(usage.outputAudioTokens).toBe(30);
    expect(lost?.costMicroUsd).toBe(costOf(lost ?? expect.fail()).costMicroUsd);
  });

  it("BILLJ-10 a caller who has been silent for long is not taken to have spoken for longer than half a minute", () => {
    const table = new VoiceTable().connected();
    table.after(25 * 60_000);
    table.sounds(table.begins("Are you there?"), 1_000);
    table.upstream({ type: "lost", reason: "upstream_lost", mayReconnect: true, upstreamCode: 1006 });
    const lost = chargesOf(table, "response").at(-1);
    expect(lost?.usage.inputAudioTokens).toBe(VOICE_USAGE.inputAudioTokens + VOICE_USAGE.outputAudioTokens + 300);
  });

  it("BILLJ-11 an answer that only calls a tool is charged too when its usage cannot be read", () => {
    const table = new VoiceTable({}, [
      { type: "function", function: { name: "order" }, mock: { reply: 1 } },
    ]).connected();
    const { responseId } = table.begins();
    table.upstream({ type: "tool-call", responseId, toolCallId: "call_1", name: "order", arguments: "{}" });
    table.upstream({ type: "response-end", responseId, outcome: "complete", reason: null, usage: null });
    const charge = chargesOf(table, "response").at(-1);
    const usage = { outputTokens: Math.ceil("order{}".length / 3), outputAudioTokens: 0 };
    expect(charge).toMatchObject({ state: "estimated", upstreamId: responseId, rawUsage: null, usage });
    expect(charge?.costMicroUsd).toBeGreaterThan(0);
  });

  it("BILLJ-12 a usage that could not be read and is told again is charged once", () => {
    const table = new VoiceTable().connected();
    const { responseId } = table.begins("Well.");
    table.upstream({ type: "response-end", responseId, outcome: "complete", reason: null, usage: null });
    const source = { upstreamId: responseId, rawUsage: "{}" };
    table.upstream({ type: "stray-usage", usage: VOICE_USAGE, source });
    expect(chargesOf(table, "response").map(({ state }) => state)).toEqual(["told", "estimated"]);
  });

  it.each([
    ["gpt-transcribe", { transcriptionMs: 2_000 + STORY.length * 200, transcriptionInputTokens: 0 }],
    ["gpt-4o-mini-transcribe", { transcriptionMs: 0, transcriptionInputTokens: 52, transcriptionInputAudioTokens: 52 }],
  ])(
    "BILLJ-13 a transcript of %s whose bill cannot be read is charged by its words, once",
    (transcriptionModel, usage) => {
      const table = new VoiceTable({ transcriptionModel }).connected();
      table.speaks("item_u1", 1_500);
      const told = { type: "caller-text", itemId: "item_u1", text: STORY } as const;
      table.upstream({ ...told, usage: null });
      table.upstream({ ...told, usage: null });
      table.upstream({ ...told, usage: TRANSCRIPT, source: { upstreamId: "item_u1", rawUsage: "{}" } });
      const [charge, ...others] = chargesOf(table, "transcription");
      expect(others).toEqual([]);
      expect(charge).toMatchObject({ state: "estimated", upstreamId: "item_u1", rawUsage: null, usage });
      expect(charge?.costMicroUsd).toBeGreaterThan(0);
      expect(table.turns.find(({ text }) => text === STORY)?.usage).toEqual(charge?.usage);
    },
  );
});
