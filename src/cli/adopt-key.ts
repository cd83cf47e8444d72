import { ApiKey } from "../vault/api-key.ts";
import type { MasterKeys } from "../vault/master-keys.ts";
import { SealedKeyUnreadable, seal, sealedWith, unseal } from "../vault/seal.ts";

/** Why a key cannot be taken. */
export const KEY_FAULTS = ["not-opened", "unknown-kid", "no-openai-key", "no-format"] as const;
export type KeyFault = (typeof KEY_FAULTS)[number];

export const KEY_FAULT_WORDS: Readonly<Record<KeyFault, string>> = {
  "not-opened": "no master key opens it: it is damaged, or was sealed under another one",
  "unknown-kid": "it was sealed by a Callroom, under a master key that is not configured",
  "no-openai-key": "it opens, and what is in it is no OpenAI key",
  "no-format": "it is neither a sealed value nor an OpenAI key",
};

/** What lies in a key's column. */
export type KeyReading =
  | { readonly is: "none" }
  | {
      readonly is: "readable";
      /** As it lies there; `plaintext` is not sealed at all. */
      readonly as: "predecessor" | "callroom" | "plaintext";
      /** Whether the Worker could open it as it lies there. */
      readonly opensHere: boolean;
      readonly apiKey: ApiKey;
    }
  | { readonly is: "unreadable"; readonly fault: KeyFault };

export interface Rings {
  /** The Worker's own: seals, and opens what it could open. */
  readonly own: MasterKeys;
  /** The same, and the predecessor's master key where it is another: opens. */
  readonly all: MasterKeys;
}

/** Reads what a row of the predecessor's or of ours has in the place of a key. */
export async function readKey({ own, all }: Rings, sessionToken: string, stored: string | null): Promise<KeyReading> {
  if (stored === null || stored.trim() === "") return { is: "none" };
  const shape = sealedWith(stored);
  if (shape.format === "unreadable") {
    const apiKey = ApiKey.parse(stored);
    return apiKey
      ? { is: "readable", as: "plaintext", opensHere: false, apiKey }
      : { is: "unreadable", fault: "no-format" };
  }
  const here = await opened(own, sessionToken, stored);
  const clear = here ?? (await opened(all, sessionToken, stored));
  if (clear === undefined) {
    const isStrange = shape.format === "v2" && all.all.every(({ kid }) => kid !== shape.kid);
    return { is: "unreadable", fault: isStrange ? "unknown-kid" : "not-opened" };
  }
  const apiKey = ApiKey.parse(clear);
  if (!apiKey) return { is: "unreadable", fault: "no-openai-key" };
  const as = shape.format === "v2" ? "callroom" : "predecessor";
  return { is: "readable", as, opensHere: here !== undefined, apiKey };
}

/** The key as it is to be stored. */
export async function sealedKeyOf(
  { own }: Rings,
  sessionToken: string,
  apiKey: ApiKey,
  randomBytes: (count: number) => Uint8Array,
): Promise<{ readonly sealed: string; readonly hint: string }> {
  const binding = { purpose: "openai-key", sessionToken } as const;
  const sealed = await apiKey.use((clear) => seal(own, binding, clear, randomBytes));
  return { sealed, hint: apiKey.hint };
}

/** Whether any of the sealed values opens; `none`: there are no sealed values. */
export async function anyOpens(
  rings: Rings,
  pages: AsyncIterable<readonly { readonly token: string; readonly key: string }[]>,
): Promise<"yes" | "no" | "none"> {
  let isSealed = false;
  for await (const page of pages) {
    for (const { token, key } of page) {
      if (sealedWith(key).format === "unreadable") continue;
      isSealed = true;
      if ((await opened(rings.all, token, key)) !== undefined) return "yes";
    }
  }
  return isSealed ? "no" : "none";
}

async function opened(keys: MasterKeys, sessionToken: string, sealed: string): Promise<string | undefined> {
  try {
    return (await unseal(keys, { purpose: "openai-key", sessionToken }, sealed)).plaintext;
  } catch (thrown) {
    if (thrown instanceof SealedKeyUnreadable) return undefined;
    throw thrown;
  }
}
