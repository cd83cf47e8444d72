import { describe, expect, it } from "vitest";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import { Unreadable } from "../../src/protocol/read-fields.ts";
import { lastedMs, readArchivedCall, readCallPage } from "../../src/web/student/call-record-view.ts";
import { CALL, CALL_REPLY } from "../journeys/page-world.ts";

const reply = JSON.parse(JSON.stringify(CALL_REPLY));

describe("a call of the archive", () => {
  it("HISTORY-1 is read whole, field by field, and nothing else of a reply gets in", () => {
    const { success: _, ...archived } = CALL_REPLY;
    const more = {
      ...reply,
      call: { ...reply.call, sessionToken: "wst_secret" },
      turns: reply.turns.map((turn: object) => ({ ...turn, html: "<b>" })),
    };
    expect(readArchivedCall(more)).toEqual(archived);
    expect(readArchivedCall({ ...reply, bill: null, repriced: [] })).toEqual({ ...archived, bill: null, repriced: [] });
  });

  it("HISTORY-1 what is not what it must be is not shown", () => {
    const wrong = [
      { ...reply, call: { ...reply.call, startedAt: "yesterday" } },
      { ...reply, call: { ...reply.call, usage: { ...NO_USAGE, inputTokens: "7" } } },
      { ...reply, call: { ...reply.call, endReason: "bored" } },
      { ...reply, call: { ...reply.call, wayIn: "pigeon" } },
      { ...reply, turns: [{ ...reply.turns[0], text: { toString: 1 } }] },
      { ...reply, turns: [{ ...reply.turns[0], startedAt: 7 }] },
      { ...reply, turns: "none" },
      { ...reply, bill: { ...reply.bill, costMicroUsd: "7" } },
      { ...reply, bill: { ...reply.bill, lines: [{ ...reply.bill.lines[0], layer: "gold" }] } },
      { ...reply, bill: undefined },
      { ...reply, repriced: [{ model: "gpt-realtime-2.1", costMicroUsd: Number.NaN }] },
      {},
    ];
    for (const value of wrong) expect(() => readArchivedCall(value), JSON.stringify(value)).toThrow(Unreadable);
  });

  it("HISTORY-1 a page of calls tells where the older ones begin", () => {
    const calls = [{ ...reply.call, turnCount: 7 }];
    expect(readCallPage({ calls, next: CALL.startedAt })).toEqual({
      calls: [{ ...CALL, turnCount: 7 }],
      next: CALL.startedAt,
    });
    expect(readCallPage({ calls: [], next: null })).toEqual({ calls: [], next: null });
    expect(() => readCallPage({ calls: [reply.call], next: null })).toThrow(Unreadable);
  });

  it("HISTORY-1 how long it lasted is not known before it ends", () => {
    expect(lastedMs(CALL)).toBe(42_000);
    expect(lastedMs({ ...CALL, endedAt: null })).toBeNull();
  });
});
