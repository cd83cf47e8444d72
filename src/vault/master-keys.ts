import { utf8 } from "./bytes.ts";

/** What is sealed. Each purpose has a key of its own, so a value can never be opened as something it is not. */
export const SEAL_PURPOSES = ["openai-key", "webhook-secret"] as const;
export type SealPurpose = (typeof SEAL_PURPOSES)[number];

/** Beside what students have sealed, a text of ours that tells the right master keys from others: see `sentinel.ts`. */
type SealingPurpose = SealPurpose | "sentinel";

/** One version of our secret. Nothing in here can be exported, stored, cloned or sent: the runtime holds the bytes. */
export interface MasterKey {
  /** First 8 hex digits of SHA-256 over the 32 bytes; safe to print. */
  readonly kid: string;
  /** AES-256-GCM by purpose. Those of previous master keys can only decrypt: they unseal and never seal. */
  readonly sealing: Readonly<Record<SealingPurpose, CryptoKey>>;
  /** The master key itself as an AES-256-GCM key, as the predecessor used it; can only decrypt. */
  readonly predecessor: CryptoKey;
  /** HMAC-SHA-256 of recovery phrases. Of a previous master key too: nothing else can tell the phrases of its time. */
  readonly recovery: CryptoKey;
  /** HMAC-SHA-256 of tickets. That of a previous master key can only verify: calls outlive a renewal, and so do their tickets. */
  readonly tickets: CryptoKey;
  /** HMAC-SHA-256 of CallSids. Of a previous master key too: a phone call that began under it must be found again. */
  readonly callIds: CryptoKey;
}

export interface MasterKeys {
  readonly newest: MasterKey;
  /** The newest, then the previous ones in the order given, each once. */
  readonly all: readonly MasterKey[];
  /** HMAC-SHA-256, from the newest master key only: whoever renews it has everybody sign in at the console again. */
  readonly instructorSessions: CryptoKey;
}

/** A master key text was not checked with `isUsableMasterKey` first. Says nothing about the text. */
export class MasterKeyUnusable extends Error {
  constructor() {
    super("A master key is 64 hexadecimal characters, and not one byte repeated.");
    this.name = "MasterKeyUnusable";
  }
}

/**
 * Whether a text can be a master key: 64 hexadecimal characters of either case, white space around them tolerated
 * (secrets are often stored with a newline), and not one byte repeated, which is what a forgotten placeholder looks like.
 */
export function isUsableMasterKey(text: string): boolean {
  const hex = text.trim().toLowerCase();
  return /^[0-9a-f]{64}$/.test(hex) && hex !== hex.slice(0, 2).repeat(32);
}

/** The master keys of a comma-separated list; blanks between commas are skipped. */
export const splitMasterKeys = (list: string): string[] =>
  list
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");

/**
 * Of the last texts that were asked for: an isolate has one configuration, and every call asks. The keys themselves and
 * not the promise of them: work that belongs to a request dies with it, and whoever waited for it would wait for ever.
 */
let loaded: { readonly texts: string; readonly keys: MasterKeys } | undefined;

/**
 * Imports the master keys as non-extractable keys and derives one key per purpose from each: once in an isolate, about a
 * millisecond, as long as the texts stay the same.
 *
 * @throws MasterKeyUnusable when a text does not pass `isUsableMasterKey`.
 */
export async function loadMasterKeys(newestHex: string, previousHexes: readonly string[]): Promise<MasterKeys> {
  const texts = [newestHex, ...previousHexes].join();
  if (loaded?.texts === texts) return loaded.keys;
  const keys = await importMasterKeys(newestHex, previousHexes);
  loaded = { texts, keys };
  return keys;
}

async function importMasterKeys(newestHex: string, previousHexes: readonly string[]): Promise<MasterKeys> {
  const newestBytes = masterKeyBytes(newestHex);
  const newestSource = await derivationSource(newestBytes);
  const newest = await masterKey(newestBytes, true);
  const previous = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const text of previousHexes) {
    const bytes = masterKeyBytes(text);
    if (bytes.toString() !== newestBytes.toString()) previous.set(bytes.toString(), bytes);
  }
  return {
    newest,
    all: [newest, ...(await Promise.all([...previous.values()].map((bytes) => masterKey(bytes, false))))],
    instructorSessions: await derived(newestSource, "instructor-session", HMAC_SHA_256, ["sign", "verify"]),
  };
}

const AES_256_GCM = { name: "AES-GCM", length: 256 };
const HMAC_SHA_256 = { name: "HMAC", hash: "SHA-256", length: 256 };

async function masterKey(bytes: Uint8Array<ArrayBuffer>, isNewest: boolean): Promise<MasterKey> {
  const sealingUsages = isNewest ? (["encrypt", "decrypt"] as const) : (["decrypt"] as const);
  const [source, digest, predecessor] = await Promise.all([
    derivationSource(bytes),
    crypto.subtle.digest("SHA-256", bytes),
    crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["decrypt"]),
  ]);
  const [openaiKey, webhookSecret, sentinel, recovery, tickets, callIds] = await Promise.all([
    derived(source, "seal/openai-key", AES_256_GCM, sealingUsages),
    derived(source, "seal/webhook-secret", AES_256_GCM, sealingUsages),
    derived(source, "seal/sentinel", AES_256_GCM, sealingUsages),
    derived(source, "recovery-phrase", HMAC_SHA_256, ["sign"]),
    derived(source, "ticket", HMAC_SHA_256, isNewest ? ["sign", "verify"] : ["verify"]),
    derived(source, "call-id", HMAC_SHA_256, ["sign"]),
  ]);
  const kid = Array.from(new Uint8Array(digest, 0, 4), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return {
    kid,
    sealing: { "openai-key": openaiKey, "webhook-secret": webhookSecret, sentinel },
    predecessor,
    recovery,
    tickets,
    callIds,
  };
}

const derivationSource = (bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"]);

/** HKDF-SHA-256 (RFC 5869) without salt: the master key is already uniformly random (section 3.1 there). */
function derived(
  source: CryptoKey,
  purpose: string,
  algorithm: typeof AES_256_GCM | typeof HMAC_SHA_256,
  usages: readonly ("encrypt" | "decrypt" | "sign" | "verify")[],
): Promise<CryptoKey> {
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8(`callroom/v2/${purpose}`) };
  return crypto.subtle.deriveKey(hkdf, source, algorithm, false, [...usages]);
}

function masterKeyBytes(text: string): Uint8Array<ArrayBuffer> {
  if (!isUsableMasterKey(text)) throw new MasterKeyUnusable();
  const hex = text.trim();
  return Uint8Array.from({ length: 32 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}
