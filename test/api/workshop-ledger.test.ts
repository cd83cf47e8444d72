import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { spendReply } from "../../src/api/reply-schemas-workshop.ts";
import { LIMITS } from "../../src/limits.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { callIdFrom, parseWorkshopId, type SessionToken } from "../../src/protocol/ids.ts";
import { insertCharge } from "../../src/store/charges.ts";
import { asInstructor, studentIdOf } from "./workshop-world.ts";
import {
  givenStudent,
  givenWorkshop,
  type Harness,
  harness,
  NOW_MS,
  openTestDatabase,
  START_MS,
  type TestDatabase,
} from "./world.ts";

const VOICE = "gpt-realtime-2.1-mini";

let db: TestDatabase;
let api: Harness;
let ask: ReturnType<typeof asInstructor>;
beforeAll(async () => {
  db = await openTestDatabase();
  api = harness({ database: db.database });
  ask = asInstructor(api);
}, START_MS);
afterAll(() => db.close());
afterEach(() => {
  db.neon.faults.kind = "none";
});

const answer: Charge = {
  seq: 1,
  revision: 1,
  atMs: NOW_MS + 250,
  kind: "response",
  state: "told",
  payer: "instructor",
  model: VOICE,
  usage: {
    ...NO_USAGE,
    responses: 1,
    inputTokens: 120,
    inputAudioTokens: 90,
    cachedInputTokens: 64,
    cachedInputAudioTokens: 32,
    cacheWriteTokens: 3,
    outputTokens: 70,
    outputAudioTokens: 55,
    reasoningTokens: 2,
  },
  lineMs: 0,
  rawUsage: "{}",
  upstreamId: "=resp_1",
  priceVersion: "2026-11-22-1",
  costMicroUsd: 1_000_001,
};
const words: Charge = {
  ...answer,
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
  upstreamId: null,
  costMicroUsd: null,
};
const phone: Charge = {
  ...answer,
  kind: "phone",
  model: "media-streams",
  usage: NO_USAGE,
  lineMs: 61_234,
  costMicroUsd: 7,
};

const idOf = (number: number) => callIdFrom(new Uint8Array(16).fill(number));
const charged = (sessionToken: SessionToken, workshopId: string, number: number, charge: Charge) =>
  insertCharge(db.database, {
    callId: idOf(number),
    sessionToken,
    workshopId: parseWorkshopId(workshopId) ?? null,
    charge,
  });

describe("what a class has spent", () => {
  it("MONEY-13 is told by student, payer, kind and model, without a token, and without names of who was erased", async () => {
    await givenWorkshop(db, { id: "s1", joinCode: "SPEND-1" });
    const ada = await givenStudent(db, "wst_spend_ada", { workshopId: "s1" });
    const gone = await givenStudent(db, "wst_spend_gone", { workshopId: "s1", name: "Gone" });
    await charged(ada, "s1", 1, answer);
    await charged(ada, "s1", 2, { ...answer, payer: "student", costMicroUsd: null });
    await charged(gone, "s1", 3, answer);
    await charged(gone, "s1", 4, { ...answer, payer: "student" });
    await ask("DELETE", `/workshops/s1/students/${await studentIdOf(db, gone)}`);
    await db.sql("update charges set kind = 'gift' where call_id = $1", idOf(2));
    await charged(ada, "s1", 5, { ...answer, payer: "student", costMicroUsd: null });
    const text = await (await ask("GET", "/workshops/s1/spend")).text();
    expect(text).not.toMatch(/wst_|Gone/);
    const row = {
      payer: "instructor",
      kind: "response",
      model: VOICE,
      charges: 1,
      inputTokens: 120,
      outputTokens: 70,
      lineMs: 0,
      costMicroUsd: 1_000_001,
      unpriced: 0,
      lastAt: "2026-11-22T12:00:00.250Z",
    };
    const studentId = await studentIdOf(db, ada);
    expect(spendReply.parse(JSON.parse(text))).toEqual({
      success: true,
      rows: [
        { ...row, studentId, name: "Ada" },
        { ...row, studentId, name: "Ada", payer: "student", costMicroUsd: 0, unpriced: 1 },
        { ...row, studentId: null, name: null },
      ],
      unreadable: 1,
    });
    expect((await ask("GET", "/workshops/none/spend")).status).toBe(404);
    expect((await api.request("GET", "/api/workshop/workshops/s1/spend", { token: ada })).status).toBe(401);
  });

  it("MONEY-14 the ledger is a table with every kind of token apart, exact money, and rows that nobody can read", async () => {
    await givenWorkshop(db, { id: "l1", joinCode: "LEDGER-1" });
    const ada = await givenStudent(db, "wst_ledger_ada", { workshopId: "l1", name: '=HYPERLINK("https://x.example")' });
    const gone = await givenStudent(db, "wst_ledger_gone", { workshopId: "l1", name: "Gone" });
    const charges = [answer, words, phone, { ...answer, state: "estimated", costMicroUsd: 0 }, answer] as const;
    for (const [at, charge] of charges.entries()) {
      await charged(at === 4 ? gone : ada, "l1", at + 21, { ...charge, atMs: NOW_MS + at });
    }
    await charged(ada, "l1", 26, { ...answer, atMs: NOW_MS + 5 });
    await db.sql("update charges set usage = '{}' where call_id = $1", idOf(26));
    await ask("DELETE", `/workshops/l1/students/${await studentIdOf(db, gone)}`);
    const reply = await ask("GET", "/workshops/l1/ledger.csv");
    expect([reply.headers.get("content-type"), reply.headers.get("content-disposition")]).toEqual([
      "text/csv; charset=utf-8; header=present",
      'attachment; filename="callroom-LEDGER-1-ledger.csv"',
    ]);
    const head =
      "call_id,seq,student,student_id,at,kind,state,payer,model,input_tokens,input_audio_tokens,cached_input_tokens,cached_input_audio_tokens,cache_write_tokens,output_tokens,output_audio_tokens,reasoning_tokens,transcription_input_tokens,transcription_input_audio_tokens,transcription_output_tokens,transcription_ms,phone_seconds,price_version,cost_usd,upstream_id";
    const whose = `"'=HYPERLINK(""https://x.example"")","${await studentIdOf(db, ada)}"`;
    const tokens = "120,90,64,32,3,70,55,2,0,0,0,0,0";
    const end = (cost: string) => `"2026-11-22-1",${cost},"'=resp_1"`;
    expect((await reply.text()).split("\r\n")).toEqual([
      head
        .split(",")
        .map((column) => `"${column}"`)
        .join(","),
      `"${idOf(21)}",1,${whose},"2026-11-22T12:00:00.000Z","response","told","instructor","${VOICE}",${tokens},${end("1.000001")}`,
      `"${idOf(22)}",1,${whose},"2026-11-22T12:00:00.001Z","transcription","told","instructor","gpt-transcribe",0,0,0,0,0,0,0,0,30,25,8,1500.5,0,"2026-11-22-1",,`,
      `"${idOf(23)}",1,${whose},"2026-11-22T12:00:00.002Z","phone","told","instructor","media-streams",0,0,0,0,0,0,0,0,0,0,0,0,61.234,${end("0.000007")}`,
      `"${idOf(24)}",1,${whose},"2026-11-22T12:00:00.003Z","response","estimated","instructor","${VOICE}",${tokens},${end("0.000000")}`,
      `"${idOf(25)}",1,,,"2026-11-22T12:00:00.004Z","response","told","instructor","${VOICE}",${tokens},${end("1.000001")}`,
      `"${idOf(26)}",1,${whose},,,"unreadable"${",".repeat(18)}`,
      "",
    ]);
    expect((await ask("GET", "/workshops/none/ledger.csv")).status).toBe(404);
  });

  it("MONEY-15 the ledger is streamed page by page, each charge once, and breaks off when the database does", async () => {
    await givenWorkshop(db, { id: "l2", joinCode: "LEDGER-2" });
    const rows = 2 * LIMITS.exportPage + 1;
    await db.sql(
      `insert into charges (call_id, seq, revision, workshop_id, at, kind, state, payer, model, usage, line_ms, price_version)
       select 'c' || n / 4, n, 1, 'l2', '2026-11-22'::timestamptz + (n / 7) * interval '1 ms', 'response', 'told', 'student',
         'm' || n, $1::jsonb, 0, 'v' from generate_series(1, ${rows}) as n`,
      JSON.stringify(NO_USAGE),
    );
    const { requests } = db.neon.counted;
    const lines = (await (await ask("GET", "/workshops/l2/ledger.csv")).text()).split("\r\n").slice(1, -1);
    const models = lines.map((line) => Number(/"m(\d+)"/.exec(line)?.[1]));
    expect(models.toSorted((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, at) => at + 1));
    // The workshop, and three pages.
    expect(db.neon.counted.requests - requests).toBe(4);
    const broken = await ask("GET", "/workshops/l2/ledger.csv");
    db.neon.faults.kind = "error-500";
    await expect(broken.text()).rejects.toThrow();
    expect((await ask("GET", "/workshops/l2/ledger.csv")).status).toBe(503);
  });
});
