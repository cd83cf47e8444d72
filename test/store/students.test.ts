import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_TOOLS } from "../../src/protocol/agent-config.ts";
import { parseJoinCode, parseSessionToken, parseWorkshopId, type SessionToken } from "../../src/protocol/ids.ts";
import {
  enrolStudent,
  eraseStudent,
  findStudent,
  type NewStudent,
  patchStudent,
  saveLegacyConfig,
} from "../../src/store/students.ts";
import { ensureDefaultWorkshop, NEW_LENDING } from "../../src/store/workshops.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

const workshop = { id: parseWorkshopId("w1")!, name: "Autumn", joinCode: parseJoinCode("MAPLE-7")! };

let number = 0;
const someToken = (): SessionToken => {
  number += 1;
  return parseSessionToken(`wst_${number}`)!;
};
const someStudent = (sessionToken: SessionToken): NewStudent => ({
  sessionToken,
  workshopId: workshop.id,
  name: "Ada",
  email: "ada@example.org",
  origin: "joined",
  prompt: "Be kind.",
  greeting: "Hello",
  voice: "cedar",
  toolsJson: DEFAULT_TOOLS,
});
const key = { sealed: "v2:0:a:b:c", hint: "wxyz", status: "connected", atMs: Date.UTC(2026, 10, 1) } as const;

describe("students", () => {
  let under: DatabaseUnderTest;
  beforeAll(async () => {
    under = await openDatabaseUnderTest();
    await under.migrate();
    await ensureDefaultWorkshop(under.db, workshop);
  }, OPEN_MS);
  afterAll(() => under.close());

  const enrolled = async (): Promise<SessionToken> => {
    const token = someToken();
    await enrolStudent(under.db, someStudent(token));
    return token;
  };

  it("STORE-10 one request brings everything that a call needs of a student", async () => {
    const token = await enrolled();
    const before = { ...under.neon.counted };
    const student = await findStudent(under.db, token);
    expect(under.neon.counted).toEqual({ requests: before.requests + 1, statements: before.statements + 1 });
    expect(student).toEqual({
      sessionToken: token,
      studentId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      name: "Ada",
      email: "ada@example.org",
      workshop: {
        ...workshop,
        opensAtMs: null,
        closesAtMs: null,
        fallbackAllowed: true,
        lending: NEW_LENDING,
        callMaxMs: null,
        seats: null,
        closing: null,
      },
      config: {
        prompt: "Be kind.",
        greeting: "Hello",
        voice: "cedar",
        tools: DEFAULT_TOOLS.map((tool) => expect.objectContaining({ name: tool.function.name })),
        language: null,
        turnEnd: null,
        patience: null,
      },
      toolsJson: DEFAULT_TOOLS,
      sealedKey: null,
      keyHint: null,
      keyStatus: null,
      keyConnectedAtMs: null,
      keyLastUsedAtMs: null,
      ownCapMicroUsd: null,
      sealedWebhookSecret: null,
      recoveryDigest: null,
      origin: "joined",
      createdAtMs: expect.any(Number),
      updatedAtMs: expect.any(Number),
    });
    expect(Math.abs((student?.createdAtMs ?? 0) - Date.now())).toBeLessThan(60_000);
    expect(await findStudent(under.db, someToken())).toBeUndefined();
  });

  it("STORE-11 enrolling the same token again leaves the student as they are", async () => {
    const token = await enrolled();
    await enrolStudent(under.db, { ...someStudent(token), name: "Mallory", workshopId: null });
    expect(await findStudent(under.db, token)).toMatchObject({ name: "Ada", workshop: { id: workshop.id } });
  });

  it("STORE-12 an absent field stays as it is, null clears it", async () => {
    const token = await enrolled();
    await saveLegacyConfig(under.db, token, { key }, { enrol: false });
    const patched = await patchStudent(
      under.db,
      token,
      { prompt: "New.", greeting: null, name: undefined },
      Date.now(),
    );
    expect(patched).toMatchObject({
      name: "Ada",
      email: "ada@example.org",
      config: { prompt: "New.", greeting: null, voice: "cedar" },
      toolsJson: DEFAULT_TOOLS,
      sealedKey: key.sealed,
      workshop: { id: workshop.id },
    });
    expect(await findStudent(under.db, token)).toEqual(patched);
    const cleared = await patchStudent(under.db, token, { toolsJson: null, voice: null }, Date.now());
    expect(cleared).toMatchObject({ toolsJson: null, config: { prompt: "New.", voice: null, tools: [] } });
  });

  it("STORE-44 how an agent hears is kept, each setting by itself, and no save of the predecessor's changes it", async () => {
    const token = await enrolled();
    const hearing = { language: "pt-BR", turnEnd: "meaning", patience: "long" } as const;
    expect((await patchStudent(under.db, token, hearing, Date.now()))?.config).toMatchObject(hearing);
    await patchStudent(under.db, token, { prompt: "New.", language: undefined }, Date.now());
    await saveLegacyConfig(under.db, token, { prompt: "Newer.", voice: null }, { enrol: true });
    expect((await findStudent(under.db, token))?.config).toMatchObject({ ...hearing, prompt: "Newer." });
    for (const field of ["language", "turnEnd", "patience"] as const) {
      await patchStudent(under.db, token, hearing, Date.now());
      const cleared = await patchStudent(under.db, token, { [field]: null }, Date.now());
      expect(cleared?.config).toMatchObject({ ...hearing, [field]: null });
    }
  });

  it("STORE-45 what other programs have written about how an agent hears counts as not set", async () => {
    const token = await enrolled();
    for (const odd of ["", "klingon", "jp", "en_US", "en\nde", "toString", "__proto__", "PAUSE", "0"]) {
      const set = "update student_configs set language = $2, turn_end = $2, patience = $2 where session_token = $1";
      await under.sql(set, token, odd);
      expect(await findStudent(under.db, token)).toMatchObject({
        name: "Ada",
        config: { prompt: "Be kind.", language: null, turnEnd: null, patience: null },
      });
    }
  });

  it("STORE-13 patching nobody finds nobody, in one request", async () => {
    const { requests } = under.neon.counted;
    expect(await patchStudent(under.db, someToken(), { prompt: "x" }, Date.now())).toBeUndefined();
    expect(under.neon.counted.requests).toBe(requests + 1);
  });

  it("STORE-14 the predecessor's save keeps the key that it does not name, replaces the one it does, null removes it", async () => {
    const token = await enrolled();
    const save = (patch: Parameters<typeof saveLegacyConfig>[2]) =>
      saveLegacyConfig(under.db, token, patch, { enrol: false });
    const saved = { studentId: (await findStudent(under.db, token))?.studentId };
    expect(await save({ key })).toEqual(saved);
    expect(await save({ prompt: "Only the prompt." })).toEqual(saved);
    expect(await findStudent(under.db, token)).toMatchObject({
      sealedKey: key.sealed,
      keyHint: "wxyz",
      keyStatus: "connected",
      keyConnectedAtMs: key.atMs,
      config: { prompt: "Only the prompt.", greeting: "Hello" },
      origin: "joined",
    });
    await save({ key: { ...key, sealed: "v2:0:d:e:f", hint: null, status: "rejected" } });
    expect(await findStudent(under.db, token)).toMatchObject({ sealedKey: "v2:0:d:e:f", keyHint: null });
    await save({ key: null });
    expect(await findStudent(under.db, token)).toMatchObject({
      sealedKey: null,
      keyStatus: null,
      keyConnectedAtMs: null,
    });
  });

  it("STORE-15 saving under a token nobody has enrols only where that is wished", async () => {
    const token = someToken();
    expect(await saveLegacyConfig(under.db, token, { name: "Bo" }, { enrol: false })).toBeUndefined();
    expect(await findStudent(under.db, token)).toBeUndefined();
    const options = { enrol: true, workshopId: workshop.id };
    expect(await saveLegacyConfig(under.db, token, { name: "Bo", key }, options)).toEqual({
      studentId: expect.any(String),
    });
    expect(await findStudent(under.db, token)).toMatchObject({
      name: "Bo",
      origin: "enrolled",
      sealedKey: key.sealed,
      workshop: { id: workshop.id },
      config: { prompt: null, tools: [] },
    });
    await saveLegacyConfig(under.db, token, { email: "bo@example.org" }, { enrol: true });
    expect(await findStudent(under.db, token)).toMatchObject({ name: "Bo", workshop: { id: workshop.id } });
  });

  it("STORE-16 an unreadable tool is left out, the others and the rest of the row stay usable", async () => {
    const token = await enrolled();
    const good = DEFAULT_TOOLS[0]!;
    const tools = [
      good,
      7,
      { type: "function" },
      good,
      { type: "function", function: { name: "__proto__" } },
      DEFAULT_TOOLS[1],
    ];
    await under.sql(
      `update student_configs set tools = $2, origin = 'martian', key_status = 'odd', created_at = 'infinity',
       key_connected_at = 'infinity', workshop_id = null where session_token = $1`,
      token,
      JSON.stringify(tools),
    );
    const student = await findStudent(under.db, token);
    expect(student?.config.tools.map((tool) => tool.name)).toEqual(["current_time", "roll_dice"]);
    expect(student).toMatchObject({
      toolsJson: tools,
      origin: "predecessor",
      keyStatus: null,
      createdAtMs: null,
      keyConnectedAtMs: null,
      workshop: null,
    });
    for (const odd of ['{"a":1}', '"text"', "null", "[[[]]]"]) {
      await under.sql("update student_configs set tools = $2 where session_token = $1", token, odd);
      expect((await findStudent(under.db, token))?.config.tools).toEqual([]);
    }
  });

  it("STORE-17 a student whose workshop cannot be used has none", async () => {
    const token = await enrolled();
    await under.sql("insert into workshops (id, name, join_code) values ('Not An Id', 'x', '?')");
    await under.sql("update student_configs set workshop_id = 'Not An Id' where session_token = $1", token);
    expect(await findStudent(under.db, token)).toMatchObject({ name: "Ada", workshop: null });
    await under.sql("delete from workshops where id = 'Not An Id'");
    expect(await findStudent(under.db, token)).toMatchObject({ name: "Ada", workshop: null });
  });

  it("STORE-18 text of any characters is stored", async () => {
    const token = await enrolled();
    const prompt = "null \u0000, half \ud83d, quote ' \" \\ $1 ; -- 😀";
    const toolsJson = [{ note: prompt }];
    const patched = await patchStudent(under.db, token, { prompt, toolsJson }, Date.now());
    const stored = "null \ufffd, half \ufffd, quote ' \" \\ $1 ; -- 😀";
    expect(patched?.config.prompt).toBe(stored);
    expect(patched?.toolsJson).toEqual([{ note: stored }]);
  });

  it("STORE-19 erasing a student leaves nothing of them", async () => {
    const token = await enrolled();
    await under.sql(
      `insert into calls (id, session_token, way_in, started_at, key_source, model, usage, revision)
       values ('c1', $1, 'browser', now(), 'student', 'm', '{}', 1)`,
      token,
    );
    await under.sql(
      "insert into turns (call_id, seq, revision, speaker, started_at, text) values ('c1', 1, 1, 'caller', now(), 'hi')",
    );
    expect(await eraseStudent(under.db, token)).toBe(true);
    expect(await findStudent(under.db, token)).toBeUndefined();
    expect(await under.sql("select 1 from calls union all select 1 from turns")).toEqual([]);
    expect(await eraseStudent(under.db, token)).toBe(false);
  });
});
