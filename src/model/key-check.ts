import { LIMITS } from "../limits.ts";
import type { KeyStatus } from "../protocol/rest.ts";
import { readError, type UpstreamError } from "./error-body.ts";
import { NO_CREDIT, RESTRICTED } from "./upstream-failure.ts";

/** A key that lends its text for one expression and prints as nothing. */
interface HeldKey {
  use<Result>(use: (clear: string) => Result): Result;
}

export interface KeyCheck {
  readonly apiKey: HeldKey;
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly fetch: typeof fetch;
}

/**
 * Asks OpenAI whether it knows a key, by listing the models: free of charge, and says nothing about credit unless
 * there is none. Takes at most `LIMITS.keyCheckMs`; never throws, and nothing that OpenAI wrote leaves it.
 */
export async function checkKey({ apiKey, baseUrl, fetch: fetcher }: KeyCheck): Promise<KeyStatus> {
  const deadline = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<KeyStatus>((resolve) => {
    timer = setTimeout(() => {
      resolve("unverified");
      deadline.abort();
    }, LIMITS.keyCheckMs);
  });
  // The race, and not only the signal: the verdict must not wait for a network that ignores being aborted.
  const verdict = await Promise.race([ask(apiKey, baseUrl, fetcher, deadline.signal), expired]);
  clearTimeout(timer);
  return verdict;
}

async function ask(apiKey: HeldKey, baseUrl: string, fetcher: typeof fetch, signal: AbortSignal): Promise<KeyStatus> {
  try {
    const response = await apiKey.use((clear) =>
      fetcher(`${baseUrl}/models`, {
        headers: { authorization: `Bearer ${clear}`, accept: "application/json" },
        // A redirect would carry the key to another host.
        redirect: "manual",
        signal,
      }),
    );
    if (response.status === 401 || response.status === 403 || response.status === 429) {
      return statusOfRefusal(response.status, await readError(response));
    }
    await response.body?.cancel();
    return response.status === 200 ? "connected" : "unverified";
  } catch {
    return "unverified";
  }
}

/** Decides by status, then code, then type; never by message, which may hold part of the key. */
function statusOfRefusal(status: 401 | 403 | 429, { code, type }: UpstreamError): KeyStatus {
  if (status === 429) return NO_CREDIT.has(code ?? "") || NO_CREDIT.has(type ?? "") ? "no_credit" : "unverified";
  // A matter of where the Worker runs: it says nothing about the key.
  if (status === 403) return code === "unsupported_country_region_territory" ? "unverified" : "restricted";
  // A wrong key is `invalid_api_key`. A good key without the scope or the membership is also 401 and comes as
  // `invalid_request_error` with `code: null` (seen live, e.g. github.com/continuedev/continue/issues/10059).
  const lacksScope = RESTRICTED.has(code ?? "") || (code === null && type === "invalid_request_error");
  return lacksScope ? "restricted" : "rejected";
}
