import type { SpendReply, SpendRow } from "../../src/protocol/rest-workshop.ts";
import { STARTED_AT_MS, wallStudent } from "./page-world.ts";

/** What a scripted server has in its ledger. */

export const MODELS = ["gpt-6-luna", "gpt-realtime-2.1-mini"] as const;

const row = (at: number, change: Partial<SpendRow> = {}): SpendRow => {
  const { studentId, name } = wallStudent(at);
  return {
    studentId,
    name,
    payer: at % 3 === 0 ? "instructor" : "student",
    kind: "response",
    model: MODELS[1],
    charges: at + 2,
    inputTokens: 1_200 + at * 310,
    outputTokens: 240 + at * 90,
    lineMs: 0,
    costMicroUsd: 14_000 + at * 19_500,
    unpriced: 0,
    lastAt: new Date(STARTED_AT_MS - at * 60_000).toISOString(),
    ...change,
  };
};

const PHONE = {
  kind: "phone",
  payer: "instructor",
  model: "conversation-relay",
  inputTokens: 0,
  outputTokens: 0,
} as const;

export const SPEND: SpendReply = {
  success: true,
  rows: [
    ...Array.from({ length: 12 }, (_, at) => row(at)),
    ...[1, 2].map((at) => row(at, { kind: "transcription", model: "gpt-transcribe", costMicroUsd: 3_100 })),
    row(3, { ...PHONE, lineMs: 240_000, costMicroUsd: 280_000 }),
    row(4, { model: "gpt-of-tomorrow", costMicroUsd: 0, unpriced: 6 }),
    row(5, { studentId: null, name: null, payer: "instructor", costMicroUsd: 44_000 }),
  ],
  unreadable: 0,
};
