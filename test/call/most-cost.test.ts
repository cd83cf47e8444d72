import { describe, expect, it } from "vitest";
import { mostOfAnswer, mostOfSound } from "../../src/call/most-cost.ts";
import { LIMITS } from "../../src/limits.ts";
import { costOf } from "../../src/pricing/cost.ts";
import { NO_USAGE, type Usage } from "../../src/protocol/call-record.ts";
import { VoiceTable } from "./voice-table.ts";

const NOW_MS = Date.parse("2026-11-22T10:00:00Z");
const MINI = { model: "gpt-realtime-2.1-mini", transcriptionModel: "gpt-transcribe", answerTokens: 1_024 } as const;

const cost = (model: string, usage: Partial<Usage>): number =>
  costOf({
    kind: "response",
    model,
    payer: "instructor",
    usage: { ...NO_USAGE, responses: 1, ...usage },
    lineMs: 0,
    atMs: NOW_MS,
  }).costMicroUsd ?? Number.NaN;

describe("the most that an answer can cost", () => {
  it.each(["Hello", "漢字かな交じり文", "🎉🎉🎉", "\u0000\u0001", "ἄνδρα μοι ἔννεπε"])(
    "MOST-1 in text is as if each byte were a token, written anew, and the answer as long as it may be: %s",
    (text) => {
      const request = { instructions: text, history: [{ kind: "caller", text }] as const, tools: [] };
      const bytes = 2 * new TextEncoder().encode(text).length;
      const most = mostOfAnswer("gpt-6-luna", request, NOW_MS) ?? 0;
      const worst = { inputTokens: bytes, cacheWriteTokens: bytes, outputTokens: LIMITS.responseOutputTokens };
      expect(most).toBeGreaterThanOrEqual(cost("gpt-6-luna", worst));
    },
  );

  it("MOST-2 is not known without a price", () => {
    const request = { instructions: "", history: [], tools: [] };
    expect(mostOfAnswer("gpt-nobody", request, NOW_MS)).toBeNull();
    const { call } = new VoiceTable();
    expect(mostOfSound(call, { ...MINI, model: "gpt-nobody" }, NOW_MS)).toBeNull();
    expect(mostOfSound(call, { ...MINI, transcriptionModel: "gpt-nobody" }, NOW_MS)).toBeNull();
  });

  it("MOST-3 with sound holds all that was said before, nothing of it cached, and half a minute more", () => {
    const table = new VoiceTable().connected();
    const before = mostOfSound(table.call, MINI, table.nowMs) ?? 0;
    table.speaks("item_1", 2_000, "A question");
    table.hears("An answer", 3_000);
    const after = mostOfSound(table.call, MINI, table.nowMs) ?? 0;
    const last = table.charges.findLast(({ kind }) => kind === "response")?.usage ?? NO_USAGE;
    const next = {
      inputTokens: last.inputTokens + last.outputTokens + 300,
      inputAudioTokens: last.inputAudioTokens + last.outputAudioTokens + 300,
      outputTokens: 1_024,
      outputAudioTokens: 1_024,
    };
    expect(after).toBeGreaterThanOrEqual(cost(MINI.model, next));
    expect(after).toBeGreaterThan(0);
    expect(before).toBeGreaterThan(0);
  });

  it("MOST-4 with sound covers the answer under way and the one after it", () => {
    const table = new VoiceTable().connected();
    const quiet = mostOfSound(table.call, MINI, table.nowMs) ?? 0;
    const { responseId } = table.begins("Once upon a time");
    const speaking = mostOfSound(table.call, MINI, table.nowMs) ?? 0;
    expect(speaking).toBeGreaterThanOrEqual(
      quiet + cost(MINI.model, { outputTokens: 1_024, outputAudioTokens: 1_024 }),
    );
    table.ends(responseId);
    expect(mostOfSound(table.call, MINI, table.nowMs)).toBeLessThan(speaking);
  });

  it("MOST-5 grows with what is typed and what tools give back", () => {
    const table = new VoiceTable().connected();
    const before = mostOfSound(table.call, MINI, table.nowMs) ?? 0;
    table.after(1).say("x".repeat(10_000));
    const after = mostOfSound(table.call, MINI, table.nowMs) ?? 0;
    expect(after - before).toBeGreaterThanOrEqual(cost(MINI.model, { inputTokens: 10_000 }));
  });
});
