import type { Reason } from "../failure.ts";
import { NO_CREDIT, RESTRICTED } from "./upstream-failure.ts";

/** How a session was lost, and whether another one may work. */
export interface Loss {
  readonly reason: Reason;
  readonly mayReconnect: boolean;
}

const LOST: Loss = { reason: "upstream_lost", mayReconnect: true };
const REFUSED: Loss = { reason: "upstream_bad_request", mayReconnect: false };

/**
 * What an `error` event means for its session: the loss, when none goes on after it; else `undefined`. OpenAI accepts the
 * socket of a bad key and of an empty account, and says so only here (recorded from the live API, 2026).
 */
export function lossOfError(code: string): Loss | undefined {
  if (code === "invalid_api_key") return { reason: "key_rejected", mayReconnect: false };
  if (RESTRICTED.has(code)) return { reason: "key_restricted", mayReconnect: false };
  if (NO_CREDIT.has(code)) return { reason: "no_credit", mayReconnect: false };
  if (code === "model_not_found") return { reason: "model_not_available", mayReconnect: false };
  if (code === "session_expired") return LOST;
  return undefined;
}

/**
 * What a close means. Its reason is `type.code`, as in `invalid_request_error.invalid_api_key`; where that is empty, the
 * last `error` event before it counts. Only what looks like the network or a restart is worth another session.
 *
 * @param lastError code and type of that event, empty without one.
 */
export function lossOfClose(
  closeCode: number,
  closeReason: string,
  lastError: { readonly code: string; readonly errorType: string },
): Loss {
  const dot = closeReason.indexOf(".");
  const said =
    dot === -1
      ? lastError
      : { errorType: closeReason.slice(0, dot), code: closeReason.slice(dot + 1).replace(/^(?:null|None)$/, "") };
  const known = lossOfError(said.code);
  if (known !== undefined) return known;
  switch (closeCode) {
    case 3000:
      // A key without the scope has been refused without any code, as an invalid request.
      return said.errorType === "invalid_request_error" && said.code === ""
        ? { reason: "key_restricted", mayReconnect: false }
        : { reason: "key_rejected", mayReconnect: false };
    case 1013:
      return said.code === "rate_limit_exceeded"
        ? { reason: "upstream_rate_limited", mayReconnect: false }
        : { reason: "no_credit", mayReconnect: false };
    case 4004:
      return { reason: "model_not_available", mayReconnect: false };
    // Broken protocol, refused data, policy, too large: another session would end in the same way.
    case 1002:
    case 1003:
    case 1007:
    case 1008:
    case 1009:
    case 1010:
      return REFUSED;
    default:
      return closeCode >= 3001 ? REFUSED : LOST;
  }
}
