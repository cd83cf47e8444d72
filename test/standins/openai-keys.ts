import { missingScope, noCredit, type Refusal, tooFast, wrongKey } from "./openai-errors.ts";

/** What a key may do at the stand-in. */
export type KeyRole = "works" | "unknown" | "no-credit" | "restricted" | "no-list" | "rate-limited" | "slow";

/** `"any"`: the role follows from the key's text, see `KEY_WORDS`. A map: exactly these keys, all others are unknown. */
export type Keys = "any" | ReadonlyMap<string, KeyRole>;

/**
 * With `keys: "any"`, a key's role by a word in it, case ignored, first match; a key without any of them works. Every
 * key needs `sk-` and twelve characters in all, else it is unknown.
 */
export const KEY_WORDS: readonly (readonly [word: string, role: KeyRole, meaning: string])[] = [
  ["rejected", "unknown", "401 invalid_api_key everywhere"],
  ["wrong", "unknown", "401 invalid_api_key everywhere"],
  ["invalid", "unknown", "401 invalid_api_key everywhere"],
  ["nocredit", "no-credit", "429 insufficient_quota on paid routes; the list of models works"],
  ["restricted", "restricted", "403 on the list of models, 401 missing_scope on paid routes"],
  ["sk-admin-", "restricted", "as restricted: an admin key runs no models"],
  ["nolist", "no-list", "403 on the list of models; paid routes work"],
  ["ratelimit", "rate-limited", "429 rate_limit_exceeded, retry-after 1, on the first paid request only"],
  ["slow", "slow", "the first token comes after 8 s"],
];

export const SLOW_FIRST_TOKEN_MS = 8_000;
const SHORTEST_KEY = 12;

export function roleOf(keys: Keys, key: string): KeyRole {
  if (keys !== "any") return keys.get(key) ?? "unknown";
  if (!key.startsWith("sk-") || key.length < SHORTEST_KEY) return "unknown";
  const lower = key.toLowerCase();
  return KEY_WORDS.find(([word]) => lower.includes(word))?.[1] ?? "works";
}

/** The key of an `Authorization` header; `undefined` when there is none. */
export const bearerKey = (header: string | undefined): string | undefined =>
  /^Bearer +(\S.*)$/i.exec(header?.trim() ?? "")?.[1];

/** Which route a key is used on: listing is free, the others need credit and their own scope. */
export type RouteKind = "models" | "responses" | "chat";

const SCOPES: Readonly<Record<RouteKind, string>> = {
  models: "api.model.read",
  responses: "api.responses.write",
  chat: "model.request",
};

/** Decides who may use what. Remembers which rate-limited keys have had their refusal. */
export class KeyRules {
  readonly #keys: Keys;
  readonly #refusedOnce = new Set<string>();

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  role(key: string): KeyRole {
    return roleOf(this.#keys, key);
  }

  /** Known and allowed here? Comes before the body is looked at. */
  refuseKey(key: string, route: RouteKind): Refusal | undefined {
    switch (this.role(key)) {
      case "unknown":
        return wrongKey(key);
      case "restricted":
        return route === "models"
          ? missingScope(403, SCOPES.models, null)
          : missingScope(401, SCOPES[route], "missing_scope");
      case "no-list":
        return route === "models" ? missingScope(403, SCOPES.models, null) : undefined;
      default:
        return undefined;
    }
  }

  /** Money and pace of a paid request that is otherwise in order. */
  refuseSpending(key: string, model: string): Refusal | undefined {
    switch (this.role(key)) {
      case "no-credit":
        return noCredit();
      case "rate-limited":
        if (this.#refusedOnce.has(key)) return undefined;
        this.#refusedOnce.add(key);
        return tooFast(model, 1);
      default:
        return undefined;
    }
  }
}
