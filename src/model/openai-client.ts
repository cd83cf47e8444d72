import OpenAI from "openai";
import type { ApiKey } from "../vault/api-key.ts";

/** What the client believes its key to be: the SDK prints its key when inspected, so it never gets the real one. */
const STANDS_FOR_KEY = "[redacted]";

/**
 * An OpenAI client for one key. The key is put on a request as the last thing before it leaves, and leaves for one
 * origin only: that of `baseUrl`. No retries of its own (the SDK would also retry "no credit", and a caller cannot
 * wait), no redirects, no logging, and none of the SDK's headers about the machine it runs on.
 */
export function openAiClient(apiKey: ApiKey, baseUrl: string, fetcher: typeof fetch): OpenAI {
  const ours = `${new URL(baseUrl).origin}/`;
  return new OpenAI({
    apiKey: STANDS_FOR_KEY,
    baseURL: baseUrl,
    organization: null,
    project: null,
    maxRetries: 0,
    logLevel: "off",
    fetch: (input, init) => {
      const url = input instanceof Request ? input.url : String(input);
      if (!url.startsWith(ours)) return Promise.reject(new TypeError("foreign origin"));
      const headers = apiKey.use((clear) => ({
        authorization: `Bearer ${clear}`,
        "content-type": "application/json",
        accept: "text/event-stream, application/json",
      }));
      return fetcher(url, { ...init, headers, redirect: "manual" });
    },
  });
}
