import { NO_USAGE } from "../../protocol/call-record.ts";
import type { ArchivedCall } from "./call-record-view.ts";

/** A short call that nobody made, for whoever has not made one. */
export const SAMPLE_CALL: ArchivedCall = {
  call: {
    id: "sample",
    wayIn: "browser",
    startedAt: "2026-11-20T09:30:00Z",
    endedAt: "2026-11-20T09:31:12Z",
    endReason: "caller-left",
    keySource: "student",
    model: "gpt-realtime-2.1-mini",
    transcriptionModel: null,
    usage: {
      ...NO_USAGE,
      responses: 2,
      inputTokens: 1_180,
      inputAudioTokens: 310,
      cachedInputTokens: 640,
      outputTokens: 420,
      outputAudioTokens: 360,
      transcriptions: 2,
    },
    costMicroUsd: 12_400,
  },
  turns: [answerAt(1, "2026-11-20T09:30:09Z", 640), answerAt(2, "2026-11-20T09:30:41Z", 820)],
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
