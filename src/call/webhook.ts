import { LIMITS } from "../limits.ts";
import type { ToolFailure } from "../log.ts";
import type { CallId } from "../protocol/ids.ts";
import { type WebhookUrlRules, webhookUrlProblem } from "../protocol/webhook-url.ts";

export interface WebhookRequest {
  readonly url: string;
  readonly timeoutMs: number;
  /** Sent as `webhook-id`: the same when the same tool call is sent again. */
  readonly webhookId: string;
  readonly callId: CallId;
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface WebhookWorld {
  readonly nowMs: () => number;
  readonly fetch: typeof fetch;
  /** The student's Standard Webhooks secret, `whsec_` + base64. */
  readonly secret: string;
  readonly rules: WebhookUrlRules;
}

export type WebhookAnswer =
  | { readonly ok: true; readonly reply: unknown }
  /** A few words of ours for the model: nothing that the host wrote. */
  | { readonly ok: false; readonly error: string; readonly code: ToolFailure; readonly status?: number };

/**
 * Calls a student's webhook as https://www.standardwebhooks.com says. The body holds the tool's arguments and the
 * call's id: no key, no session token, no phone number. Redirects are failures; the reply is read up to a limit, so a
 * bomb costs nothing; one retry when the connection failed before any byte, under the same id.
 */
export async function callWebhook(request: WebhookRequest, world: WebhookWorld): Promise<WebhookAnswer> {
  const problem = webhookUrlProblem(request.url, world.rules);
  if (problem !== undefined) return { ok: false, error: `the webhook's URL ${problem}`, code: "url" };
  const body = JSON.stringify({
    type: "tool.call",
    tool: request.tool,
    arguments: request.arguments,
    callId: request.callId,
  });
  if (new TextEncoder().encode(body).length > LIMITS.toolRequestBytes)
    return { ok: false, error: "arguments too large", code: "too-large" };

  // Not `AbortSignal.timeout`: nobody can take that back, and the call's object would stay awake until it fires.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), Math.min(request.timeoutMs, LIMITS.toolMaxMs));
  const { signal } = late;
  const send = async (): Promise<Response> =>
    world.fetch(request.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...(await signatureOf(request.webhookId, body, world)) },
      body,
      redirect: "manual",
      signal,
    });
  try {
    const response = await send().catch((thrown: unknown) => {
      if (signal.aborted) throw thrown;
      return send();
    });
    if (response.status >= 300 && response.status < 400)
      return await refused(response, "the webhook redirects", "redirect");
    if (response.status === 410) return await refused(response, "the webhook is gone", "gone");
    if (!response.ok) return await refused(response, `the webhook answered ${response.status}`, "status");
    const text = await readUpTo(response, LIMITS.toolReplyBytes, signal);
    if (text === undefined) return { ok: false, error: "the webhook's reply is too large", code: "reply-too-large" };
    if (text.trim() === "") return { ok: true, reply: { ok: true } };
    return { ok: true, reply: JSON.parse(text) };
  } catch (thrown) {
    if (signal.aborted) return { ok: false, error: "the webhook took too long", code: "timeout" };
    return thrown instanceof SyntaxError
      ? { ok: false, error: "the reply is not JSON", code: "not-json" }
      : { ok: false, error: "the webhook is not reachable", code: "unreachable" };
  } finally {
    clearTimeout(timer);
  }
}

async function refused(response: Response, error: string, code: ToolFailure): Promise<WebhookAnswer> {
  await response.body?.cancel().catch(() => {});
  return { ok: false, error, code, status: response.status };
}

/** The three headers of Standard Webhooks: HMAC-SHA-256 over `id.timestamp.body`. */
async function signatureOf(id: string, body: string, world: WebhookWorld): Promise<Record<string, string>> {
  const timestamp = Math.floor(world.nowMs() / 1_000).toString();
  const secret = Uint8Array.from(atob(world.secret.replace(/^whsec_/, "")), (character) => character.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signed = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${id}.${timestamp}.${body}`));
  const signature = btoa(String.fromCharCode(...new Uint8Array(signed)));
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
}

/** The text of a body, or `undefined` once it is longer than `maxBytes`: the rest is never read. */
async function readUpTo(response: Response, maxBytes: number, signal: AbortSignal): Promise<string | undefined> {
  if (!response.body) return "";
  const reader = response.body.getReader();
  const cancelled = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("timed out", "TimeoutError")), { once: true });
  });
  cancelled.catch(() => {});
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), cancelled]);
      if (done) return text + decoder.decode();
      bytes += value.length;
      if (bytes > maxBytes) return undefined;
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
