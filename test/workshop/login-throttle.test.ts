import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import {
  decideLogin,
  forgottenAtMs,
  type LoginEvent,
  type LoginState,
  type LoginVerdict,
  NO_LOGINS,
} from "../../src/workshop/login-throttle.ts";

const NOW = 1_800_000_000_000;

/** Tries of one address, each as soon as it may, beginning at `NOW`; the waits between them in seconds. */
function tries(events: readonly LoginEvent[]): { waits: number[]; state: LoginState; nowMs: number } {
  let state = NO_LOGINS;
  let nowMs = NOW;
  const waits = events.map((event) => {
    let waited = 0;
    for (;;) {
      const [verdict, after] = decideLogin(state, event, nowMs);
      state = after;
      if (verdict.outcome !== "throttled") return waited;
      waited += verdict.retryAfterSeconds;
      nowMs += verdict.retryAfterSeconds * 1_000;
    }
  });
  return { waits, state, nowMs };
}

const wrong = (count: number): LoginEvent[] => Array.from({ length: count }, () => "wrong");

describe("tries of the instructor's token", () => {
  it("WORKSHOP-4 five wrong ones of an address are free, then each waits twice as long, up to a quarter of an hour", () => {
    const { waits } = tries(wrong(17));
    expect(waits).toEqual([0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
  });

  it("WORKSHOP-5 while an address waits not even the right token passes, and nothing is counted", () => {
    const { state, nowMs } = tries(wrong(6));
    const early: LoginVerdict = { outcome: "throttled", retryAfterSeconds: 4 };
    for (const event of ["right", "wrong"] as const) {
      expect(decideLogin(state, event, nowMs)).toEqual([early, state]);
    }
    const [verdict, after] = decideLogin(state, "right", nowMs + 4_000);
    expect([verdict, after.address.wrong]).toEqual([{ outcome: "passed" }, 0]);
  });

  it("WORKSHOP-4 a right token forgets the wrong ones before it, and so does a day", () => {
    expect(tries([...wrong(5), "right", ...wrong(5), "wrong"]).waits).toEqual([0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 2]);
    const { state, nowMs } = tries(wrong(9));
    const [verdict, after] = decideLogin(state, "wrong", nowMs + LIMITS.loginForgetMs);
    expect([verdict, after.address.wrong]).toEqual([{ outcome: "wrong" }, 1]);
  });

  it("WORKSHOP-6 all addresses together have a ceiling, which only one that was right before passes", () => {
    let all = NO_LOGINS.all;
    for (let address = 0; address < LIMITS.loginsWrongInAll; address += 1) {
      const [verdict, after] = decideLogin({ ...NO_LOGINS, all }, "wrong", NOW);
      expect(verdict).toEqual({ outcome: "wrong" });
      all = after.all;
    }
    const wait = LIMITS.loginsWindowMs / 1_000;
    for (const event of ["right", "wrong"] as const) {
      const [verdict, after] = decideLogin({ ...NO_LOGINS, all }, event, NOW);
      expect(verdict).toEqual({ outcome: "throttled", retryAfterSeconds: wait });
      // Of an address that only met the ceiling nothing is kept.
      expect(forgottenAtMs(after.address)).toBe(0);
    }
    const known = { ...NO_LOGINS.address, trustedUntilMs: NOW + 1 };
    expect(decideLogin({ address: known, all }, "right", NOW)[0]).toEqual({ outcome: "passed" });
    expect(decideLogin({ address: known, all }, "right", NOW + 1)[0].outcome).toBe("throttled");
    expect(decideLogin({ ...NO_LOGINS, all }, "right", NOW + LIMITS.loginsWindowMs)[0]).toEqual({ outcome: "passed" });
  });

  it("WORKSHOP-6 one address alone never comes near the ceiling, so it shuts nobody out", () => {
    const counts = Array.from({ length: 60 }, (_, tried) => tries(wrong(tried)).state.all.wrong);
    expect(Math.max(...counts)).toBeLessThan(20);
  });

  it("WORKSHOP-7 what is kept of an address has an end", () => {
    expect(forgottenAtMs(NO_LOGINS.address)).toBe(0);
    expect(forgottenAtMs({ wrong: 1, lastWrongAtMs: NOW, trustedUntilMs: 0 })).toBe(NOW + LIMITS.loginForgetMs);
    const trustedUntilMs = NOW + LIMITS.loginTrustMs;
    expect(forgottenAtMs({ wrong: 0, lastWrongAtMs: 0, trustedUntilMs })).toBe(trustedUntilMs);
  });
});
