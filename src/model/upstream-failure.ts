import { APIConnectionTimeoutError, APIError } from "openai";
import type { Reason } from "../failure.ts";

/** How a request to OpenAI failed, and whether asking again can help. */
export interface UpstreamFailure {
  readonly reason: Reason;
  readonly status: number;
  readonly upstreamRequestId: string | null;
  /** Milliseconds to wait before one more try; `undefined`: do not try again. */
  readonly retryAfterMs: number | undefined;
}

/** Codes of a 429 that mean money, beside `type: "insufficient_quota"`. Source: OpenAI's error-code page. */
export const NO_CREDIT: ReadonlySet<string> = new Set([
  "insufficient_quota",
  "credit_balance_exhausted",
  "organization_spend_limit_exceeded",
  "project_spend_limit_exceeded",
  "organization_usage_limit_exceeded",
]);

/** Codes of a 401 for a key that lacks a permission. A missing scope has also been seen with no code at all. */
export const RESTRICTED: ReadonlySet<string> = new Set(["insufficient_permissions", "missing_scope", "missing_scopes"]);

const DEFAULT_RETRY_MS = 300;

/** Decides by status, then code, then type; never by message, which may hold part of a key. */
export function upstreamFailureOf(thrown: unknown): UpstreamFailure {
  if (!(thrown instanceof APIError) || thrown.status === undefined) {
    const timedOut = thrown instanceof APIConnectionTimeoutError;
    return failed(
      timedOut ? "upstream_timeout" : "upstream_unavailable",
      0,
      null,
      timedOut ? undefined : DEFAULT_RETRY_MS,
    );
  }
  const { status, code, type, headers } = thrown;
  const requestId = safeRequestId(headers?.get("x-request-id"));
  const reason = reasonOfStatus(status, String(code ?? ""), String(type ?? ""));
  return failed(reason, status, requestId, isRetryable(status, reason) ? retryAfterMs(headers) : undefined);
}

/** The reason of an error that came inside a stream, where there is no status: only `code` and `type`. */
export function reasonOfStreamError(code: string, type: string): Reason {
  if (NO_CREDIT.has(code) || NO_CREDIT.has(type)) return "no_credit";
  if (code === "rate_limit_exceeded" || code === "slow_down") return "upstream_rate_limited";
  if (code === "invalid_api_key") return "key_rejected";
  if (code === "invalid_prompt" || type === "invalid_request_error") return "upstream_bad_request";
  return "upstream_unavailable";
}

/** The reason of a refusal by status; `code` and `type` as the error body has them, empty when it has none. */
export function reasonOfStatus(status: number, code: string, type: string): Reason {
  if (code === "model_not_found") return "model_not_available";
  switch (status) {
    case 400:
    case 413:
    case 422:
      return "upstream_bad_request";
    case 401:
      return RESTRICTED.has(code) || (code === "" && type === "invalid_request_error")
        ? "key_restricted"
        : "key_rejected";
    case 402:
      return "no_credit";
    case 403:
      return code === "unsupported_country_region_territory" ? "region_unsupported" : "key_restricted";
    case 404:
      return "model_not_available";
    case 408:
      return "upstream_timeout";
    case 429:
      return NO_CREDIT.has(code) || NO_CREDIT.has(type) ? "no_credit" : "upstream_rate_limited";
    default:
      return "upstream_unavailable";
  }
}

const isRetryable = (status: number, reason: Reason): boolean =>
  status === 408 || status === 409 || status >= 500 || reason === "upstream_rate_limited";

function retryAfterMs(headers: Headers | undefined): number {
  const milliseconds = Number(headers?.get("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(milliseconds)) return milliseconds;
  const seconds = Number(headers?.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1_000 : DEFAULT_RETRY_MS;
}

/** OpenAI's id is logged; anything that does not look like one is not. */
const safeRequestId = (id: string | null | undefined): string | null =>
  id && /^[A-Za-z0-9_-]{4,80}$/.test(id) && !id.startsWith("sk-") ? id : null;

const failed = (
  reason: Reason,
  status: number,
  upstreamRequestId: string | null,
  retryAfterMs: number | undefined,
): UpstreamFailure => ({ reason, status, upstreamRequestId, retryAfterMs });
