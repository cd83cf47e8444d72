import { createHmac } from "node:crypto";
import { readTwiml, TwimlError, type Verb } from "./twilio-twiml.ts";

export interface WebOptions {
  /** Where our server really listens, `http://127.0.0.1:…`. */
  readonly origin: string;
  /** The origin our server believes to have; what is signed, and what TwiML must name. Default: `origin`. */
  readonly publicOrigin?: string;
  /** Without it nothing is signed: no real Twilio, but what a forger sends. */
  readonly authToken?: string;
}

export type Form = Readonly<Record<string, string>>;

/** Twilio waits 15 s for a webhook. */
const WEBHOOK_MS = 15_000;

/** `X-Twilio-Signature` of a request, by Node's crypto and not by the code under test. */
export function signTwilioRequest(
  authToken: string,
  url: string,
  params: Readonly<Record<string, string | readonly string[]>> = {},
): string {
  const pairs = Object.keys(params)
    .sort()
    .flatMap((name) => [...new Set([params[name] ?? []].flat())].sort().map((value) => name + value));
  return createHmac("sha1", authToken)
    .update(url + pairs.join(""), "utf8")
    .digest("base64");
}

/** Twilio's side of HTTP: posts signed webhooks to public URLs, which it finds on this machine. */
export class TwilioWeb {
  readonly publicOrigin: string;
  readonly #options: WebOptions;

  constructor(options: WebOptions) {
    this.#options = options;
    this.publicOrigin = options.publicOrigin ?? options.origin;
  }

  /** Posts a webhook and reads the TwiML it is answered with. Throws only {@link TwimlError}. */
  async post(url: string, form: Form): Promise<readonly Verb[]> {
    const address = this.reachable(url);
    if (address === undefined) throw new TwimlError("11200", "this host is not ours");
    const reply = await fetch(address, {
      method: "POST",
      headers: { "user-agent": "TwilioProxy/1.1", ...this.signature(url, form) },
      body: new URLSearchParams(form),
      redirect: "manual",
      signal: AbortSignal.timeout(WEBHOOK_MS),
    }).catch(() => undefined);
    if (reply?.status !== 200) throw new TwimlError("11200", `status ${reply?.status}`);
    if (!/^(text|application)\/xml\b/.test(reply.headers.get("content-type") ?? "")) {
      throw new TwimlError("12300", "the content type is not XML");
    }
    return readTwiml(await reply.text());
  }

  /** Signs the URL as it is written, whatever address it is sent to. */
  signature(url: string, form: Form = {}): Readonly<Record<string, string>> {
    const { authToken } = this.#options;
    return authToken === undefined ? {} : { "x-twilio-signature": signTwilioRequest(authToken, url, form) };
  }

  /** The local address of a public URL, or undefined for a host that is not ours. */
  reachable(url: string): string | undefined {
    const address = new URL(url);
    if (address.host !== new URL(this.publicOrigin).host) return undefined;
    const local = new URL(this.#options.origin);
    const scheme = address.protocol === "wss:" ? local.protocol.replace("http", "ws") : local.protocol;
    return `${scheme}//${local.host}${address.pathname}${address.search}`;
  }
}
