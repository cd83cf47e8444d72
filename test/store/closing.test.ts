import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import {
  callIdFrom,
  parseJoinCode,
  parseSessionToken,
  parseWorkshopId,
  type SessionToken,
  type WorkshopId,
} from "../../src/protocol/ids.ts";
import { archiveCall } from "../../src/store/calls.ts";
import { closeWorkshop, deleteKeysIfDue, eraseIfDue, findClosing, reopenWorkshop } from "../../src/store/closing.ts";
import { findTakeaway, reportOf } from "../../src/store/closing-report.ts";
import { joinWorkshop } from "../../src/store/joining.ts";
import { forgetKey, replaceKey, storeWebhookSecret } from "../../src/store/sealed-keys.ts";
import { enrolStudent, eraseStudent, findStudent, patchStudent, saveLegacyConfig } from "../../src/store/students.ts";
import { ensureDefaultWorkshop } from "../../src/store/workshops.ts";
import { chargeOf } from "../pricing/samples.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

const NOON = Date.UTC(2026, 10, 1, 12);
const HOUR_MS = 3_600_000;
const autumn = { id: parseWorkshopId("w1")!, name: "Autumn", joinCode: parseJoinCode("MAPLE-7")! };
const winter = { id: parseWorkshopId("w2")!, name: "Winter", joinCode: parseJoinCode("OAK-7")! };
const key = { sealed: "v2:1:a:b:c", hint: "wxyz", status: "connected", atMs: NOON } as const;

describe("closing a workshop", () => {
  let under: DatabaseUnderTest;
  let calls = 0;
  beforeAll(async () => {
    under = await openDatabaseUnderTest();
    await under.migrate();
  }, OPEN_MS);
  afterAll(() => under.close());
  beforeEach(async () => {
    for (const table of ["student_configs", "workshops", "charges"]) await under.sql(`delete from ${table}`);
    await ensureDefaultWorkshop(under.db, autumn);
    await ensureDefaultWorkshop(under.db, winter);
  });

  const student = async (name: string, workshopId: WorkshopId = autumn.id): Promise<SessionToken> => {
    const sessionToken = parseSessionToken(`wst_${name}`)!;
    const config = { prompt: "Be kind.", greeting: null, voice: null, toolsJson: null };
    await enrolStudent(under.db, { sessionToken, workshopId, name, email: null, origin: "joined", ...config });
    await replaceKey(under.db, sessionToken, { ...key, hint: name.slice(0, 4) });
    return sessionToken;
  };
  /** A call of a minute with an answer; `costMicroUsd` null: nobody knows its price. */
  const called = async (
    sessionToken: SessionToken,
    payer: "student" | "instructor",
    costMicroUsd: number | null,
    workshopId: WorkshopId = autumn.id,
  ) => {
    calls += 1;
    const call = {
      id: callIdFrom(new Uint8Array(16).fill(calls)),
      revision: 1,
      sessionToken,
      workshopId,
      wayIn: "browser" as const,
      startedAtMs: NOON,
      endedAtMs: NOON + 60_000,
      endReason: "caller-left" as const,
      keySource: payer,
      model: "gpt-realtime-2.1-mini",
      transcriptionModel: null,
      usage: NO_USAGE,
    };
    const turn = { seq: 1, revision: 1, speaker: "caller" as const, startedAtMs: NOON, text: "Secret words." };
    const rest = { heardText: null, toolCall: null, timings: null, usage: null, failure: null };
    const archived = {
      call,
      turns: [{ ...turn, ...rest }],
      charges: [chargeOf({ payer, costMicroUsd, upstreamId: `resp_${calls}` })],
      costMicroUsd,
    };
    return { archive: () => archiveCall(under.db, archived), outcome: await archiveCall(under.db, archived) };
  };
  const close = (keysAtMs: number, eraseAtMs: number, nowMs = NOON) =>
    closeWorkshop(under.db, autumn.id, { keysAtMs, eraseAtMs }, nowMs);
  const closingOf = async () => (await findClosing(under.db, autumn.id))?.closing;
  const keysOf = async (id: WorkshopId) =>
    (await under.sql("select 1 from student_configs where workshop_id = $1 and openai_api_key is not null", id)).length;

  it("CLOSE-11 is written once; later dates take the place of those that have not come", async () => {
    const first = {
      closedAtMs: NOON,
      keysAtMs: NOON,
      keysDeletedAtMs: null,
      eraseAtMs: NOON + HOUR_MS,
      erasedAtMs: null,
    };
    expect(await close(NOON, NOON + HOUR_MS)).toMatchObject({ id: "w1", closing: first });
    await deleteKeysIfDue(under.db, autumn.id, NOON + 1, true);
    // The keys are gone: only the other date is still one.
    expect(await close(NOON + 3 * HOUR_MS, NOON + 4 * HOUR_MS, NOON + 5)).toMatchObject({
      closing: { ...first, keysDeletedAtMs: NOON + 1, eraseAtMs: NOON + 4 * HOUR_MS },
    });
    await eraseIfDue(under.db, autumn.id, NOON + 4 * HOUR_MS);
    expect(await close(NOON, NOON)).toBe("erased");
    expect(await reopenWorkshop(under.db, autumn.id)).toBe("erased");
    expect(await closeWorkshop(under.db, parseWorkshopId("none")!, { keysAtMs: 1, eraseAtMs: 1 }, 1)).toBeUndefined();
    expect(await reopenWorkshop(under.db, parseWorkshopId("none")!)).toBeUndefined();
  });

  it("CLOSE-12 of two consoles at once one word counts, whole", async () => {
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([close(NOON + 1, NOON + 2), close(NOON + 3, NOON + 4), close(NOON + 5, NOON + 6)]);
      const { keysAtMs = 0, eraseAtMs } = (await closingOf()) ?? {};
      expect(eraseAtMs).toBe(keysAtMs + 1);
      await Promise.all([close(NOON + 1, NOON + 2), reopenWorkshop(under.db, autumn.id)]);
      await reopenWorkshop(under.db, autumn.id);
      expect(await closingOf()).toBeNull();
    }
  });

  it("CLOSE-13 deletes keys at their date and not before, in this workshop alone, and keeps their hints", async () => {
    const ada = await student("ada");
    await student("grace", winter.id);
    await close(NOON + HOUR_MS, NOON + 2 * HOUR_MS);
    expect(await deleteKeysIfDue(under.db, autumn.id, NOON + HOUR_MS - 1, true)).toMatchObject({
      closing: { keysDeletedAtMs: null },
    });
    expect(await keysOf(autumn.id)).toBe(1);
    // While a live call may still hold one, they are gone from here and not yet said to be.
    await deleteKeysIfDue(under.db, autumn.id, NOON + HOUR_MS, false);
    expect([await keysOf(autumn.id), (await closingOf())?.keysDeletedAtMs]).toEqual([0, null]);
    await deleteKeysIfDue(under.db, autumn.id, NOON + HOUR_MS + 5, true);
    await deleteKeysIfDue(under.db, autumn.id, NOON + HOUR_MS + 9, true);
    expect((await closingOf())?.keysDeletedAtMs).toBe(NOON + HOUR_MS + 5);
    expect((await findTakeaway(under.db, ada))?.key).toEqual({ hint: "ada", deletedAtMs: expect.any(Number) });
    expect(await keysOf(winter.id)).toBe(1);
    expect(await findStudent(under.db, ada)).toMatchObject({
      keyHint: null,
      keyStatus: null,
      config: { prompt: "Be kind." },
    });
  });

  it("CLOSE-14 a key that is deleted leaves its hint, until there is another", async () => {
    const ada = await student("ada");
    const keyOf = async () => (await findTakeaway(under.db, ada))?.key;
    expect(await keyOf()).toEqual({ hint: "ada", deletedAtMs: null });
    await forgetKey(under.db, ada);
    const deleted = await keyOf();
    expect(deleted).toEqual({ hint: "ada", deletedAtMs: expect.any(Number) });
    // There is nothing to delete any more: what was known stays.
    await forgetKey(under.db, ada);
    await saveLegacyConfig(under.db, ada, { key: null }, { enrol: true });
    expect(await keyOf()).toEqual(deleted);
    await saveLegacyConfig(under.db, ada, { key: { ...key, hint: "bbbb" } }, { enrol: true });
    expect(await keyOf()).toEqual({ hint: "bbbb", deletedAtMs: null });
    await saveLegacyConfig(under.db, ada, { key: null }, { enrol: false });
    expect(await keyOf()).toMatchObject({ hint: "bbbb" });
    await replaceKey(under.db, ada, { ...key, hint: "cccc" });
    expect(await under.sql("select deleted_key_hint, key_deleted_at from student_configs")).toEqual([
      { deleted_key_hint: null, key_deleted_at: null },
    ]);
    const fresh = parseSessionToken("wst_fresh")!;
    await saveLegacyConfig(under.db, fresh, { key: null }, { enrol: true, workshopId: autumn.id });
    expect((await findTakeaway(under.db, fresh))?.key).toBeNull();
  });

  it("CLOSE-15 takes in no key and nobody else", async () => {
    const ada = await student("ada");
    await close(NOON, NOON + HOUR_MS);
    await deleteKeysIfDue(under.db, autumn.id, NOON, true);
    expect(await replaceKey(under.db, ada, key)).toBe(false);
    expect(await saveLegacyConfig(under.db, ada, { key }, { enrol: true })).toBeUndefined();
    expect(await saveLegacyConfig(under.db, ada, { key }, { enrol: false })).toBeUndefined();
    expect(await saveLegacyConfig(under.db, ada, { prompt: "Be brief." }, { enrol: false })).toBeDefined();
    const joiner = { workshopId: autumn.id, name: "Bo", email: null, greeting: "Hello", toolsJson: [] };
    const bo = { ...joiner, sessionToken: parseSessionToken("wst_bo")!, recoveryDigest: "digest" };
    expect(await joinWorkshop(under.db, bo)).toBe("closed");
    expect(await keysOf(autumn.id)).toBe(0);
    // Opened again, both come in.
    await reopenWorkshop(under.db, autumn.id);
    expect(await replaceKey(under.db, ada, key)).toBe(true);
    expect(await joinWorkshop(under.db, bo)).toMatchObject({ name: "Bo" });
  });

  it("CLOSE-16 erases everybody at its date, and keeps sums without a name", async () => {
    const [ada, bo, hedy] = [await student("ada"), await student("bo"), await student("hedy", winter.id)];
    await patchStudent(under.db, ada, { prompt: "Be brief." }, NOON);
    await storeWebhookSecret(under.db, ada, { sealed: "v2:1:s:e:c", onlyIfAbsent: false });
    await called(ada, "student", 70);
    await called(ada, "instructor", 11);
    await called(bo, "instructor", 13);
    await called(hedy, "student", 5, winter.id);
    const before = await reportOf(under.db, autumn.id);
    expect(before?.rows).toMatchObject([
      {
        name: "ada",
        key: { hint: "ada", deletedAtMs: null },
        calls: 2,
        ms: 120_000,
        ownMicroUsd: 70,
        lentMicroUsd: 11,
      },
      { name: "bo", calls: 1, ms: 60_000, ownMicroUsd: 0, lentMicroUsd: 13 },
    ]);
    await close(NOON, NOON + HOUR_MS);
    await eraseIfDue(under.db, autumn.id, NOON + HOUR_MS - 1);
    expect((await reportOf(under.db, autumn.id))?.rows).toEqual(before?.rows);
    const erased = await eraseIfDue(under.db, autumn.id, NOON + HOUR_MS);
    expect(erased?.closing).toMatchObject({ keysDeletedAtMs: NOON + HOUR_MS, erasedAtMs: NOON + HOUR_MS });
    expect((await reportOf(under.db, autumn.id))?.rows).toEqual([
      { studentId: null, name: null, key: null, calls: 3, ms: 180_000, ownMicroUsd: 70, lentMicroUsd: 24 },
    ]);
    // Once more changes nothing, and takes along whoever has slipped in.
    await under.sql("insert into student_configs (session_token, workshop_id) values ('wst_late', 'w1')");
    await eraseIfDue(under.db, autumn.id, NOON + 2 * HOUR_MS);
    expect((await closingOf())?.erasedAtMs).toBe(NOON + HOUR_MS);
    expect((await reportOf(under.db, autumn.id))?.rows).toMatchObject([{ calls: 3, ms: 180_000, lentMicroUsd: 24 }]);
    const left = await under.sql(
      `select (select count(*) from student_configs) as students, (select count(*) from calls) as calls,
       (select count(*) from turns) as turns, (select count(*) from prompt_versions where session_token <> 'wst_hedy') as versions,
       (select count(*) from charges where workshop_id = 'w1' and session_token is not null) as named,
       (select count(*) from charges where workshop_id = 'w1' and payer = 'student') as own`,
    );
    expect(left).toEqual([{ students: "1", calls: "1", turns: "1", versions: "0", named: "0", own: "0" }]);
  });

  it("CLOSE-17 is brought nothing back by a call that is archived late", async () => {
    const ada = await student("ada");
    const own = await called(ada, "student", 70);
    const lent = await called(ada, "instructor", 11);
    await close(NOON, NOON);
    await eraseIfDue(under.db, autumn.id, NOON);
    expect([await own.archive(), await lent.archive()]).toEqual(["student-gone", "student-gone"]);
    expect(await under.sql("select session_token, cost_micro_usd from charges")).toEqual([
      { session_token: null, cost_micro_usd: "11" },
    ]);
    expect(await under.sql("select 1 from calls union all select 1 from turns")).toEqual([]);
  });

  it("CLOSE-18 says of a sum that it is not known when a price is missing, before and after", async () => {
    const ada = await student("ada");
    await called(ada, "student", 70);
    await called(ada, "student", null);
    await called(ada, "instructor", null);
    const unknown = { calls: 3, ownMicroUsd: null, lentMicroUsd: null };
    expect(await findTakeaway(under.db, ada)).toMatchObject(unknown);
    await close(NOON, NOON);
    await eraseIfDue(under.db, autumn.id, NOON);
    expect((await reportOf(under.db, autumn.id))?.rows).toMatchObject([{ ...unknown, name: null }]);
    expect(await findTakeaway(under.db, ada)).toBeUndefined();
  });

  it("CLOSE-19 counts the calls of a student who was erased before, and what was lent to them, under no name", async () => {
    const [ada] = [await student("ada"), await student("bo")];
    await called(ada, "student", 70);
    await called(ada, "instructor", 11);
    expect(await eraseStudent(under.db, ada)).toBe(true);
    expect((await reportOf(under.db, autumn.id))?.rows).toMatchObject([
      { name: "bo", calls: 0 },
      { studentId: null, name: null, key: null, calls: 2, ms: 120_000, ownMicroUsd: 0, lentMicroUsd: 11 },
    ]);
  });

  it("CLOSE-20 erases beside calls that are archived, joins and deletions, and nobody waits for ever", async () => {
    for (let round = 0; round < 5; round += 1) {
      await reset();
      const tokens = await Promise.all(["a", "b", "c", "d"].map((name) => student(`${name}${round}`)));
      const archives = await Promise.all(tokens.map((token) => called(token, "instructor", 3)));
      await close(NOON, NOON);
      const outcomes = await Promise.allSettled([
        eraseIfDue(under.db, autumn.id, NOON),
        deleteKeysIfDue(under.db, autumn.id, NOON, true),
        eraseStudent(under.db, tokens[0]!),
        ...archives.map(({ archive }) => archive()),
        eraseIfDue(under.db, autumn.id, NOON),
      ]);
      expect(outcomes.filter(({ status }) => status === "rejected")).toEqual([]);
      expect(
        await under.sql("select 1 from student_configs where workshop_id = 'w1' union all select 1 from calls"),
      ).toEqual([]);
      expect((await reportOf(under.db, autumn.id))?.rows).toMatchObject([{ calls: 4, ms: 240_000, lentMicroUsd: 12 }]);
    }
  });

  const reset = async (): Promise<void> => {
    for (const table of ["student_configs", "workshops", "charges"]) await under.sql(`delete from ${table}`);
    await ensureDefaultWorkshop(under.db, autumn);
  };
});
