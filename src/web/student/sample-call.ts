import type { BillLine } from "../../protocol/bill.ts";
import { NO_USAGE } from "../../protocol/call-record.ts";
import type { ArchivedCall } from "./call-record-view.ts";

const MODEL = "gpt-realtime-2.1-mini";
const TRANSCRIBER = "gpt-transcribe";

/** At the prices of November 2026. */
const line = (
  layer: BillLine["layer"],
  part: BillLine["part"],
  quantity: number,
  usd: number,
  costMicroUsd: number,
): BillLine => ({
  layer,
  part,
  model: layer === "transcription" ? TRANSCRIBER : MODEL,
  payer: "student",
  quantity,
  usd,
  source: "genai-prices",
  sourceDate: "2026-09-23",
  costMicroUsd,
});

/** A short call that nobody made, for whoever has not made one. */
export const SAMPLE_CALL: ArchivedCall = {
  call: {
    id: "sample",
    wayIn: "browser",
    startedAt: "2026-11-20T09:30:00Z",
    endedAt: "2026-11-20T09:31:12Z",
    endReason: "caller-left",
    keySource: "student",
    model: MODEL,
    transcriptionModel: TRANSCRIBER,
    usage: {
      ...NO_USAGE,
      responses: 2,
      inputTokens: 1_180,
      inputAudioTokens: 310,
      cachedInputTokens: 640,
      cachedInputAudioTokens: 80,
      outputTokens: 420,
      outputAudioTokens: 360,
      transcriptions: 2,
      transcriptionMs: 20_000,
    },
    costMicroUsd: 11_388,
  },
  turns: [answerAt(1, "2026-11-20T09:30:09Z", 640), answerAt(2, "2026-11-20T09:30:41Z", 820)],
  bill: {
    lines: [
      line("text", "input", 310, 0.6, 186),
      line("text", "cached-input", 560, 0.06, 34),
      line("text", "output", 60, 2.4, 144),
      line("audio", "input", 230, 10, 2_300),
      line("audio", "cached-input", 80, 0.3, 24),
      line("audio", "output", 360, 20, 7_200),
      line("transcription", "time", 20_000, 0.0045, 1_500),
    ],
    costMicroUsd: 11_388,
    phoneMicroUsd: 0,
    estimated: false,
    priceVersion: "sample",
  },
  repriced: [{ model: "gpt-realtime-2.1", costMicroUsd: 34_836 }],
};

function answerAt(seq: number, startedAt: string, latencyMs: number): ArchivedCall["turns"][number] {
  return {
    seq,
    speaker: "agent",
    startedAt,
    text: "Hello!",
    heardText: null,
    toolCall: null,
    timings: {
      ttftMs: latencyMs - 120,
      ttfbMs: latencyMs - 60,
      turnLatencyMs: latencyMs - 40,
      heardLatencyMs: latencyMs,
      turnMs: latencyMs + 900,
    },
    usage: null,
    failure: null,
  };
}
