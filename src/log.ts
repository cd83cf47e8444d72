import type { Reason } from "./failure.ts";
import type { EndReason, KeySource, WayIn } from "./protocol/call-record.ts";
import type { CallId } from "./protocol/ids.ts";
import type { KeyStatus } from "./protocol/rest.ts";

/**
 * Every line Callroom writes. Fields are ours, never free text: no words of a caller, no prompt, no phone number, no
 * token, no message of a parser, of OpenAI, of a webhook or of the database.
 */
export type LogEvent =
  | { readonly event: "request-failed"; readonly requestId: string; readonly route: string; readonly code: Reason }
  | { readonly event: "variable-missing"; readonly variable: string }
  | { readonly event: "key-chosen"; readonly callId: CallId | null; readonly message: KeyMessage }
  | { readonly event: "key-resealed" | "key-unreadable"; readonly callId: CallId | null }
  /** What OpenAI thinks of a key that a student enters; `not-asked`: they have asked too often. */
  | { readonly event: "key-checked"; readonly requestId: string; readonly status: KeyStatus | "not-asked" }
  /** Before the call had an object, or by that object; `callId` null: nobody has given it one. */
  | {
      readonly event: "call-refused";
      readonly callId: CallId | null;
      readonly route: CallRoute;
      readonly code: Reason;
    }
  | { readonly event: "call-start"; readonly callId: CallId; readonly wayIn: WayIn; readonly keySource: KeySource }
  | { readonly event: "call-resumed"; readonly callId: CallId; readonly resumes: number }
  | {
      readonly event: "call-end";
      readonly callId: CallId;
      readonly endReason: EndReason;
      readonly durationMs: number;
      readonly turns: number;
    }
  | {
      readonly event: "turn-end";
      readonly callId: CallId;
      readonly seq: number;
      readonly ttftMs: number | null;
      readonly ttfbMs: number | null;
      readonly turnLatencyMs: number | null;
      readonly heardLatencyMs: number | null;
      readonly turnMs: number;
      readonly code: string | null;
    }
  | {
      readonly event: "upstream-failed";
      readonly callId: CallId;
      readonly code: Reason;
      /** HTTP status; 0 when none arrived. */
      readonly status: number;
      /** OpenAI's `x-request-id`, for its support. */
      readonly upstreamRequestId: string | null;
    }
  /** `upstreamCode`: of the close, 0 for none. */
  | { readonly event: "voice-lost"; readonly callId: CallId; readonly code: Reason; readonly upstreamCode: number }
  /** What a session brought that nobody could use: events unknown or unreadable, errors it went on after, dropped sound. */
  | {
      readonly event: "voice-oddities";
      readonly callId: CallId;
      readonly unknownEvents: number;
      readonly unreadableEvents: number;
      readonly errors: number;
      readonly droppedSounds: number;
    }
  /** Sound of a caller who does not listen fast enough was left out, for the first time on this socket. */
  | { readonly event: "sound-dropped"; readonly callId: CallId }
  | {
      readonly event: "tool-end";
      readonly callId: CallId;
      readonly mode: "mock" | "builtin" | "webhook" | "unknown";
      readonly outcome: "ok" | "failed";
      readonly durationMs: number;
      readonly code: ToolFailure | null;
      /** HTTP status of a webhook that did not answer as it should; null: not known, or nobody was asked. */
      readonly status: number | null;
    }
  /** The workshop's object did not answer a call in time: what it asks for, and what follows, `docs/architecture.md` says. */
  | { readonly event: "workshop-silent"; readonly callId: CallId; readonly asked: "enter" | "funds" | "leave" }
  | {
      readonly event: "archive-failed";
      readonly callId: CallId;
      readonly rows: number;
      readonly retryMs: number | null;
    }
  /** A step of a workshop's end did not succeed, and is tried again. */
  | { readonly event: "closing-failed"; readonly code: Reason; readonly retryMs: number }
  | { readonly event: "carrier-error"; readonly callId: CallId; readonly carrierCode: string }
  | { readonly event: "socket-closed"; readonly callId: CallId; readonly code: Reason }
  | {
      readonly event: "uncaught";
      readonly where: "request" | "call" | "alarm" | "workshop";
      readonly callId: CallId | null;
      readonly name: string;
    };

/** Where sockets of calls come in. */
export type CallRoute = "/ws" | "/call" | "/media";

/** Why a student's tool failed. */
export type ToolFailure =
  | "arguments"
  | "builtin"
  | "gone"
  | "mock"
  | "no-secret"
  | "not-json"
  | "redirect"
  | "reply-too-large"
  | "status"
  | "timeout"
  | "too-large"
  | "unreachable"
  | "url";

/** The predecessor's words, which its operators search for. */
export type KeyMessage =
  | "Using student's OpenAI API key"
  | "Using instructor's OpenAI API key (fallback)"
  | "No OpenAI API key available";

/** What a secret looks like. Nothing above can hold one; this is the second line of defence. */
const SECRETS = /\b(?:sk-|wst_|whsec_|Bearer )[A-Za-z0-9_+/=-]{6,}/g;

/** Writes one JSON line. The only console of the Worker. */
export function log(event: LogEvent): void {
  console.log(JSON.stringify(event).replace(SECRETS, "[redacted]"));
}

/** The class name of something thrown, for `uncaught`: its message may quote a secret. */
export const errorName = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.constructor.name : typeof thrown;
