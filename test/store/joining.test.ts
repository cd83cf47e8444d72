import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_TOOLS } from "../../src/protocol/agent-config.ts";
import { parseSessionToken, parseWorkshopId } from "../../src/protocol/ids.ts";
import { type Joiner, joinWorkshop } from "../../src/store/joining.ts";
import { findByRecoveryDigest, renewRecoveryDigest, storeRecoveryDigest } from "../../src/store/recovery.ts";
import { findStudent } from "../../src/store/students.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

let under: DatabaseUnderTest;
beforeAll(async () => {
  under = await openDatabaseUnderTest();
  await under.migrate();
}, OPEN_MS);
afterAll(() => under.close());

async function givenWorkshop(id: string, seats: number | null) {
  await under.sql(
    "insert into workshops (id, name, join_code, seats) values ($1, $1, $2, $3)",
    id,
    `CODE-${id}`,
    seats === null ? null : String(seats),
  );
  return parseWorkshopId(id)!;
}

let number = 0;
function joiner(workshopId: Joiner["workshopId"], name: string): Joiner {
  number += 1;
  return {
    sessionToken: parseSessionToken(`wst_${number}`)!,
    workshopId,
    name,
    email: null,
    greeting: "Hello",
    toolsJson: DEFAULT_TOOLS,
    recoveryDigest: `digest ${number}`,
  };
}

describe("joining", () => {
  it("JOIN-6 a student who joins is written whole, in one request", async () => {
    const workshopId = await givenWorkshop("whole", null);
    const someone = { ...joiner(workshopId, "Zoë \u{1f600}"), email: "zoe@example.org" };
    const { requests } = under.neon.counted;
    const joined = await joinWorkshop(under.db, someone);
    expect(under.neon.counted.requests).toBe(requests + 1);
    expect(await findStudent(under.db, someone.sessionToken)).toMatchObject({
      ...(typeof joined === "object" && { studentId: joined.studentId }),
      name: "Zoë \u{1f600}",
      email: "zoe@example.org",
      origin: "joined",
      toolsJson: DEFAULT_TOOLS,
      config: { greeting: "Hello", prompt: null, voice: null },
      recoveryDigest: someone.recoveryDigest,
      workshop: { id: workshopId },
      createdAtMs: expect.any(Number),
      updatedAtMs: expect.any(Number),
    });
  });

  it("JOIN-7 of fifty who join at once as many come in as there are seats, each with a name of their own", async () => {
    const workshopId = await givenWorkshop("seats", 20);
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, at) => joinWorkshop(under.db, joiner(workshopId, at % 2 === 0 ? "Ada" : "ADA"))),
    );
    const names = all.flatMap((joined) => (typeof joined === "object" ? [joined.name.toLowerCase()] : []));
    expect(all.filter((joined) => joined === "full")).toHaveLength(30);
    expect(names.toSorted()).toEqual(["ada", ...Array.from({ length: 19 }, (_, at) => `ada ${at + 2}`)].toSorted());
    const [row] = await under.sql("select count(*) from student_configs where workshop_id = 'seats'");
    expect(row?.count).toBe("20");
  });

  it("JOIN-8 a name is a name of its workshop: the same one elsewhere, and a gap, is free", async () => {
    const [here, there] = [await givenWorkshop("here", null), await givenWorkshop("there", null)];
    const nameIn = async (workshopId: Joiner["workshopId"], name: string) => {
      const joined = await joinWorkshop(under.db, joiner(workshopId, name));
      return typeof joined === "object" ? joined.name : joined;
    };
    expect(await nameIn(here, "Ada")).toBe("Ada");
    expect(await nameIn(there, "Ada")).toBe("Ada");
    expect(await nameIn(here, "ada")).toBe("ada 2");
    expect(await nameIn(here, "Ada 3")).toBe("Ada 3");
    expect(await nameIn(here, "Ada")).toBe("Ada 4");
    await under.sql("delete from student_configs where student_name = 'ada 2'");
    expect(await nameIn(here, "Ada")).toBe("Ada 2");
    expect(await nameIn(here, "A_a")).toBe("A_a");
    expect(await nameIn(here, "%")).toBe("%");
  });

  it("JOIN-9 a number behind the longest name still fits, and cuts no character", async () => {
    const workshopId = await givenWorkshop("long", null);
    const name = "\u{1f600}".repeat(50);
    await joinWorkshop(under.db, joiner(workshopId, name));
    const joined = await joinWorkshop(under.db, joiner(workshopId, name));
    expect(joined).toMatchObject({ name: `${"\u{1f600}".repeat(48)} 2` });
  });

  it("JOIN-10 a workshop that is gone has no seat, and no token or words are given out twice", async () => {
    expect(await joinWorkshop(under.db, joiner(parseWorkshopId("gone")!, "Ada"))).toBe("full");
    const workshopId = await givenWorkshop("twice", null);
    const first = joiner(workshopId, "Ada");
    await joinWorkshop(under.db, first);
    const { sessionToken, recoveryDigest } = first;
    expect(await joinWorkshop(under.db, { ...joiner(workshopId, "Eve"), sessionToken })).toBe("taken");
    expect(await joinWorkshop(under.db, { ...joiner(workshopId, "Eve"), recoveryDigest })).toBe("taken");
    expect(await under.sql("select 1 from student_configs where student_name = 'Eve'")).toEqual([]);
  });
});

describe("recovery digests", () => {
  it("ME-6 words lead to the one student who has them, under whichever master key they were kept", async () => {
    const workshopId = await givenWorkshop("words", null);
    const [ada, bo] = [joiner(workshopId, "Ada"), joiner(workshopId, "Bo")];
    await joinWorkshop(under.db, ada);
    await joinWorkshop(under.db, bo);
    const found = { sessionToken: ada.sessionToken, name: "Ada", digest: ada.recoveryDigest };
    expect(await findByRecoveryDigest(under.db, ["newer key", ada.recoveryDigest])).toEqual(found);
    expect(await findByRecoveryDigest(under.db, ["nobody's"])).toBeUndefined();
    expect(await findByRecoveryDigest(under.db, [ada.recoveryDigest, bo.recoveryDigest])).toBeUndefined();
  });

  it("ME-7 new words replace those before, and are never somebody else's", async () => {
    const workshopId = await givenWorkshop("newwords", null);
    const [ada, bo] = [joiner(workshopId, "Ada"), joiner(workshopId, "Bo")];
    await joinWorkshop(under.db, ada);
    await joinWorkshop(under.db, bo);
    expect(await storeRecoveryDigest(under.db, ada.sessionToken, "new")).toBe("stored");
    expect(await storeRecoveryDigest(under.db, ada.sessionToken, bo.recoveryDigest)).toBe("taken");
    expect(await storeRecoveryDigest(under.db, parseSessionToken("nobody")!, "newer")).toBe("unknown");
    expect(await findByRecoveryDigest(under.db, [ada.recoveryDigest])).toBeUndefined();
    expect(await findByRecoveryDigest(under.db, ["new"])).toMatchObject({ name: "Ada" });
    // A renewal that comes late finds other words there.
    await renewRecoveryDigest(under.db, ada.sessionToken, { from: ada.recoveryDigest, to: "late" });
    expect(await findByRecoveryDigest(under.db, ["new"])).toMatchObject({ name: "Ada" });
    await renewRecoveryDigest(under.db, ada.sessionToken, { from: "new", to: "renewed" });
    expect(await findByRecoveryDigest(under.db, ["renewed"])).toMatchObject({ name: "Ada" });
  });
});
