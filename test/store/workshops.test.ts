import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseJoinCode, parseWorkshopId } from "../../src/protocol/ids.ts";
import { ensureDefaultWorkshop, findWorkshopByJoinCode } from "../../src/store/workshops.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

const maple = { id: parseWorkshopId("w1")!, name: "Autumn", joinCode: parseJoinCode("MAPLE-7")! };

describe("workshops", () => {
  let under: DatabaseUnderTest;
  beforeAll(async () => {
    under = await openDatabaseUnderTest();
    await under.migrate();
  }, OPEN_MS);
  afterAll(() => under.close());
  beforeEach(async () => void (await under.sql("delete from workshops")));

  it("STORE-29 the default workshop is made once; what is stored wins over what is given later", async () => {
    const { requests } = under.neon.counted;
    const made = await ensureDefaultWorkshop(under.db, maple);
    expect(under.neon.counted.requests).toBe(requests + 1);
    expect(made).toEqual({
      ...maple,
      opensAtMs: null,
      closesAtMs: null,
      fallbackAllowed: true,
      callMaxMs: null,
      seats: null,
    });
    const again = await ensureDefaultWorkshop(under.db, { ...maple, name: "Other", joinCode: parseJoinCode("ASH-1")! });
    expect(again).toEqual(made);
    expect(await under.sql("select id from workshops")).toHaveLength(1);
  });

  it("STORE-30 a join code that another workshop has leads to that workshop", async () => {
    await ensureDefaultWorkshop(under.db, maple);
    expect(await ensureDefaultWorkshop(under.db, { ...maple, id: parseWorkshopId("w2")! })).toMatchObject(maple);
  });

  it("STORE-31 a workshop is found by its join code, with its dates and limits", async () => {
    await ensureDefaultWorkshop(under.db, maple);
    await under.sql(
      `update workshops set opens_at = '2026-11-01 08:00+00', closes_at = '2026-11-01 18:00+02', fallback_allowed = false,
       call_max_ms = 60000`,
    );
    expect(await findWorkshopByJoinCode(under.db, parseJoinCode(" maple-7 ")!)).toEqual({
      ...maple,
      opensAtMs: Date.UTC(2026, 10, 1, 8),
      closesAtMs: Date.UTC(2026, 10, 1, 16),
      fallbackAllowed: false,
      callMaxMs: 60_000,
      seats: null,
    });
    expect(await findWorkshopByJoinCode(under.db, parseJoinCode("MAPLE-8")!)).toBeUndefined();
  });
});
