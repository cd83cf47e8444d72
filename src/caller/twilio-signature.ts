/**
 * Is this request really Twilio's? `X-Twilio-Signature` is base64(HMAC-SHA1(auth token, URL + sorted parameters)); the
 * algorithm and the test vectors are those of npm `twilio` 6.2.0, `lib/webhooks/webhooks.js`.
 */

/** Fields of a form post, decoded; a name may come more than once. */
export type FormParams = ReadonlyMap<string, readonly string[]>;

export interface SignedRequest {
  /** The primary auth token of the Twilio account; no other validates. */
  readonly authToken: string;
  /**
   * The URL as Twilio was told it: configured public origin, path and query string, `wss:` for a WebSocket handshake.
   * Never rebuilt from `Host` or `X-Forwarded-*`, which a stranger chooses.
   */
  readonly url: string;
  /** Every field of a form post; absent for GET, for a handshake and for a JSON post. */
  readonly params?: FormParams | undefined;
  /** The `X-Twilio-Signature` header. */
  readonly signature: string | null | undefined;
  /** The body of a JSON post, which Twilio signs by a `bodySHA256` in the URL's query string. */
  readonly rawBody?: Uint8Array<ArrayBuffer> | undefined;
}

const HMAC = { name: "HMAC", hash: "SHA-1" } as const;
const encoder = new TextEncoder();

/** True for Twilio's own signature only. Never throws: an absent or malformed signature, or an empty token, is false. */
export async function verifyTwilioSignature(request: SignedRequest): Promise<boolean> {
  const signature = readSignature(request.signature);
  if (!signature || request.authToken === "") return false;
  if (!(await bodyMatches(request.url, request.rawBody))) return false;
  const key = await crypto.subtle.importKey("raw", encoder.encode(request.authToken), HMAC, false, ["verify"]);
  // `verify` compares in constant time.
  const verdicts = await Promise.all(
    signedTexts(request).map((text) => crypto.subtle.verify(HMAC, key, signature, encoder.encode(text))),
  );
  return verdicts.includes(true);
}

/** The fields of an `application/x-www-form-urlencoded` body. */
export function formParams(body: string): FormParams {
  const params = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(body)) {
    const values = params.get(name);
    if (values) values.push(value);
    else params.set(name, [value]);
  }
  return params;
}

/**
 * What Twilio may have signed. For a handshake with a query string sources disagree: the URL as it is, or without its
 * query, whose pairs then count as parameters. Both hold the same facts, so both are taken.
 */
function signedTexts({ url, params }: SignedRequest): readonly string[] {
  const asWritten = url + joined(params ?? new Map());
  const [bare, query] = splitQuery(url);
  if (!url.startsWith("wss:") || params !== undefined || query === undefined) return [asWritten];
  return [asWritten, bare + joined(formParams(query))];
}

/** Names in code-unit order, each followed by its value; of a repeated name the distinct values, sorted. */
function joined(params: FormParams): string {
  return [...params.keys()]
    .sort()
    .map((name) => [...new Set(params.get(name))].sort().reduce((text, value) => `${text}${name}${value}`, ""))
    .join("");
}

/** A body and the hash of a body come together or not at all: a hash that nobody checked would sign nothing. */
async function bodyMatches(url: string, rawBody: SignedRequest["rawBody"]): Promise<boolean> {
  const hash = formParams(splitQuery(url)[1] ?? "").get("bodySHA256")?.[0];
  if (hash === undefined || rawBody === undefined) return hash === undefined && rawBody === undefined;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", rawBody));
  // Neither side is secret: the signature covers the hash.
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === hash.toLowerCase();
}

function splitQuery(url: string): readonly [bare: string, query: string | undefined] {
  const at = url.indexOf("?");
  return at < 0 ? [url, undefined] : [url.slice(0, at), url.slice(at + 1)];
}

/** 20 bytes in base64: exactly 27 characters and one `=`. */
function readSignature(header: string | null | undefined): Uint8Array<ArrayBuffer> | undefined {
  if (!header || !/^[A-Za-z0-9+/]{27}=$/.test(header)) return undefined;
  return Uint8Array.from(atob(header), (character) => character.charCodeAt(0));
}
