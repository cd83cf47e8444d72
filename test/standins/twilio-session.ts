import { randomBytes } from "node:crypto";
import type { RelayClient } from "../../src/cli/relay-client.ts";
import type { RelayVerb } from "./twilio-twiml.ts";
import type { Form } from "./twilio-web.ts";

/** One ConversationRelay session of a phone call. */
export interface Session {
  /** From 1. */
  readonly number: number;
  readonly verb: RelayVerb;
  readonly actionUrl: string | undefined;
  readonly sessionId: string;
  readonly startedAtMs: number;
  client: RelayClient | undefined;
  invalidInARow: number;
  /** How it ends, when not by the app's doing. */
  leaving: "caller" | "told" | undefined;
  handoffData: string | undefined;
  actionPosted: boolean;
  aftermath: Promise<void> | undefined;
}

export const newSession = (number: number, verb: RelayVerb, documentUrl: string): Session => ({
  number,
  verb,
  actionUrl: verb.action === undefined ? undefined : new URL(verb.action, documentUrl).href,
  sessionId: `VX${randomBytes(16).toString("hex")}`,
  startedAtMs: performance.now(),
  client: undefined,
  invalidInARow: 0,
  leaving: undefined,
  handoffData: undefined,
  actionPosted: false,
  aftermath: undefined,
});

/** What the action is told about the end of a session, field by field as in recorded calls. */
export function causeOfEnd({ sessionId, startedAtMs, leaving, handoffData, client }: Session): Form {
  const duration = String(Math.round((performance.now() - startedAtMs) / 1_000));
  const common = { SessionId: sessionId, SessionDuration: duration, CallStatus: "in-progress" };
  if (leaving === "caller") return { ...common, SessionStatus: "completed", CallStatus: "completed" };
  if (leaving === "told" || client?.ended) {
    const handoff = handoffData ?? client?.ended?.handoffData;
    return { ...common, SessionStatus: "ended", ...(handoff !== undefined && { HandoffData: handoff }) };
  }
  return { ...common, SessionStatus: "failed", ErrorCode: "64105", ErrorMessage: "Websocket ended" };
}
