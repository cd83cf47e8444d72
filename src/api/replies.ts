import { Failure, factsOf, type Reason } from "../failure.ts";
import { errorName, log } from "../log.ts";
import type { FailureBody } from "../protocol/rest.ts";
import type { ApiContext } from "./deps.ts";
import { TooManyLogins } from "./instructor.ts";

/** The body of a success, checked against its type at every call. */
export function succeeded<Body extends { readonly success: true }>(c: ApiContext, body: Body): Response {
  return c.body(JSON.stringify(body), 200, JSON_TYPE);
}

type FailureDetails = Partial<
  Pick<FailureBody, "field" | "variable" | "openai" | "checks" | "opensAt" | "retryAfterSeconds">
>;

/** A failure as JSON: the reason's own sentence and code, never a word of what was thrown. `problem` is the variable's. */
export function failed(
  c: ApiContext,
  reason: Reason,
  details: FailureDetails = {},
  problem = "is missing or malformed",
): Response {
  const { status, sentence } = factsOf(reason);
  const { requestId } = c.var;
  const { variable } = details;
  const error = variable === undefined ? sentence : `${sentence} ${variable} ${problem}.`;
  const body: FailureBody = { success: false, error, code: reason, requestId, ...details };
  noteFailure(c, reason);
  return new Response(JSON.stringify(body), { status, headers: JSON_TYPE });
}

/** The last resort: whatever is thrown on the way to a reply ends here. */
export function failedBy(c: ApiContext, thrown: unknown): Response {
  const reason = noteThrown(thrown);
  if (thrown instanceof TooManyLogins) {
    const { retryAfterSeconds } = thrown;
    const reply = failed(c, reason, { retryAfterSeconds });
    reply.headers.set("retry-after", String(retryAfterSeconds));
    return reply;
  }
  const field = thrown instanceof Failure ? thrown.field : undefined;
  if (field === undefined) return failed(c, reason);
  if (reason !== "misconfigured") return failed(c, reason, { field });
  // What is missing or malformed was answered before anything else was looked at.
  return failed(c, reason, { variable: field }, "is not the one that sealed what is stored");
}

/** The reason of what was thrown. What we did not expect is logged by its class name alone: its message may quote. */
export function noteThrown(thrown: unknown): Reason {
  if (thrown instanceof Failure) return thrown.reason;
  log({ event: "uncaught", where: "request", callId: null, name: errorName(thrown) });
  return "internal";
}

export function noteFailure(c: ApiContext, reason: Reason): void {
  log({ event: "request-failed", requestId: c.var.requestId, route: c.var.route, code: reason });
}

export function twiml(c: ApiContext, document: string): Response {
  return c.body(document, 200, { "content-type": "text/xml; charset=utf-8" });
}

const JSON_TYPE = { "content-type": "application/json; charset=utf-8" };

/** ISO 8601 in UTC. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
export const isoTimeOrNull = (ms: number | null): string | null => (ms === null ? null : isoTime(ms));
