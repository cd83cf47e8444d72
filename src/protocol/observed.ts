import type { EndReason, KeySource, WayIn } from "./call-record.ts";
import type { Charge } from "./charge.ts";

/**
 * What the instructor sees of how it runs: numbers, codes and times, and no word of anybody. Times are ISO 8601 in UTC,
 * durations whole milliseconds.
 */

/** Of how many, half were at most so long, and 95 of 100. `null`: of none. */
export interface Spread {
  readonly count: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

/** `GET /api/workshop/workshops/:id/metrics?hours=24`: of calls that began in those hours. */
export interface MetricsReply {
  readonly success: true;
  readonly from: string;
  readonly to: string;
  readonly calls: number;
  readonly byWayIn: Readonly<Record<WayIn, { readonly calls: number; readonly turnLatency: Spread }>>;
  /** From the end of what the caller said to the first word or sound of the answer, over all ways in. */
  readonly turnLatency: Spread;
  /** How calls ended; calls that go on are not in it. */
  readonly ends: readonly { readonly endReason: EndReason; readonly calls: number }[];
  /** Codes of `failure.ts` that turns failed with, and reasons of calls that ended for one; the most frequent first. */
  readonly errors: readonly { readonly code: string; readonly count: number; readonly lastAt: string }[];
  /** Equal spans of time, oldest first, without gaps. */
  readonly spans: readonly {
    readonly at: string;
    readonly calls: number;
    readonly p50Ms: number | null;
    readonly p95Ms: number | null;
    readonly errors: number;
  }[];
}

/** One thing that happened in a call, `atMs` after its beginning. */
export type TraceEvent = { readonly atMs: number } & (
  | { readonly kind: "start" }
  | {
      readonly kind: "turn";
      readonly seq: number;
      readonly speaker: "caller" | "agent" | "tool";
      readonly characters: number;
      /** Only part of it was heard. */
      readonly cutOff: boolean;
      readonly ttftMs: number | null;
      readonly ttfbMs: number | null;
      readonly turnLatencyMs: number | null;
      readonly heardLatencyMs: number | null;
      readonly failure: string | null;
    }
  | {
      readonly kind: "tool";
      readonly seq: number;
      readonly name: string;
      readonly outcome: "pending" | "ok" | "failed";
      readonly durationMs: number | null;
    }
  | {
      readonly kind: "charge";
      readonly seq: number;
      readonly charge: Charge["kind"];
      readonly state: Charge["state"];
      readonly model: string;
      readonly costMicroUsd: number | null;
      /** OpenAI's id, for its support. */
      readonly upstreamId: string | null;
    }
  | { readonly kind: "end"; readonly endReason: EndReason | null }
);

/** `GET /api/workshop/calls/:callId/trace`. */
export interface TraceReply {
  readonly success: true;
  readonly call: {
    readonly callId: string;
    readonly workshopId: string | null;
    readonly studentId: string | null;
    readonly wayIn: WayIn;
    readonly keySource: KeySource;
    readonly model: string;
    readonly transcriptionModel: string | null;
    readonly startedAt: string;
    /** `null`: it goes on, or nobody has told yet. */
    readonly endedAt: string | null;
    readonly costMicroUsd: number | null;
  };
  /** In the order of their times. */
  readonly events: readonly TraceEvent[];
}

/** Where a number of the instructor's Twilio account leads. */
export const NUMBER_TARGETS = ["here", "elsewhere", "nothing"] as const;
export type NumberTarget = (typeof NUMBER_TARGETS)[number];

/** `GET /api/workshop/phone-numbers`. */
export interface PhoneNumbersReply {
  readonly success: true;
  /** `off`: no Twilio credentials are set. `failed`: Twilio does not answer or refuses them. */
  readonly twilio: "ok" | "off" | "failed";
  readonly numbers: readonly {
    readonly number: string;
    readonly name: string;
    readonly target: NumberTarget;
    /** Host it leads to, without path: a path may hold a session token. `null`: a TwiML app, SIP, nothing. */
    readonly host: string | null;
    /** Student whom it reaches, when it is ours. */
    readonly studentId: string | null;
  }[];
}
