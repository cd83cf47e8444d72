import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CallRecord, NO_USAGE, type TurnRecord, type Usage } from "../../src/protocol/call-record.ts";
import { type CallId, callIdFrom, parseSessionToken } from "../../src/protocol/ids.ts";
import type { CallsCursor } from "../../src/protocol/rest.ts";
import { archiveCall, findCall, listCalls } from "../../src/store/calls.ts";
import { enrolStudent, eraseStudent } from "../../src/store/students.ts";
import { type DatabaseUnderTest, OPEN_MS, openDatabaseUnderTest } from "./database-under-test.ts";

const NOON = Date.UTC(2026, 10, 1, 12);
const ada = parseSessionToken("wst_ada")!;
const bo = parseSessionToken("wst_bo")!;
const idOf = (number: number): CallId => callIdFrom(new Uint8Array(16).fill(number));

const call: CallRecord = {
  id: idOf(1),
  revision: 1,
  sessionToken: ada,
  workshopId: null,
  wayIn: "conversation-relay",
  startedAtMs: NOON + 123,
  endedAtMs: null,
  endReason: null,
  keySource: "student",
  model: "gpt-6-luna",
  transcriptionModel: null,
  usage: NO_USAGE,
};
const said: TurnRecord = {
  seq: 1,
  revision: 1,
  speaker: "caller",
  startedAtMs: NOON + 1_000,
  text: "What time is it in Tokyo?",
  heardText: null,
  toolCall: null,
  timings: null,
  usage: null,
  failure: null,
};
const used = { ...NO_USAGE, responses: 2, inputTokens: 900, outputTokens: 40 };
const tool: TurnRecord = {
  ...said,
  seq: 2,
  speaker: "tool",
  text: "",
  toolCall: {
    toolCallId: "call_1",
    name: "current_time",
    arguments: '{"time_zone":"Asia/Tokyo"}',
    webhookId: "msg_1",
    outcome: "ok",
    output: '{"time":"21:00"}',
    durationMs: 3,
  },
};
const answered: TurnRecord = {
  ...said,
  seq: 3,
  speaker: "agent",
  text: "It is nine in the evening.",
  heardText: "It is nine",
  timings: { ttftMs: 210, ttfbMs: null, turnLatencyMs: 250, heardLatencyMs: null, turnMs: 900 },
  usage: used,
  failure: "upstream_timeout",
};

const NO_CHARGES = { charges: [], unreadableCharges: 0 };

describe("the archive of calls", () => {
  let under: DatabaseUnderTest;
  beforeAll(async () => {
    under = await openDatabaseUnderTest(1_000);
    await under.migrate();
  }, OPEN_MS);
  afterAll(() => under.close());
  beforeEach(async () => {
    await under.sql("delete from student_configs");
    for (const sessionToken of [ada, bo]) {
      const config = { prompt: null, greeting: null, voice: null, toolsJson: null };
      const person = { workshopId: null, name: null, email: null, origin: "joined" } as const;
      await enrolStudent(under.db, { sessionToken, ...person, ...config });
    }
  });
  afterEach(() => {
    under.neon.faults.kind = "none";
  });

  it("STORE-32 a call and its turns come back as they were archived, in one request each way", async () => {
    const turns = [said, tool, answered];
    const { requests } = under.neon.counted;
    expect(await archiveCall(under.db, { call, turns, costMicroUsd: 1_234 })).toBe("stored");
    expect(await findCall(under.db, ada, call.id)).toEqual({ call, turns, costMicroUsd: 1_234, ...NO_CHARGES });
    expect(under.neon.counted.requests).toBe(requests + 2);
  });

  it("STORE-33 archiving the same again changes nothing, also when the answer was lost", async () => {
    under.neon.faults.kind = "lose-reply";
    await expect(archiveCall(under.db, { call, turns: [said, tool] })).rejects.toMatchObject({
      reason: "database_unavailable",
    });
    under.neon.faults.kind = "none";
    for (const _again of [1, 2]) expect(await archiveCall(under.db, { call, turns: [said, tool] })).toBe("stored");
    expect((await findCall(under.db, ada, call.id))?.turns).toEqual([said, tool]);
    expect(await under.sql("select 1 from turns")).toHaveLength(2);
  });

  it("STORE-34 a higher revision replaces, a lower or equal one is ignored, for the call and for each turn by itself", async () => {
    const ended: CallRecord = { ...call, revision: 3, endedAtMs: NOON + 9_000, endReason: "caller-left", usage: used };
    const cut = { ...answered, revision: 2, heardText: "It" };
    await archiveCall(under.db, { call: ended, turns: [said, cut], costMicroUsd: 50 });
    await archiveCall(under.db, {
      call: { ...call, revision: 2, model: "late" },
      turns: [{ ...answered, revision: 1 }, { ...said, revision: 2, text: "corrected" }, tool],
      costMicroUsd: 1,
    });
    await archiveCall(under.db, { call: { ...ended, model: "same revision" }, turns: [{ ...cut, text: "same" }] });
    expect(await findCall(under.db, ada, call.id)).toEqual({
      call: ended,
      turns: [{ ...said, revision: 2, text: "corrected" }, tool, cut],
      costMicroUsd: 50,
      ...NO_CHARGES,
    });
  });

  it("STORE-35 of one turn twice in the same delivery the higher revision counts", async () => {
    const newer = { ...said, revision: 2, text: "newer" };
    for (const turns of [
      [newer, said],
      [said, newer],
    ]) {
      await under.sql("delete from calls");
      await archiveCall(under.db, { call, turns });
      expect((await findCall(under.db, ada, call.id))?.turns).toEqual([newer]);
    }
  });

  it("STORE-36 a delivery is stored whole or not at all", async () => {
    const broken = { ...answered, startedAtMs: 8.64e15 };
    await expect(archiveCall(under.db, { call, turns: [said, broken] })).rejects.toMatchObject({ reason: "internal" });
    expect(await findCall(under.db, ada, call.id)).toBeUndefined();
  });

  it("STORE-37 of an erased student nothing is kept, and the outbox is told", async () => {
    await archiveCall(under.db, { call, turns: [said] });
    await eraseStudent(under.db, ada);
    expect(await archiveCall(under.db, { call: { ...call, revision: 2 }, turns: [said] })).toBe("student-gone");
    expect(await archiveCall(under.db, { call: { ...call, revision: 3 }, turns: [] })).toBe("student-gone");
    expect(await under.sql("select 1 from calls union all select 1 from turns")).toEqual([]);
  });

  it("STORE-38 whatever characters were said or written by a model are stored", async () => {
    const wild = "\u0000 \ud800 😀 \\u0000";
    const turn: TurnRecord = { ...tool, text: wild, toolCall: { ...tool.toolCall!, arguments: wild, output: wild } };
    await archiveCall(under.db, { call, turns: [turn] });
    const [stored] = (await findCall(under.db, ada, call.id))?.turns ?? [];
    const tame = "\ufffd \ufffd 😀 \\u0000";
    expect(stored).toMatchObject({ text: tame, toolCall: { arguments: tame, output: tame } });
  });

  it("STORE-39 a student lists their own calls, newest first, page by page", async () => {
    for (const number of [1, 2, 3, 4]) {
      const startedAtMs = NOON + number * 60_000;
      const sessionToken = number === 4 ? bo : ada;
      await archiveCall(under.db, {
        call: { ...call, id: idOf(number), startedAtMs, sessionToken },
        turns: [said, tool],
      });
    }
    await archiveCall(under.db, { call: { ...call, id: idOf(9), startedAtMs: NOON }, turns: [], costMicroUsd: 7 });
    const first = await listCalls(under.db, ada, { limit: 2, before: null });
    expect(first.calls.map((each) => [each.id, each.turnCount])).toEqual([
      [idOf(3), 2],
      [idOf(2), 2],
    ]);
    expect(first.next).toEqual({ startedAtMs: first.calls[1]!.startedAtMs, callId: idOf(2) });
    const rest = await listCalls(under.db, ada, { limit: 9, before: first.next });
    expect(rest.calls).toMatchObject([{ id: idOf(1) }, { id: idOf(9), turnCount: 0, costMicroUsd: 7 }]);
    expect(rest.next).toBeNull();
  });

  it("ME-20 calls of one millisecond are all listed, whatever page they fall on", async () => {
    const ids = [1, 2, 3, 4, 5].map(idOf);
    for (const id of ids) await archiveCall(under.db, { call: { ...call, id, startedAtMs: NOON }, turns: [] });
    expect(await pagesOf(1)).toEqual(ids.toReversed().map((id) => [id]));
    expect(await pagesOf(2)).toEqual([[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]);
    expect(await pagesOf(5)).toEqual([ids.toReversed()]);
  });

  it("ME-21 a page of rows that nobody can read ends neither itself nor the list", async () => {
    for (const number of [1, 2, 3, 4, 5, 6]) {
      await archiveCall(under.db, {
        call: { ...call, id: idOf(number), startedAtMs: NOON + number * 1_000 },
        turns: [],
      });
    }
    await under.sql("update calls set usage = '{}' where id = $1 or id = $2", idOf(4), idOf(3));
    await under.sql("update calls set id = 'odd _ id' where id = $1", idOf(5));
    await under.sql("update calls set started_at = 'infinity' where id = $1", idOf(2));
    expect(await pagesOf(1)).toEqual([[idOf(6)], [], [], [], [idOf(1)]]);
    expect(await pagesOf(2)).toEqual([[idOf(6)], [], [idOf(1)]]);
  });

  /** The whole list, page by page. */
  async function pagesOf(limit: number): Promise<string[][]> {
    const pages: string[][] = [];
    let before: CallsCursor | null = null;
    do {
      const page: Awaited<ReturnType<typeof listCalls>> = await listCalls(under.db, ada, { limit, before });
      pages.push(page.calls.map(({ id }) => id));
      before = page.next;
    } while (before && pages.length < 20);
    return pages;
  }

  it("STORE-40 another student's call is not found", async () => {
    await archiveCall(under.db, { call, turns: [said] });
    expect(await findCall(under.db, bo, call.id)).toBeUndefined();
    expect(await listCalls(under.db, bo, { limit: 10, before: null })).toEqual({ calls: [], next: null });
    expect(await findCall(under.db, ada, idOf(7))).toBeUndefined();
  });

  it("STORE-42 a call with sound comes back with all it used and all that was timed", async () => {
    const usage: Usage = {
      responses: 1,
      inputTokens: 120,
      inputAudioTokens: 90,
      cachedInputTokens: 64,
      cachedInputAudioTokens: 32,
      cacheWriteTokens: 0,
      outputTokens: 70,
      outputAudioTokens: 55,
      reasoningTokens: 0,
      transcriptions: 1,
      transcriptionInputTokens: 30,
      transcriptionInputAudioTokens: 21,
      transcriptionOutputTokens: 8,
      transcriptionMs: 2_450.5,
      estimated: false,
    };
    const timings = { ttftMs: 300, ttfbMs: 320, turnLatencyMs: 325, heardLatencyMs: 410, turnMs: 2_900 };
    const voiceCall: CallRecord = {
      ...call,
      wayIn: "browser",
      model: "gpt-realtime-2.1-mini",
      transcriptionModel: "gpt-transcribe",
      usage,
    };
    const turns = [{ ...answered, timings, usage }];
    await archiveCall(under.db, { call: { ...voiceCall, transcriptionModel: null }, turns: [] });
    const whole = { ...voiceCall, revision: 2 };
    await archiveCall(under.db, { call: whole, turns });
    expect(await findCall(under.db, ada, call.id)).toEqual({ call: whole, turns, costMicroUsd: null, ...NO_CHARGES });
  });

  it("STORE-43 what was stored before there was sound counts none of it and has no timings of it", async () => {
    await archiveCall(under.db, { call: { ...call, usage: used }, turns: [answered] });
    const before = JSON.stringify({
      responses: 2,
      inputTokens: 900,
      cachedInputTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 40,
      reasoningTokens: 0,
      estimated: false,
    });
    await under.sql("update calls set usage = $1::jsonb", before);
    await under.sql(
      "update turns set usage = $1::jsonb, timings = $2::jsonb",
      before,
      JSON.stringify({ ttftMs: 210, turnLatencyMs: 250, turnMs: 900 }),
    );
    expect(await findCall(under.db, ada, call.id)).toEqual({
      call: { ...call, usage: used },
      turns: [answered],
      costMicroUsd: null,
      ...NO_CHARGES,
    });
  });

  it("STORE-41 an unreadable row hides itself and nothing else", async () => {
    await archiveCall(under.db, { call, turns: [said, tool, answered] });
    await archiveCall(under.db, { call: { ...call, id: idOf(2), startedAtMs: NOON }, turns: [] });
    await under.sql("update calls set usage = '{}' where id = $1", idOf(2));
    const { calls } = await listCalls(under.db, ada, { limit: 9, before: null });
    expect(calls.map((each) => each.id)).toEqual([call.id]);
    expect(await findCall(under.db, ada, idOf(2))).toBeUndefined();
    await under.sql("update turns set speaker = 'ghost' where seq = 1");
    await under.sql(`update turns set tool_call = '{"name":7}', usage = '"much"' where seq = 2`);
    expect((await findCall(under.db, ada, call.id))?.turns).toEqual([{ ...tool, toolCall: null }, answered]);
  });
});
