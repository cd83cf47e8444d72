import type { BrowserCallReply, FailureBody, MeReply } from "../protocol/rest.ts";
import { BAD_REPLY_WORDS, NO_SERVER_WORDS } from "./words.ts";

/** Typed routes of the API, for a page that the cookie signs in. No DOM. */

export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  /** `sentence` is for the person; `code` is a reason of the server's, or `offline`, or `unreadable`. */
  | { readonly ok: false; readonly code: string; readonly sentence: string };

/** What the page uses of {@link MeReply}. */
export interface Me {
  readonly name: string | null;
  readonly workshop: string | null;
}

export type CallTicket = Omit<BrowserCallReply, "success">;

/** Signs the browser in; the reply's cookie does it, so there is nothing to keep. */
export const join = (joinCode: string, name: string): Promise<Answer<true>> =>
  ask("POST", "/api/join", () => true, { joinCode, name });

/** Who is signed in; code `unauthorized`: nobody. */
export const whoAmI = (): Promise<Answer<Me>> => ask("GET", "/api/me", readMe);

/** A call that waits for its socket, for half a minute. */
export const prepareCall = (): Promise<Answer<CallTicket>> => ask("POST", "/api/calls", readTicket, {});

type Fields = Readonly<Record<string, unknown>>;

async function ask<Value>(
  method: string,
  path: string,
  read: (reply: Fields) => Value | undefined,
  body?: Fields,
): Promise<Answer<Value>> {
  let reply: Fields;
  try {
    const content = body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const response = await fetch(path, { method, ...content });
    reply = fieldsOf(await response.json());
  } catch (thrown) {
    // `fetch` rejects with TypeError when nobody answers, `json` with SyntaxError when a proxy does.
    return thrown instanceof SyntaxError ? UNREADABLE : { ok: false, code: "offline", sentence: NO_SERVER_WORDS };
  }
  const value = reply.success === true ? read(reply) : undefined;
  return value === undefined ? failureOf(reply) : { ok: true, value };
}

const UNREADABLE = { ok: false, code: "unreadable", sentence: BAD_REPLY_WORDS } as const;

function failureOf({ success, code, error }: Fields & Partial<Record<keyof FailureBody, unknown>>): Answer<never> {
  if (success !== false || typeof code !== "string" || typeof error !== "string") return UNREADABLE;
  return { ok: false, code, sentence: error };
}

function readMe(reply: Fields & Partial<Record<keyof MeReply, unknown>>): Me {
  const workshop = fieldsOf(reply.workshop).name;
  return { name: textOrNull(reply.name), workshop: textOrNull(workshop) };
}

function readTicket({ callId, ticket, url }: Fields & Partial<Record<keyof BrowserCallReply, unknown>>) {
  const areTexts = typeof callId === "string" && typeof ticket === "string" && typeof url === "string";
  return areTexts ? { callId, ticket, url } : undefined;
}

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);
const fieldsOf = (value: unknown): Fields => (typeof value === "object" && value !== null ? { ...value } : {});
