import { type Fields, fields, Unreadable, words } from "../protocol/read-fields.ts";
import type { BrowserCallReply, FailureBody } from "../protocol/rest.ts";
import { BAD_REPLY_WORDS, NO_SERVER_WORDS } from "./words.ts";

/** Asks the API, for a page that a cookie signs in. No DOM. */

export type Answer<Value> = { readonly ok: true; readonly value: Value } | ({ readonly ok: false } & Refusal);

/** `sentence` is for the person; `code` is a reason of the server's, or `offline`, or `unreadable`. */
export interface Refusal {
  readonly code: string;
  readonly sentence: string;
  /** Bad input: which field, and what is wrong with it. */
  readonly field: string | null;
  /** The whole reply, for what only some failures carry. */
  readonly reply: Fields;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A server that has not answered by then is taken for none. */
const ANSWER_MS = 30_000;

/**
 * One request. `read` takes what it needs of the reply and throws {@link Unreadable} when that is not there; nothing of a
 * reply is used unread.
 */
export async function ask<Value>(
  method: Method,
  path: string,
  read: (reply: Fields) => Value,
  body?: object,
  /** The request outlives the page; its body is at most 64 KiB. */
  keepalive = false,
): Promise<Answer<Value>> {
  let reply: Fields;
  try {
    const content = body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(path, { method, keepalive, signal: AbortSignal.timeout(ANSWER_MS), ...content });
    reply = fields(await response.json());
  } catch (thrown) {
    // `fetch` rejects with TypeError when nobody answers, `json` with SyntaxError when a proxy does.
    if (thrown instanceof SyntaxError || thrown instanceof Unreadable) return UNREADABLE;
    return { ok: false, code: "offline", sentence: NO_SERVER_WORDS, field: null, reply: {} };
  }
  try {
    return reply.success === true ? { ok: true, value: read(reply) } : { ok: false, ...refusalOf(reply) };
  } catch (thrown) {
    if (thrown instanceof Unreadable) return UNREADABLE;
    throw thrown;
  }
}

/** For a reply of which nothing is used. */
export const nothing = (): null => null;

const UNREADABLE = { ok: false, code: "unreadable", sentence: BAD_REPLY_WORDS, field: null, reply: {} } as const;

function refusalOf(reply: Fields & Partial<Record<keyof FailureBody, unknown>>): Refusal {
  const { code, error, field } = reply;
  return { code: words(code), sentence: words(error), field: typeof field === "string" ? field : null, reply };
}

export type CallTicket = Omit<BrowserCallReply, "success">;

/** A call that waits for its socket, for half a minute. */
export const prepareCall = (): Promise<Answer<CallTicket>> =>
  ask(
    "POST",
    "/api/calls",
    ({ callId, ticket, url }) => ({ callId: words(callId), ticket: words(ticket), url: words(url) }),
    {},
  );
