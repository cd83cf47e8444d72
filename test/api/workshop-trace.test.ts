import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { traceReply } from "../../src/api/reply-schemas-observed.ts";
import { type CallRecord, NO_USAGE, type TurnRecord } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { type CallId, callIdFrom, parseWorkshopId, type SessionToken } from "../../src/protocol/ids.ts";
import type { TraceEvent, TraceReply } from "../../src/protocol/observed.ts";
import { archiveCall } from "../../src/store/calls.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { callIdBytesFor } from "../../src/vault/ticket.ts";
import { HEX_B } from "../vault/samples.ts";
import { asInstructor, studentIdOf } from "./workshop-world.ts";
import {
  givenStudent,
  givenWorkshop,
  harness,
  MASTER_KEY,
  NOW_MS,
  openTestDatabase,
  START_MS,
  type TestDatabase,
} from "./world.ts";

const CANARY = "Kanarienvogel";
const CALL_SID = `CA${"0a1b2c3d".repeat(4)}`;

let db: TestDatabase;
let ada: SessionToken;
let ask: ReturnType<typeof asInstructor>;
beforeAll(async () => {
  db = await openTestDatabase();
  await givenWorkshop(db, { id: "t", joinCode: "TRA-1" });
  ada = await givenStudent(db, `wst_${CANARY}`, { workshopId: "t", name: CANARY, prompt: CANARY });
}, START_MS);
afterAll(() => db.close());
beforeEach(async () => {
  await db.sql("delete from charges");
  await db.sql("delete from calls");
  ask = asInstructor(harness({ database: db.database }));
});

const turn = (seq: number, afterMs: number, given: Partial<TurnRecord>): TurnRecord => ({
  seq,
  revision: 1,
  speaker: "caller",
  startedAtMs: NOW_MS + afterMs,
  text: `${CANARY}!`,
  heardText: null,
  toolCall: null,
  timings: null,
  usage: null,
  failure: null,
  ...given,
});
const TIMINGS = { ttftMs: 210.4, ttfbMs: null, turnLatencyMs: 250, heardLatencyMs: null, turnMs: 900 };
const TOOL: TurnRecord["toolCall"] = {
  toolCallId: CANARY,
  name: "look_up",
  arguments: `{"bird":"${CANARY}"}`,
  webhookId: CANARY,
  outcome: "failed",
  output: CANARY,
  durationMs: 5_000,
};
const charge = (seq: number, afterMs: number, given: Partial<Charge>): Charge => ({
  seq,
  revision: 1,
  atMs: NOW_MS + afterMs,
  kind: "response",
  state: "told",
  payer: "student",
  model: "gpt-6-luna",
  usage: NO_USAGE,
  lineMs: 0,
  rawUsage: CANARY,
  upstreamId: "resp_1",
  priceVersion: "1",
  costMicroUsd: 120,
  ...given,
});

async function givenTrace(given: Partial<CallRecord> = {}, turns: TurnRecord[] = [], charges: Charge[] = []) {
  const id = given.id ?? callIdFrom(crypto.getRandomValues(new Uint8Array(16)));
  await archiveCall(db.database, {
    call: {
      id,
      revision: 1,
      sessionToken: ada,
      workshopId: parseWorkshopId("t") ?? null,
      wayIn: "browser",
      startedAtMs: NOW_MS,
      endedAtMs: NOW_MS + 9_000,
      endReason: "caller-left",
      keySource: "student",
      model: "gpt-6-luna",
      transcriptionModel: null,
      usage: NO_USAGE,
      ...given,
    },
    turns,
    charges,
    costMicroUsd: 120,
  });
  return id;
}

const traced = async (id: string): Promise<TraceReply> => {
  const reply = await ask("GET", `/calls/${id}/trace`);
  const body = await reply.text();
  expect(body).not.toContain(CANARY);
  return traceReply.parse(JSON.parse(body));
};
const kinds = ({ events }: TraceReply) => events.map(({ kind, atMs }) => `${atMs} ${kind}`);

describe("GET /api/workshop/calls/:callId/trace", () => {
  it("TRACE-1 is everything of one call in the order of its time, and no word of it", async () => {
    const id = await givenTrace(
      {},
      [
        turn(1, 1_000, {}),
        turn(2, 1_250, { speaker: "tool", toolCall: TOOL, text: "" }),
        turn(3, 6_500, { speaker: "agent", heardText: CANARY, timings: TIMINGS, failure: "upstream_timeout" }),
      ],
      [charge(1, 1_000, {}), charge(2, 6_400, { state: "estimated", upstreamId: null, costMicroUsd: null })],
    );
    const { call, events } = await traced(id);
    expect(call).toEqual({
      callId: id,
      workshopId: "t",
      studentId: await studentIdOf(db, ada),
      wayIn: "browser",
      keySource: "student",
      model: "gpt-6-luna",
      transcriptionModel: null,
      startedAt: "2026-11-22T12:00:00.000Z",
      endedAt: "2026-11-22T12:00:09.000Z",
      costMicroUsd: 120,
    });
    const spoken = { ttftMs: null, ttfbMs: null, turnLatencyMs: null, heardLatencyMs: null, failure: null };
    const response = { kind: "charge", charge: "response", model: "gpt-6-luna" } as const;
    expect(events).toEqual([
      { atMs: 0, kind: "start" },
      { atMs: 1_000, kind: "turn", seq: 1, speaker: "caller", characters: 14, cutOff: false, ...spoken },
      { atMs: 1_000, ...response, seq: 1, state: "told", costMicroUsd: 120, upstreamId: "resp_1" },
      { atMs: 1_250, kind: "tool", seq: 2, name: "look_up", outcome: "failed", durationMs: 5_000 },
      { atMs: 6_400, ...response, seq: 2, state: "estimated", costMicroUsd: null, upstreamId: null },
      {
        atMs: 6_500,
        kind: "turn",
        seq: 3,
        speaker: "agent",
        characters: 14,
        cutOff: true,
        ttftMs: 210,
        ttfbMs: null,
        turnLatencyMs: 250,
        heardLatencyMs: null,
        failure: "upstream_timeout",
      },
      { atMs: 9_000, kind: "end", endReason: "caller-left" },
    ] satisfies TraceEvent[]);
  });

  it("TRACE-2 is of any call of the deployment, one that goes on or belongs to no workshop too", async () => {
    const id = await givenTrace({ workshopId: null, endedAtMs: null, endReason: null }, [turn(1, 5, {})]);
    const other = await givenTrace();
    const trace = await traced(id);
    expect([trace.call.workshopId, trace.call.endedAt, kinds(trace)]).toEqual([null, null, ["0 start", "5 turn"]]);
    expect(kinds(await traced(other))).toEqual(["0 start", "9000 end"]);
  });

  it("TRACE-3 is found by Twilio's CallSid, under whichever master key the call began", async () => {
    const [newest, older] = [MASTER_KEY, HEX_B];
    const keys = await loadMasterKeys(newest, [older]);
    ask = asInstructor(harness({ database: db.database, masterKeys: () => Promise.resolve(keys) }));
    for (const hex of [newest, older]) {
      await db.sql("delete from calls");
      const id = callIdFrom(await callIdBytesFor(await loadMasterKeys(hex, []), CALL_SID));
      await givenTrace({ id, wayIn: "media-streams" }, [turn(1, 7, {})]);
      const { call, events } = await traced(CALL_SID);
      expect([call.callId, events.length]).toEqual([id, 3]);
    }
    expect((await ask("GET", `/calls/CA${"f".repeat(32)}/trace`)).status).toBe(404);
  });

  it.each(["nope", "CA123", "%00", "../me", "0".repeat(26), "wst_Kanarienvogel"])(
    "TRACE-4 of %j, which is no call, is 404",
    async (id) => {
      await givenTrace();
      expect((await ask("GET", `/calls/${encodeURIComponent(id)}/trace`)).status).toBe(404);
    },
  );

  it("TRACE-5 leaves out what nobody can read, and says nothing of it", async () => {
    const id: CallId = await givenTrace(
      {},
      [1, 2, 3, 4, 5].map((seq) =>
        turn(seq, seq, { speaker: seq === 5 ? "tool" : "agent", toolCall: seq === 5 ? TOOL : null }),
      ),
      [charge(1, 10, {}), charge(2, 11, {}), charge(3, 12, {})],
    );
    const spoil = (set: string, table: "turns" | "charges", seq: number) =>
      db.sql(`update ${table} set ${set} where call_id = $1 and seq = ${seq}`, id);
    await spoil("started_at = 'infinity'", "turns", 1);
    await spoil(`timings = '{"turnLatencyMs":"${CANARY}"}'`, "turns", 2);
    await spoil(`failure = '${CANARY}'`, "turns", 3);
    await spoil(`speaker = '${CANARY}'`, "turns", 4);
    await spoil(`tool_call = jsonb_set(tool_call, '{name}', '"${CANARY} sings"')`, "turns", 5);
    await spoil(`state = '${CANARY}'`, "charges", 1);
    await spoil("cost_micro_usd = -5", "charges", 2);
    const { events } = await traced(id);
    const told = events.map((event) => [event.kind, "seq" in event ? event.seq : 0]);
    expect(told).toEqual([
      ["start", 0],
      ["turn", 2],
      ["turn", 3],
      ["tool", 5],
      ["charge", 2],
      ["charge", 3],
      ["end", 0],
    ]);
    const turns = events.filter((event) => event.kind === "turn");
    expect(turns.map(({ failure, turnLatencyMs }) => [failure, turnLatencyMs])).toEqual([
      [null, null],
      ["unknown", null],
    ]);
    expect(events.find(({ kind }) => kind === "tool")).toMatchObject({ name: "unreadable", outcome: "failed" });
    expect(events.find(({ kind }) => kind === "charge")).toMatchObject({ costMicroUsd: null });
  });
});
