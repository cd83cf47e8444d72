import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import type { Lending } from "../../src/protocol/bill.ts";
import { parseWorkshopId } from "../../src/protocol/ids.ts";
import { workshopDirectory } from "../../src/workshop/workshop-directory.ts";
import { workshopStub } from "../../src/workshop/workshop-object.ts";
import { Network } from "../call/sleeping-call.workerd.ts";
import { entry, studentId, summary, token } from "./class.ts";
import { asking, UNLIMITED, verdict } from "./funding.ts";
import { openPage, openWall, sleep } from "./listener.workerd.ts";

beforeEach(() => {
  vi.spyOn(console, "log").mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const limits = (changed: Partial<Lending>): Lending => ({ ...UNLIMITED, ...changed });
const page = (student: number) => ({
  sessionToken: token(student),
  studentId: studentId(student),
  name: `Student ${student}`,
  keyStatus: null,
});

describe("the money of a workshop's object", { timeout: 30_000 }, () => {
  it("FUNDS-20 survives a sleep: what was spent, what is held, what is lent", async () => {
    const stub = workshopStub(env, "money-sleep");
    await stub.lendingChanged(limits({ poolMicroUsd: 100 }));
    await stub.ownCapChanged(token(9), 50);
    await stub.funds(asking(1, 1, { spentMicroUsd: 30, needMicroUsd: 40 }));
    await sleep("money-sleep");
    // The request says that there is no limit; the object knows better.
    expect(verdict(await stub.funds(asking(2, 2, { needMicroUsd: 31 })))).toBe("pool_used");
    expect(verdict(await stub.funds(asking(2, 2, { needMicroUsd: 30 })))).toBe("granted");
    expect(verdict(await stub.funds(asking(3, 9, { payer: "student", needMicroUsd: 51 })))).toBe("own_cap_used");
  });

  it("FUNDS-21 answers many calls that ask at the same moment as if they came one by one", async () => {
    const stub = workshopStub(env, "money-race");
    await stub.lendingChanged(limits({ poolMicroUsd: 1_000 }));
    const replies = await Promise.all(
      Array.from({ length: 100 }, (_, call) => stub.funds(asking(call, call % 10, { needMicroUsd: 30 }))),
    );
    expect(replies.filter(({ granted }) => granted)).toHaveLength(33);
  });

  it("FUNDS-23 frees what a call held when it leaves", async () => {
    const stub = workshopStub(env, "money-leave");
    await stub.lendingChanged(limits({ poolMicroUsd: 100 }));
    const call = entry(1, 1, { keySource: "instructor" });
    await stub.enter(call);
    await stub.funds(asking(1, 1, { needMicroUsd: 100 }));
    await stub.leave({ entry: call, summary: summary({ keySource: "instructor" }), report: { messages: [] } });
    expect(verdict(await stub.funds(asking(2, 2, { needMicroUsd: 100 })))).toBe("granted");
  });

  it("FUNDS-24 shows consoles and pages the numbers that count, as they change", async () => {
    const stub = workshopStub(env, "money-shown");
    const told = limits({ poolMicroUsd: 1_000, studentMicroUsd: 100 });
    await stub.lendingChanged(told);
    const wall = await openWall("money-shown");
    const ada = await openPage("money-shown", page(1));
    const bob = await openPage("money-shown", page(2));
    const { allowed: _, ...shownLimits } = told;
    const start = await wall.until(() => wall.of("wall-start")[0], "the wall");
    expect(start.money).toEqual({ limits: shownLimits, spentMicroUsd: 0, heldMicroUsd: 0 });
    await stub.funds(asking(1, 1, { spentMicroUsd: 85, needMicroUsd: 5 }));
    const shown = await wall.until(() => wall.of("money").at(-1), "the pool");
    expect(shown.money).toEqual({ limits: shownLimits, spentMicroUsd: 85, heldMicroUsd: 5 });
    const tile = await wall.until(
      () => wall.of("wall").findLast(({ students }) => students.some(({ lentMicroUsd }) => lentMicroUsd === 85)),
      "the tile",
    );
    expect(tile.students[0]).toMatchObject({ studentId: studentId(1), heldMicroUsd: 5 });
    const low = await ada.until(() => ada.of("money").at(-1), "the page");
    expect(low.money.lent).toEqual({ of: "student", limitMicroUsd: 100, spentMicroUsd: 85, stage: "low" });
    expect((await bob.until(() => bob.of("money").at(-1), "the other page")).money.lent).toMatchObject({ of: "pool" });
  });

  it("FUNDS-25 learns from who comes what it was never told, and nothing after that", async () => {
    const lending = limits({ poolMicroUsd: 70 });
    const ada = await openPage("money-learn", { ...page(1), lending, ownCapMicroUsd: 40 });
    const start = await ada.until(() => ada.of("live-start")[0], "the start");
    expect(start.money).toMatchObject({
      lent: { of: "pool", limitMicroUsd: 70 },
      own: { of: "own", limitMicroUsd: 40 },
    });
    const stub = workshopStub(env, "money-learn");
    await stub.lendingChanged(limits({ poolMicroUsd: 50 }));
    const again = await openPage("money-learn", { ...page(1), lending, ownCapMicroUsd: 10 });
    expect((await again.until(() => again.of("live-start")[0], "the start")).money).toMatchObject({
      lent: { limitMicroUsd: 50 },
      own: { limitMicroUsd: 40 },
    });
  });

  it("FUNDS-26 forgets with its workshop, and keeps the amounts of a student who is erased", async () => {
    const id = parseWorkshopId("moneygone");
    if (!id) throw new Error("not an id");
    const directory = workshopDirectory(env);
    await directory.lendingChanged(id, limits({ poolMicroUsd: 100 }));
    await directory.funds(id, asking(1, 1, { spentMicroUsd: 60 }));
    await directory.studentGone(id, token(1));
    expect(verdict(await directory.funds(id, asking(2, 2, { needMicroUsd: 41 })))).toBe("pool_used");
    // Its row is gone.
    vi.spyOn(globalThis, "fetch").mockImplementation(new Network().fetch);
    await directory.closingChanged(id);
    expect(verdict(await directory.funds(id, asking(3, 3, { needMicroUsd: 1_000 })))).toBe("fallback_off");
    await runInDurableObject(workshopStub(env, id), (_, { storage: { sql } }) => {
      expect(sql.exec("select * from accounts union all select *, 0, 0, 0, 0, 0, 0 from lending").toArray()).toEqual(
        [],
      );
    });
  });

  it("FUNDS-28 counts on what a row says that nobody can read any more", async () => {
    const stub = workshopStub(env, "money-unread");
    await stub.lendingChanged(limits({ poolMicroUsd: 100, studentMicroUsd: 100 }));
    await stub.funds(asking(1, 1, { spentMicroUsd: 30 }));
    await stub.funds(asking(2, 1, { spentMicroUsd: 40 }));
    await stub.funds(asking(3, 1, { spentMicroUsd: 20, payer: "student" }));
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec("update accounts set call_id = 'old-' || call_id where spent_micro_usd <> 40");
      storage.sql.exec("update accounts set session_token = 'unknown' where spent_micro_usd = 40");
    });
    await sleep("money-unread");
    expect(await stub.funds(asking(4, 2, { needMicroUsd: 31 }))).toMatchObject({
      granted: false,
      reason: "pool_used",
      budget: { of: "pool", spentMicroUsd: 70 },
    });
    expect(verdict(await stub.funds(asking(4, 2, { needMicroUsd: 30 })))).toBe("granted");
  });

  it("FUNDS-29 shows two consoles the same, whichever came first", async () => {
    const stub = workshopStub(env, "money-two");
    await stub.lendingChanged(limits({ poolMicroUsd: 1_000 }));
    const first = await openWall("money-two");
    await first.until(() => first.of("wall-start")[0], "the first console");
    await stub.funds(asking(1, 1, { spentMicroUsd: 60, needMicroUsd: 5 }));
    const second = await openWall("money-two");
    const start = await second.until(() => second.of("wall-start")[0], "the second console");
    expect(start.money).toMatchObject({ spentMicroUsd: 60, heldMicroUsd: 5 });
    const shown = await first.until(() => first.of("money").at(-1), "the first console's news");
    expect(shown.money).toEqual(start.money);
    await stub.funds(asking(1, 1, { spentMicroUsd: 65 }));
    for (const wall of [first, second]) {
      await wall.until(() => wall.of("money").at(-1)?.money.spentMicroUsd === 65, "what was spent since");
      expect(wall.of("money").at(-1)?.money.heldMicroUsd).toBe(0);
    }
  });

  it("FUNDS-27 has all of it back when nobody gave it back", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const stub = workshopStub(env, "money-expiry");
    await stub.lendingChanged(limits({ poolMicroUsd: 100 }));
    await stub.funds(asking(1, 1, { needMicroUsd: 100 }));
    expect(verdict(await stub.funds(asking(2, 2, { needMicroUsd: 1 })))).toBe("pool_used");
    // Also when it slept all the while.
    await sleep("money-expiry");
    vi.setSystemTime(Date.now() + LIMITS.reservationMs);
    expect(verdict(await stub.funds(asking(2, 2, { needMicroUsd: 100 })))).toBe("granted");
  });
});
