import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CallRecord, NO_USAGE } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { type CallId, callIdFrom, parseJoinCode, parseSessionToken, parseWorkshopId } from "../../src/protocol/ids.ts";
import { archiveCall, findCall } from "../../src/store/calls.ts";
import { chargeOf, insertCharge } from "../../src/store/charges.ts";
import { chargesBetween, type LedgerPlace, pageOfCharges } from "../../src/store/ledger-pages.ts";
import { spendOf } from "../../src/store/spend.ts";
import { enrolStudent, eraseStudent } from "../../src/store/students.ts";
import { deleteWorkshop, ensureDefaultWorkshop } from "../../src/store/workshops.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

const NOON = Date.UTC(2026, 10, 1, 12);
const ada = parseSessionToken("wst_ada")!;
const bo = parseSessionToken("wst_bo")!;
const autumn = { id: parseWorkshopId("w1")!, name: "Autumn", joinCode: parseJoinCode("MAPLE-7")! };
const idOf = (number: number): CallId => callIdFrom(new Uint8Array(16).fill(number));

const call: CallRecord = {
  id: idOf(1),
  revision: 1,
  sessionToken: ada,
  workshopId: autumn.id,
  wayIn: "browser",
  startedAtMs: NOON,
  endedAtMs: null,
  endReason: null,
  keySource: "instructor",
  model: "gpt-realtime-2.1-mini",
  transcriptionModel: "gpt-transcribe",
  usage: NO_USAGE,
};
const answer: Charge = {
  seq: 1,
  revision: 1,
  atMs: NOON + 1_234,
  kind: "response",
  state: "told",
  payer: "instructor",
  model: "gpt-realtime-2.1-mini",
  usage: { ...NO_USAGE, responses: 1, inputTokens: 120, inputAudioTokens: 90, outputTokens: 70, outputAudioTokens: 55 },
  lineMs: 0,
  rawUsage: '{"input_tokens":120}',
  upstreamId: "resp_1",
  priceVersion: "2026-11-22",
  costMicroUsd: 2_345,
};
const words: Charge = {
  ...answer,
  seq: 2,
  kind: "transcription",
  model: "gpt-transcribe",
  usage: {
    ...NO_USAGE,
    transcriptions: 1,
    transcriptionInputTokens: 30,
    transcriptionInputAudioTokens: 25,
    transcriptionOutputTokens: 8,
    transcriptionMs: 1_500.5,
  },
  rawUsage: null,
  upstreamId: "item_1",
  costMicroUsd: null,
};
const phone: Charge = {
  ...answer,
  seq: 3,
  kind: "phone",
  model: "media-streams",
  usage: NO_USAGE,
  lineMs: 61_000,
  rawUsage: null,
  upstreamId: null,
  costMicroUsd: 8_000,
};
const sample: Charge = { ...answer, kind: "sample", state: "estimated", payer: "student", costMicroUsd: 77 };

describe("the ledger", () => {
  let under: DatabaseUnderTest;
  beforeAll(async () => {
    under = await openDatabaseUnderTest(1_000);
    await under.migrate();
  }, OPEN_MS);
  afterAll(() => under.close());
  beforeEach(async () => {
    for (const table of ["charges", "student_configs", "workshops"]) await under.sql(`delete from ${table}`);
    await ensureDefaultWorkshop(under.db, autumn);
    for (const [sessionToken, name] of [
      [ada, "Ada"],
      [bo, "Bo"],
    ] as const) {
      const config = { prompt: null, greeting: null, voice: null, toolsJson: null };
      const person = { workshopId: autumn.id, email: null, origin: "joined" } as const;
      await enrolStudent(under.db, { sessionToken, name, ...person, ...config });
    }
  });
  afterEach(() => {
    under.neon.faults.kind = "none";
  });

  const archived = (charges: readonly Charge[], more: Partial<CallRecord> = {}) =>
    archiveCall(under.db, { call: { ...call, ...more }, turns: [], charges });
  const chargesIn = async (): Promise<unknown[]> =>
    under.sql("select call_id, seq, session_token, payer from charges order by payer, call_id, seq");

  it("STORE-47 what a call is billed for comes back with it as it was archived, in one request each way", async () => {
    const { requests } = under.neon.counted;
    expect(await archived([words, phone, answer])).toBe("stored");
    expect(await findCall(under.db, ada, call.id)).toMatchObject({
      charges: [answer, words, phone],
      unreadableCharges: 0,
    });
    expect(under.neon.counted.requests).toBe(requests + 2);
    expect(await findCall(under.db, bo, call.id)).toBeUndefined();
    const [row] = await under.sql("select session_token, workshop_id from charges where seq = 1");
    expect(row).toEqual({ session_token: ada, workshop_id: autumn.id });
  });

  it("STORE-48 a charge gives way to a higher revision only, also when an answer was lost and it comes again", async () => {
    const open: Charge = { ...answer, state: "open", rawUsage: null, upstreamId: null, costMicroUsd: 9_000 };
    const told: Charge = { ...answer, revision: 2, atMs: NOON + 2_000 };
    under.neon.faults.kind = "lose-reply";
    await expect(archived([open])).rejects.toMatchObject({ reason: "database_unavailable" });
    under.neon.faults.kind = "none";
    for (const charges of [[open], [told, open], [open], [{ ...told, costMicroUsd: 1 }]]) await archived(charges);
    expect((await findCall(under.db, ada, call.id))?.charges).toEqual([told]);
    const other = { ...call, id: idOf(2) };
    for (const charges of [[told], [open]]) await archiveCall(under.db, { call: other, turns: [], charges });
    expect((await findCall(under.db, ada, other.id))?.charges).toEqual([told]);
  });

  it("STORE-49 call, turns and charges are stored together or not at all", async () => {
    await expect(archived([answer, { ...words, atMs: 8.64e15 }])).rejects.toMatchObject({ reason: "internal" });
    expect(await under.sql("select 1 from calls union all select 1 from charges")).toEqual([]);
  });

  it.each([
    ["cost_micro_usd = -1"],
    ["cost_micro_usd = 9007199254740993"],
    ["usage = '{}'"],
    ["usage = 'null'"],
    [`usage = '"much"'`],
    [`usage = jsonb_set(usage, '{inputTokens}', '-5')`],
    [`usage = jsonb_set(usage, '{outputTokens}', '0.5')`],
    [`usage = jsonb_set(usage, '{outputTokens}', '1e308')`],
    [`usage = jsonb_set(usage, '{inputTokens}', '"120"')`],
    ["line_ms = -1"],
    ["seq = 0"],
    ["kind = 'gift'"],
    ["state = 'paid'"],
    ["payer = 'nobody'"],
  ])("STORE-50 a row with %s is told as unreadable, and is not taken for nothing", async (change) => {
    await archived([answer, words]);
    await under.sql(`update charges set ${change} where seq = 1`);
    expect(await findCall(under.db, ada, call.id)).toMatchObject({ charges: [words], unreadableCharges: 1 });
    const page = await pageOfCharges(under.db, autumn.id, { after: null, limit: 9 });
    expect(page.rows.map(({ charge }) => charge)).toEqual(expect.arrayContaining([undefined, words]));
  });

  it("STORE-50 a row without one of its parts cannot be read", () => {
    expect(chargeOf(answer)).toEqual(answer);
    for (const field of Object.keys(answer)) {
      const { [field as keyof Charge]: _, ...rest } = answer;
      expect([field, chargeOf(rest)]).toEqual([field, undefined]);
    }
    for (const row of [
      null,
      undefined,
      [],
      "row",
      { ...answer, costMicroUsd: "2345" },
      { ...answer, costMicroUsd: 0.5 },
    ]) {
      expect(chargeOf(row)).toBeUndefined();
    }
  });

  it("STORE-51 a voice that was tried out is a charge of its own, and may be told twice", async () => {
    const owner = { callId: idOf(9), sessionToken: ada, workshopId: autumn.id };
    for (const _again of [1, 2]) expect(await insertCharge(under.db, { ...owner, charge: sample })).toBe("stored");
    const { rows } = await pageOfCharges(under.db, autumn.id, { after: null, limit: 9 });
    expect(rows).toMatchObject([{ callId: idOf(9), studentName: "Ada", charge: sample }]);
  });

  it("STORE-52 erasing a student takes what their own key paid, and the name from what the instructor paid", async () => {
    await archived([answer, phone]);
    await archived([{ ...answer, payer: "student" }], { id: idOf(2), keySource: "student" });
    await archived([{ ...answer, payer: "student" }], { id: idOf(3), keySource: "student", sessionToken: bo });
    const { requests } = under.neon.counted;
    expect(await eraseStudent(under.db, ada)).toBe(true);
    expect(under.neon.counted.requests).toBe(requests + 1);
    expect(await chargesIn()).toEqual([
      { call_id: idOf(1), seq: "1", session_token: null, payer: "instructor" },
      { call_id: idOf(1), seq: "3", session_token: null, payer: "instructor" },
      { call_id: idOf(3), seq: "1", session_token: bo, payer: "student" },
    ]);
    expect(await eraseStudent(under.db, ada)).toBe(false);
  });

  it("STORE-53 what is told of a student after they were erased is kept without a name if the instructor paid", async () => {
    await archived([answer]);
    await eraseStudent(under.db, ada);
    const late = [{ ...answer, revision: 2, costMicroUsd: 3_000 }, words, { ...phone, payer: "student" as const }];
    expect(await archived(late, { revision: 2 })).toBe("student-gone");
    const owner = { callId: idOf(8), sessionToken: ada, workshopId: autumn.id };
    expect(await insertCharge(under.db, { ...owner, charge: sample })).toBe("student-gone");
    expect(await insertCharge(under.db, { ...owner, charge: { ...sample, payer: "instructor" } })).toBe("student-gone");
    const { rows } = await pageOfCharges(under.db, autumn.id, { after: null, limit: 9 });
    expect(rows.map(({ callId, seq, studentId, charge }) => [callId, seq, studentId, charge?.costMicroUsd])).toEqual([
      [idOf(1), 1, null, 3_000],
      [idOf(1), 2, null, null],
      [idOf(8), 1, null, 77],
    ]);
    expect(await under.sql("select 1 from calls")).toEqual([]);
  });

  it("STORE-54 deleting a workshop deletes its ledger, and nothing is written into it afterwards", async () => {
    const other = { id: parseWorkshopId("w2")!, name: "Other", joinCode: parseJoinCode("OAK-1")! };
    await ensureDefaultWorkshop(under.db, other);
    await archived([answer]);
    // Of a student of this workshop, from before they came into it.
    await archived([{ ...answer, payer: "student" }, words], { id: idOf(2), workshopId: null });
    await insertCharge(under.db, { callId: idOf(3), sessionToken: bo, workshopId: other.id, charge: answer });
    expect(await deleteWorkshop(under.db, autumn.id)).toBe(true);
    expect(await chargesIn()).toEqual([
      { call_id: idOf(2), seq: "2", session_token: null, payer: "instructor" },
      { call_id: idOf(3), seq: "1", session_token: null, payer: "instructor" },
    ]);
    expect(await archived([answer], { revision: 2 })).toBe("student-gone");
    expect(await chargesIn()).toHaveLength(2);
  });

  it("STORE-55 archiving and erasing begin with the same lock, so that neither waits for the other for ever", async () => {
    const sent: string[] = [];
    const batch: typeof under.db.batch = (queries) => {
      for (const query of queries) {
        if ("toSQL" in query && typeof query.toSQL === "function") sent.push(JSON.stringify(query.toSQL()));
      }
      return under.db.batch(queries);
    };
    const watched: typeof under.db = Object.assign(Object.create(under.db), { batch });
    await archiveCall(watched, { call, turns: [], charges: [answer] });
    await eraseStudent(watched, ada);
    const locks = sent.flatMap((text, at) => (/ for (key share|update)"/.test(text) ? [at] : []));
    expect([locks, sent.length]).toEqual([[0, 4], 8]);
    // Before it the workshop's, which archiving never asks for.
    expect(sent[3]).toContain('from \\"workshops\\"');
    expect(sent[4]).toContain('from \\"student_configs\\"');
    expect(sent.slice(0, 3).join("")).not.toContain('\\"workshops\\"');
  });

  describe("its sums", () => {
    it("STORE-56 are by student, payer, kind and model, in one request; who was erased is in one row without a name", async () => {
      await archived([answer, { ...answer, seq: 2, costMicroUsd: 55 }, { ...words, seq: 3 }, { ...phone, seq: 4 }]);
      await archived([{ ...answer, payer: "student", model: "gpt-6-luna" }], { id: idOf(2) });
      for (const [at, sessionToken] of [bo, parseSessionToken("wst_cy")!, parseSessionToken("wst_di")!].entries()) {
        const config = { prompt: null, greeting: null, voice: null, toolsJson: null };
        const person = { workshopId: autumn.id, name: "Gone", email: null, origin: "joined" } as const;
        await enrolStudent(under.db, { sessionToken, ...person, ...config });
        await archived([answer], { id: idOf(10 + at), sessionToken });
      }
      for (const token of ["wst_cy", "wst_di"]) await eraseStudent(under.db, parseSessionToken(token)!);
      const { requests } = under.neon.counted;
      const spend = await spendOf(under.db, autumn.id);
      expect(under.neon.counted.requests).toBe(requests + 1);
      const row = (fields: object) => ({
        studentId: expect.any(String),
        name: "Ada",
        payer: "instructor",
        kind: "response",
        model: answer.model,
        charges: 1,
        inputTokens: 120,
        outputTokens: 70,
        lineMs: 0,
        costMicroUsd: 2_345,
        unpriced: 0,
        lastAtMs: answer.atMs,
        ...fields,
      });
      expect(spend).toEqual({
        rows: [
          row({
            kind: "phone",
            model: "media-streams",
            inputTokens: 0,
            outputTokens: 0,
            lineMs: 61_000,
            costMicroUsd: 8_000,
          }),
          row({ charges: 2, inputTokens: 240, outputTokens: 140, costMicroUsd: 2_400 }),
          row({
            kind: "transcription",
            model: "gpt-transcribe",
            inputTokens: 30,
            outputTokens: 8,
            costMicroUsd: 0,
            unpriced: 1,
          }),
          row({ payer: "student", model: "gpt-6-luna" }),
          row({ name: "Bo" }),
          row({ studentId: null, name: null, charges: 2, inputTokens: 240, outputTokens: 140, costMicroUsd: 4_690 }),
        ],
        unreadable: 0,
      });
      expect(await spendOf(under.db, parseWorkshopId("none")!)).toBeUndefined();
    });

    it("STORE-57 count apart what has no price and what nobody can read, and leave out what used nothing", async () => {
      const more = [3, 4, 5, 6, 7].map((seq) => ({ ...answer, seq }));
      await archived([answer, { ...answer, seq: 2, state: "void", costMicroUsd: null }, ...more]);
      await under.sql("update charges set cost_micro_usd = null where seq = 3");
      await under.sql("update charges set cost_micro_usd = -900 where seq = 4");
      await under.sql(`update charges set usage = '{"inputTokens":"many","outputTokens":[1]}' where seq = 5`);
      await under.sql("update charges set payer = 'nobody' where seq = 6");
      await under.sql("update charges set kind = 'gift' where seq = 7");
      expect(await spendOf(under.db, autumn.id)).toMatchObject({
        rows: [{ charges: 4, inputTokens: 3 * 120, outputTokens: 3 * 70, costMicroUsd: 2 * 2_345, unpriced: 2 }],
        unreadable: 2,
      });
    });
  });

  describe("its pages", () => {
    const seqsOf = async (limit: number, read: typeof pageAt = pageAt): Promise<string[][]> => {
      const pages: string[][] = [];
      let after: LedgerPlace | null = null;
      do {
        const page: Awaited<ReturnType<typeof pageAt>> = await read(after, limit);
        pages.push(page.rows.map(({ callId, seq }) => `${callId === idOf(1) ? 1 : 2}/${seq}`));
        after = page.next;
      } while (after && pages.length < 20);
      return pages;
    };
    const pageAt = (after: LedgerPlace | null, limit: number) => pageOfCharges(under.db, autumn.id, { after, limit });
    const billedAt = (after: LedgerPlace | null, limit: number) =>
      chargesBetween(under.db, NOON, NOON + 5_000, { after, limit });

    it("STORE-58 hold each charge once, oldest first, also those of one millisecond and those that nobody can read", async () => {
      await archived([answer, words, phone, { ...answer, seq: 4, atMs: NOON }]);
      await archived([answer, words], { id: idOf(2), sessionToken: bo });
      await archived([{ ...answer, seq: 5, atMs: NOON + 9_000 }]);
      await under.sql("update charges set kind = 'gift', usage = '{}' where call_id = $1 and seq = 1", idOf(2));
      const all = ["1/4", "1/1", "1/2", "1/3", "2/1", "2/2", "1/5"];
      for (const limit of [1, 2, 3, 7, 100]) expect((await seqsOf(limit)).flat()).toEqual(all);
      expect((await seqsOf(100))[0]).toEqual(all);
    });

    it("STORE-59 between two times hold what OpenAI bills of all workshops, from the first on and before the second", async () => {
      await archived([
        { ...answer, atMs: NOON - 1 },
        { ...words, atMs: NOON },
        phone,
        { ...answer, seq: 4, kind: "sample" },
      ]);
      await archived(
        [
          { ...answer, atMs: NOON + 4_999 },
          { ...words, atMs: NOON + 5_000 },
        ],
        {
          id: idOf(2),
          workshopId: null,
        },
      );
      for (const limit of [1, 2, 100]) expect((await seqsOf(limit, billedAt)).flat()).toEqual(["1/2", "1/4", "2/1"]);
    });
  });
});
