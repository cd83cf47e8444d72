import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseJoinCode, parseSessionToken, parseWorkshopId, type SessionToken } from "../../src/protocol/ids.ts";
import { keepPrompts, listPrompts, ONE_VERSION_MS, VERSIONS_KEPT } from "../../src/store/prompt-versions.ts";
import { students } from "../../src/store/schema.ts";
import { enrolStudent, patchStudent, saveLegacyConfig } from "../../src/store/students.ts";
import { ensureDefaultWorkshop } from "../../src/store/workshops.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

const workshop = { id: parseWorkshopId("w1")!, name: "Autumn", joinCode: parseJoinCode("MAPLE-7")! };
/** Later than the database's own clock, by which a student is made. */
const LATER = Date.now() + 3_600_000;

let under: DatabaseUnderTest;
beforeAll(async () => {
  under = await openDatabaseUnderTest();
  await under.migrate();
  await ensureDefaultWorkshop(under.db, workshop);
}, OPEN_MS);
afterAll(() => under.close());

let number = 0;
async function givenStudent(prompt: string | null = null): Promise<SessionToken> {
  number += 1;
  const sessionToken = parseSessionToken(`wst_${number}`)!;
  const rest = { name: null, email: null, greeting: null, voice: null, toolsJson: null } as const;
  await enrolStudent(under.db, { sessionToken, workshopId: workshop.id, origin: "joined", prompt, ...rest });
  return sessionToken;
}

const save = (token: SessionToken, prompt: string | null, atMs: number) =>
  patchStudent(under.db, token, { prompt }, LATER + atMs);
const prompts = async (token: SessionToken) => (await listPrompts(under.db, token)).map(({ prompt }) => prompt);

describe("prompt versions", () => {
  it("ME-10 the prompt before a change is kept, the first with the time at which the student came", async () => {
    const token = await givenStudent("Be kind.");
    expect(await listPrompts(under.db, token)).toEqual([]);
    await save(token, "Be brief.", 0);
    await save(token, null, ONE_VERSION_MS);
    const kept = await listPrompts(under.db, token);
    expect(kept).toEqual([
      { prompt: null, savedAtMs: LATER + ONE_VERSION_MS, savedBy: "student" },
      { prompt: "Be brief.", savedAtMs: LATER, savedBy: "student" },
      { prompt: "Be kind.", savedAtMs: expect.any(Number), savedBy: "student" },
    ]);
    expect(Math.abs((kept[2]?.savedAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it("ME-11 saves that follow each other within a minute are one version, however long that goes on", async () => {
    const token = await givenStudent("Be kind.");
    for (const [at, prompt] of ["B", "Be", "Be b", "Be brief."].entries()) {
      await save(token, prompt, at * (ONE_VERSION_MS - 1));
    }
    expect(await prompts(token)).toEqual(["Be brief.", "Be kind."]);
    await save(token, "Be brave.", 4 * ONE_VERSION_MS);
    expect(await prompts(token)).toEqual(["Be brave.", "Be brief.", "Be kind."]);
  });

  it("ME-12 what a student began with is never overwritten, not even by the first save right after", async () => {
    const token = await givenStudent(null);
    await patchStudent(under.db, token, { prompt: "Mine." }, Date.now());
    await patchStudent(under.db, token, { prompt: "Mine!" }, Date.now() + 1);
    expect(await prompts(token)).toEqual(["Mine!", null]);
  });

  it("ME-13 a save of the same prompt, or of anything else, makes no version", async () => {
    const token = await givenStudent("Be kind.");
    await save(token, "Be kind.", 0);
    await patchStudent(under.db, token, { greeting: "Hi" }, LATER);
    expect(await prompts(token)).toEqual([]);
  });

  it("ME-14 fifty versions are kept: the newest, and what the student began with", async () => {
    const token = await givenStudent("First.");
    for (let save_ = 1; save_ <= VERSIONS_KEPT + 5; save_++) {
      await save(token, `Version ${save_}`, save_ * ONE_VERSION_MS);
    }
    const kept = await prompts(token);
    expect(kept).toHaveLength(VERSIONS_KEPT);
    expect([kept[0], kept.at(-2), kept.at(-1)]).toEqual(["Version 55", "Version 7", "First."]);
  });

  it("ME-15 what another program has written is kept when it gives way", async () => {
    const token = await givenStudent("First.");
    await save(token, "Second.", 0);
    await saveLegacyConfig(under.db, token, { prompt: "Written elsewhere." }, { enrol: false });
    await save(token, "Third.", 10 * ONE_VERSION_MS);
    expect(await prompts(token)).toEqual(["Third.", "Written elsewhere.", "Second.", "First."]);
  });

  it("ME-16 a prompt for a whole workshop is a version of the instructor's, which no save of a student's continues", async () => {
    const [ada, bo] = [await givenStudent("Ada's."), await givenStudent("Ours.")];
    await save(ada, "Ada's own.", 0);
    const prompt = "Ours.";
    const push = {
      whose: eq(students.workshopId, workshop.id),
      prompt,
      savedBy: "instructor",
      nowMs: LATER + 1,
    } as const;
    await under.db.batch([
      ...keepPrompts(under.db, push),
      under.db.update(students).set({ prompt }).where(eq(students.workshopId, workshop.id)),
    ]);
    await save(ada, "Ada's again.", 2);
    expect((await listPrompts(under.db, ada)).map(({ prompt, savedBy }) => [prompt, savedBy])).toEqual([
      ["Ada's again.", "student"],
      ["Ours.", "instructor"],
      ["Ada's own.", "student"],
      ["Ada's.", "student"],
    ]);
    expect(await prompts(bo)).toEqual([]);
  });

  it("ME-17 saves at once, and clocks that go back, lose no prompt but those within a minute", async () => {
    const token = await givenStudent("First.");
    await Promise.all([1, 2, 3, 4].map((each) => save(token, `Parallel ${each}`, 0)));
    await save(token, "From the past.", -10 * ONE_VERSION_MS);
    const kept = await prompts(token);
    expect(kept.at(-1)).toBe("First.");
    expect(kept[0]).toBe("From the past.");
    expect(kept).toHaveLength(2);
  });

  it("ME-18 a change of the prompt is one request, and erasing the student erases the versions", async () => {
    const token = await givenStudent("First.");
    const { requests } = under.neon.counted;
    await save(token, "Second.", 0);
    expect(under.neon.counted.requests).toBe(requests + 1);
    await under.sql("delete from student_configs where session_token = $1", token);
    expect(await under.sql("select 1 from prompt_versions where session_token = $1", token)).toEqual([]);
  });
});
