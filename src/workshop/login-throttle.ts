import { LIMITS } from "../limits.ts";

/** What is known of one network address that tried the instructor's token. */
export interface AddressLogins {
  /** Wrong tokens, one after the other. */
  readonly wrong: number;
  readonly lastWrongAtMs: number;
  /** It was right before, and until then the ceiling of all addresses does not stop it. */
  readonly trustedUntilMs: number;
}

/** Wrong tokens of all addresses since the window began. */
export interface AllLogins {
  readonly wrong: number;
  readonly sinceMs: number;
}

export interface LoginState {
  readonly address: AddressLogins;
  readonly all: AllLogins;
}

/** A token was compared: was it the right one? */
export type LoginEvent = "right" | "wrong";

/** `passed` only for a right token; a throttled one was not counted, and nobody is told whether it was right. */
export type LoginVerdict =
  | { readonly outcome: "passed" | "wrong" }
  | { readonly outcome: "throttled"; readonly retryAfterSeconds: number };

export const NO_LOGINS: LoginState = {
  address: { wrong: 0, lastWrongAtMs: 0, trustedUntilMs: 0 },
  all: { wrong: 0, sinceMs: 0 },
};

/**
 * Decides on one try. The verdict stands between the comparison and the reply, so that a right guess is worth nothing
 * while its address has to wait: the tries of a burst are taken one by one, whatever order they were compared in.
 */
export function decideLogin(state: LoginState, event: LoginEvent, nowMs: number): [LoginVerdict, LoginState] {
  const { address, all } = current(state, nowMs);
  const waitMs = Math.max(addressWaitMs(address, nowMs), ceilingWaitMs(address, all, nowMs));
  if (waitMs > 0) {
    return [
      { outcome: "throttled", retryAfterSeconds: Math.ceil(waitMs / 1_000) },
      { address, all },
    ];
  }
  if (event === "right") {
    const trusted = { wrong: 0, lastWrongAtMs: 0, trustedUntilMs: nowMs + LIMITS.loginTrustMs };
    return [{ outcome: "passed" }, { address: trusted, all }];
  }
  return [
    { outcome: "wrong" },
    {
      address: { ...address, wrong: address.wrong + 1, lastWrongAtMs: nowMs },
      all: { ...all, wrong: all.wrong + 1 },
    },
  ];
}

/** When nothing about an address matters any more, milliseconds since 1970. */
export const forgottenAtMs = ({ wrong, lastWrongAtMs, trustedUntilMs }: AddressLogins): number =>
  Math.max(trustedUntilMs, wrong === 0 ? 0 : lastWrongAtMs + LIMITS.loginForgetMs);

/** Without what has expired. */
function current({ address, all }: LoginState, nowMs: number): LoginState {
  const isOld = nowMs >= address.lastWrongAtMs + LIMITS.loginForgetMs;
  return {
    address: isOld ? { ...address, wrong: 0 } : address,
    all: nowMs >= all.sinceMs + LIMITS.loginsWindowMs ? { wrong: 0, sinceMs: nowMs } : all,
  };
}

/** 2 s after the last try without a wait, then twice as long each time. */
function addressWaitMs({ wrong, lastWrongAtMs }: AddressLogins, nowMs: number): number {
  const over = wrong - LIMITS.loginsWithoutWait;
  if (over < 0) return 0;
  return lastWrongAtMs + Math.min(2 ** (over + 1) * 1_000, LIMITS.loginWaitMaxMs) - nowMs;
}

function ceilingWaitMs({ trustedUntilMs }: AddressLogins, all: AllLogins, nowMs: number): number {
  if (all.wrong < LIMITS.loginsWrongInAll || nowMs < trustedUntilMs) return 0;
  return all.sinceMs + LIMITS.loginsWindowMs - nowMs;
}
