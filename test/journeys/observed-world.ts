import type { MetricsReply, PhoneNumbersReply } from "../../src/protocol/observed.ts";
import { STARTED_AT_MS } from "./page-world.ts";

/** How a class runs, from breakfast to the evening, and the phone numbers of its instructor. */

const SPAN_MS = 30 * 60_000;
const SPANS = 48;
/** Half hours in which nobody called: the night, and lunch. */
const isQuiet = (at: number): boolean => at < 30 || at === 37;
const TO_MS = STARTED_AT_MS + 8 * 3_600_000;

const spans = Array.from({ length: SPANS }, (_, at) => {
  const calls = isQuiet(at) ? 0 : 3 + ((at * 7) % 11);
  const p50Ms = calls === 0 ? null : 480 + ((at * 97) % 240);
  return {
    at: new Date(TO_MS - (SPANS - at) * SPAN_MS).toISOString(),
    calls,
    p50Ms,
    p95Ms: p50Ms === null ? null : p50Ms * 2 + ((at * 53) % 400),
    errors: at === 34 ? 4 : at === 43 ? 2 : 0,
  };
});

export const METRICS: MetricsReply = {
  success: true,
  from: new Date(TO_MS - SPANS * SPAN_MS).toISOString(),
  to: new Date(TO_MS).toISOString(),
  calls: spans.reduce((sum, { calls }) => sum + calls, 0),
  byWayIn: {
    browser: { calls: 102, turnLatency: { count: 1_204, p50Ms: 540, p95Ms: 1_310 } },
    "conversation-relay": { calls: 31, turnLatency: { count: 208, p50Ms: 720, p95Ms: 1_650 } },
    "media-streams": { calls: 0, turnLatency: { count: 0, p50Ms: null, p95Ms: null } },
  },
  turnLatency: { count: 1_412, p50Ms: 560, p95Ms: 1_390 },
  ends: [
    { endReason: "caller-left", calls: 112 },
    { endReason: "agent-ended", calls: 18 },
    { endReason: "budget", calls: 3 },
  ],
  errors: [
    { code: "upstream_timeout", count: 4, lastAt: new Date(TO_MS - 6.6 * 3_600_000).toISOString() },
    { code: "allowance_used", count: 2, lastAt: new Date(TO_MS - 2.2 * 3_600_000).toISOString() },
  ],
  spans,
};

const NO_SPREAD = { calls: 0, turnLatency: { count: 0, p50Ms: null, p95Ms: null } } as const;

export const NO_METRICS: MetricsReply = {
  ...METRICS,
  calls: 0,
  byWayIn: { browser: NO_SPREAD, "conversation-relay": NO_SPREAD, "media-streams": NO_SPREAD },
  turnLatency: NO_SPREAD.turnLatency,
  ends: [],
  errors: [],
  spans: spans.map(({ at }) => ({ at, calls: 0, p50Ms: null, p95Ms: null, errors: 0 })),
};

export const NO_TWILIO: PhoneNumbersReply = { success: true, twilio: "off", numbers: [] };
export const TWILIO_FAILED: PhoneNumbersReply = { success: true, twilio: "failed", numbers: [] };
export const NUMBERS: PhoneNumbersReply = {
  success: true,
  twilio: "ok",
  numbers: [
    { number: "+15550100", name: "Bakery", target: "here", host: "callroom.example", studentId: "st_001" },
    { number: "+15550101", name: "", target: "elsewhere", host: "old-voice.example", studentId: null },
    { number: "+15550102", name: "Spare", target: "nothing", host: null, studentId: null },
  ],
};
