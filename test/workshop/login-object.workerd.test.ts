import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";

const NOW = 1_800_000_000_000;

beforeEach(() => void vi.spyOn(Date, "now").mockReturnValue(NOW));
afterEach(() => void vi.restoreAllMocks());

const objectOf = (name: string) => env.LOGIN.get(env.LOGIN.idFromName(name));

/** Addresses that it keeps, straight from its storage. */
const addressesIn = (stub: ReturnType<typeof objectOf>): Promise<unknown[]> =>
  runInDurableObject(stub, async (_object, { storage }) =>
    storage.sql
      .exec("select address from addresses order by address")
      .toArray()
      .map(({ address }) => address),
  );

describe("the object that counts logins", () => {
  it("WORKSHOP-5 takes a burst one by one: of a right guess among many only an early one passes", async () => {
    const stub = objectOf("burst");
    const guesses = Array.from({ length: 40 }, (_, at) => stub.attempt("198.51.100.7", at === 30 ? "right" : "wrong"));
    const outcomes = (await Promise.all(guesses)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === "wrong")).toHaveLength(5);
    expect(outcomes).not.toContain("passed");
    expect((await stub.attempt("203.0.113.9", "right")).outcome).toBe("passed");
  });

  it("WORKSHOP-7 forgets addresses by alarm, and keeps none that only met the ceiling", async () => {
    const stub = objectOf("forget");
    for (let at = 0; at < LIMITS.loginsWrongInAll; at += 1) await stub.attempt(`10.0.0.${at}`, "wrong");
    expect((await stub.attempt("10.9.9.9", "right")).outcome).toBe("throttled");
    expect(await addressesIn(stub)).toHaveLength(LIMITS.loginsWrongInAll);
    vi.spyOn(Date, "now").mockReturnValue(NOW + LIMITS.loginForgetMs);
    expect((await stub.attempt("10.0.0.200", "right")).outcome).toBe("passed");
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await addressesIn(stub)).toEqual(["10.0.0.200"]);
  });
});
