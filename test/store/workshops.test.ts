import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseJoinCode, parseSessionToken, parseWorkshopId } from "../../src/protocol/ids.ts";
import { joinWorkshop } from "../../src/store/joining.ts";
import {
  deleteWorkshop,
  ensureDefaultWorkshop,
  findWorkshopByJoinCode,
  NEW_LENDING,
} from "../../src/store/workshops.ts";
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
      lending: NEW_LENDING,
      callMaxMs: null,
      seats: null,
      closing: null,
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
      lending: NEW_LENDING,
      callMaxMs: 60_000,
      seats: null,
      closing: null,
    });
    expect(await findWorkshopByJoinCode(under.db, parseJoinCode("MAPLE-8")!)).toBeUndefined();
  });

  it("STORE-46 who joins a workshop while it is deleted goes with it, or stays outside", async () => {
    for (let round = 0; round < 10; round++) {
      await under.sql("insert into workshops (id, name, join_code) values ('w1', 'Autumn', 'MAPLE-7')");
      const joining = Array.from({ length: 8 }, (_, at) =>
        joinWorkshop(under.db, {
          sessionToken: parseSessionToken(`wst_${round}_${at}`)!,
          workshopId: maple.id,
          name: "Ada",
          email: null,
          greeting: "Hello",
          toolsJson: [],
          recoveryDigest: `digest ${round} ${at}`,
        }),
      );
      expect(await deleteWorkshop(under.db, maple.id)).toBe(true);
      await Promise.all(joining);
      expect(await under.sql("select session_token from student_configs")).toEqual([]);
    }
  });

  it("STORE-46 the lock that joining waits for is taken before anything is removed", async () => {
    const sent: string[] = [];
    const batch: typeof under.db.batch = (queries) => {
      for (const query of queries) {
        if ("toSQL" in query && typeof query.toSQL === "function") sent.push(JSON.stringify(query.toSQL()));
      }
      return under.db.batch(queries);
    };
    await deleteWorkshop(Object.assign(Object.create(under.db), { batch }), maple.id);
    expect(sent[0]).toMatch(/"sql":"select .* from \\"workshops\\" where .* for update"/);
    expect(sent).toHaveLength(6);
  });
});
