import * as z from "zod";
import { Answer } from "./openai-faults.ts";
import { REALTIME_PATH } from "./realtime-door.ts";

const count = z.number().int().nonnegative();
/** Deltas of an answer before the fault strikes, unless told otherwise: enough that the caller hears something. */
const afterDeltas = count.default(3);

/** Which sessions a fault is for, and how many times it is played. The path tells it from a fault of the text API. */
const target = {
  path: z.literal(REALTIME_PATH).default(REALTIME_PATH),
  key: z.string().optional(),
  times: z.union([z.number().int().min(1), z.literal("always")]).default(1),
};

const fault = <const Kind extends string, Fields extends z.ZodRawShape>(kind: Kind, fields: Fields) =>
  z.strictObject({ kind: z.literal(kind), ...target, ...fields });

const Fault = z.discriminatedUnion("kind", [
  // Of the handshake
  /** The upgrade is answered so much later. */
  fault("accept-delay", { ms: count }),
  /** Refused on the handshake; 403 says that the region is not supported. */
  fault("status", { status: z.number().int().min(400).max(599) }),
  /** The upgrade is never answered. */
  fault("hang", {}),

  // Of a session
  /** Nothing comes after `session.created`, or not even that. Pings go on. */
  fault("mute", { sendsCreated: z.boolean().default(true) }),
  /** An `error` event instead of `session.created`, then the close. */
  fault("refused", {
    type: z.string().default("server_error"),
    code: z.string().default("server_error"),
    message: z.string().default("The server had an error while processing your request. Sorry about that!"),
    closeCode: z.number().int().min(1_000).max(4_999).default(1_011),
  }),
  /** The session's age limit comes so soon. */
  fault("session-max", { ms: count }),

  // Of a response
  /** What is answered instead of the brain's words. */
  fault("answer", Answer.omit({ kind: true }).shape),
  /** `response.created` comes so late. */
  fault("created-delay", { ms: count }),
  /** The first sound comes so late, whatever the pace is. */
  fault("slow-first-audio", { ms: count }),
  /** Every tool call is announced twice in both of its events. */
  fault("duplicate-calls", {}),
  /** `response.done` without `usage`. */
  fault("no-usage", {}),
  /** What it tells of the usage, instead of what was used. */
  fault("usage", { usage: z.unknown() }),
  /** It comes twice. */
  fault("told-twice", {}),
  /** It comes so late. */
  fault("done-delay", { ms: count }),
  /** `response.done` with status `failed`. */
  fault("failed", {
    afterDeltas: count.default(0),
    type: z.string().default("insufficient_quota"),
    code: z.string().default("insufficient_quota"),
    message: z.string().default("You exceeded your current quota, please check your plan and billing details."),
  }),
  /** The connection is reset. */
  fault("reset", { afterDeltas }),
  /** Nothing more comes, also no end. */
  fault("stall", { afterDeltas }),
  /** The server closes. */
  fault("close", {
    afterDeltas,
    code: z.number().int().min(1_000).max(4_999).default(1_011),
    reason: z.string().default(""),
  }),
  /** `session_expired`, then close 1001. */
  fault("session-expired", { afterDeltas }),
  /** Text that is no JSON; the answer goes on, as after the next three. */
  fault("malformed-event", { afterDeltas }),
  fault("unknown-events", { afterDeltas }),
  fault("oversized-event", { afterDeltas, bytes: count.default(2 * 1024 * 1024) }),
  fault("deep-event", { afterDeltas, depth: count.default(10_000) }),
  /** An `error` event of the server's own; the session stays open. */
  fault("error-event", {
    afterDeltas,
    code: z.string().nullable().default(null),
    message: z.string().default("The server had an error while processing your request. Sorry about that!"),
  }),

  // Of a transcription
  fault("transcription-delay", { ms: count }),
  fault("transcription-failed", {}),
  /** What is told of its usage, instead of what was used. */
  fault("transcription-usage", { usage: z.unknown() }),
  /** Its end comes twice. */
  fault("transcription-twice", {}),
]);

export type RealtimeFault = z.output<typeof Fault>;
export type RealtimeFaultKind = RealtimeFault["kind"];
/** A fault as `standin.realtime.fault(…)` takes it; `POST /standin/faults` wants its `path` too. */
export type RealtimeFaultOrder = z.input<typeof Fault>;

export type FaultOf<Kind extends RealtimeFaultKind> = Extract<RealtimeFault, { kind: Kind }>;

export const TROUBLES = [
  "failed",
  "reset",
  "stall",
  "close",
  "session-expired",
  "malformed-event",
  "unknown-events",
  "oversized-event",
  "deep-event",
  "error-event",
] as const satisfies readonly RealtimeFaultKind[];

/** What strikes in the middle of an answer. */
export type Trouble = FaultOf<(typeof TROUBLES)[number]>;

/** Faults still to be played, in the order in which they were asked for. */
export class RealtimeFaults {
  #queued: { readonly fault: RealtimeFault; left: number }[] = [];

  /** Adds an order from outside; returns what is wrong with it. */
  tryAdd(order: unknown): string | undefined {
    const read = Fault.safeParse(order);
    if (!read.success) return z.prettifyError(read.error);
    const left = read.data.times === "always" ? Number.POSITIVE_INFINITY : read.data.times;
    this.#queued.push({ fault: read.data, left });
    return undefined;
  }

  /** Drops what is waiting: of one key (and not what is for all), or everything. */
  clear(key?: string): void {
    this.#queued = key === undefined ? [] : this.#queued.filter(({ fault: one }) => one.key !== key);
  }

  /** Uses up the first fault of these kinds that is meant for the key. */
  take<Kind extends RealtimeFaultKind>(key: string | null, ...kinds: readonly Kind[]): FaultOf<Kind> | undefined {
    const isOfKind = (one: RealtimeFault): one is FaultOf<Kind> => kinds.some((kind) => kind === one.kind);
    for (const queued of this.#queued) {
      const { fault: one } = queued;
      if (!isOfKind(one) || (one.key !== undefined && one.key !== key)) continue;
      queued.left -= 1;
      this.#queued = this.#queued.filter(({ left }) => left > 0);
      return one;
    }
    return undefined;
  }
}
