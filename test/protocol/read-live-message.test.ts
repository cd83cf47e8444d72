import { describe, expect, it } from "vitest";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import type { ConsoleLiveMessage, StudentLiveMessage } from "../../src/protocol/live-messages.ts";
import { parseConsoleLiveMessage, parseStudentLiveMessage } from "../../src/protocol/read-live-message.ts";
import { NO_SPEND } from "../../src/protocol/rest-workshop.ts";
import { BILL, BUDGET, RUNNING } from "./bills.ts";

const facts = { announcement: "Welcome!", paused: false };
const call = { callId: "one", wayIn: "media-streams", keySource: "student", model: "m", startedAtMs: 5 } as const;
const turn = { seq: 1, speaker: "agent", startedAtMs: 1, text: "Hello!", heardText: null, toolCall: null } as const;

const TO_PAGES: readonly StudentLiveMessage[] = [
  { type: "live-start", calls: [call], money: { lent: BUDGET, own: null }, ...facts },
  { type: "money", money: { lent: null, own: BUDGET } },
  { type: "workshop", announcement: null, paused: true },
  { type: "me-changed", by: "instructor" },
  { type: "call", call },
  {
    type: "call-messages",
    callId: "one",
    messages: [
      { type: "state", state: "speaking" },
      { type: "caption", seq: 1, speaker: "agent", delta: "Hel" },
      { type: "turn", ...turn, timings: null, usage: NO_USAGE, failure: null },
      { type: "meter", usage: NO_USAGE, bill: BILL, running: RUNNING },
      { type: "budget", budget: BUDGET },
      { type: "error", code: "silence", error: "Nothing was heard for a minute." },
      { type: "call-end", endReason: "paused" },
    ],
  },
];

const student = {
  studentId: "id",
  name: null,
  keyStatus: "no_credit",
  online: true,
  lastSeenAtMs: null,
  calls: [{ callId: "one", wayIn: "browser", keySource: "instructor", state: "thinking", startedAtMs: 5 }],
  lastCall: { wayIn: "browser", endedAtMs: 4, endReason: null, failure: "no_credit", keySource: "student" },
  failuresInARow: 2,
  turnCount: 7,
  latenciesMs: [300, 400],
  lentMicroUsd: 60,
  heldMicroUsd: 0,
  spend: { student: NO_SPEND, instructor: { ...NO_SPEND, costMicroUsd: null } },
} as const;

const limits = { poolMicroUsd: 5, studentMicroUsd: null, callMicroUsd: 0, models: ["gpt-6-luna"] };
const money = { limits, spentMicroUsd: 60, heldMicroUsd: 7 };

const TO_CONSOLES: readonly ConsoleLiveMessage[] = [
  { type: "wall-start", workshopId: "w", nowMs: 9, students: [student], money, ...facts },
  { type: "money", money: { ...money, limits: { ...limits, models: null } } },
  { type: "workshop", ...facts },
  { type: "wall", nowMs: 10, students: [student], gone: ["other"] },
];

/** Everything that a message is made of, each in turn made something else. */
function* spoiled(value: unknown): Generator<unknown> {
  if (Array.isArray(value)) {
    yield { not: "a list" };
    for (const [at, entry] of value.entries()) for (const bad of spoiled(entry)) yield value.with(at, bad);
  } else if (typeof value === "object" && value !== null) {
    yield "an object";
    for (const [name, field] of Object.entries(value)) {
      // Of what type a message is that nobody knows, is nobody's business.
      if (name === "type") continue;
      for (const bad of spoiled(field)) yield { ...value, [name]: bad };
    }
  } else {
    yield { not: value };
  }
}

describe("messages of `/live`", () => {
  it.each(TO_PAGES)("LIVE-44 are read as they were written, for a page: $type", (message) => {
    expect(parseStudentLiveMessage(JSON.stringify(message))).toEqual(message);
    // A newer server may say more.
    expect(parseStudentLiveMessage(JSON.stringify({ ...message, more: 1 }))).toEqual(message);
  });

  it.each(TO_CONSOLES)("LIVE-44 are read as they were written, for a console: $type", (message) => {
    expect(parseConsoleLiveMessage(JSON.stringify(message))).toEqual(message);
  });

  it("LIVE-45 are passed over when a field is not what it must be", () => {
    let count = 0;
    for (const message of TO_PAGES) {
      for (const bad of spoiled(message)) {
        expect(parseStudentLiveMessage(JSON.stringify(bad))).toBeUndefined();
        count += 1;
      }
    }
    for (const message of TO_CONSOLES) {
      for (const bad of spoiled(message)) {
        expect(parseConsoleLiveMessage(JSON.stringify(bad))).toBeUndefined();
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(100);
    for (const text of ["", "pong", "null", "[]", "7", "{", '{"type":"__proto__"}', '{"type":"unknown"}']) {
      expect([parseStudentLiveMessage(text), parseConsoleLiveMessage(text)]).toEqual([undefined, undefined]);
    }
  });

  it("LIVE-45 leave out of a call what is unknown, and what is its caller's alone", () => {
    const messages = [
      { type: "clear" },
      { type: "pong" },
      { type: "newer", than: "us" },
      { type: "state", state: "listening" },
      {
        ...{ type: "call-start", callId: "one", resumed: false, keySource: "student", model: "m", voice: "v" },
        ...{ startedAtMs: 1, endsAtMs: 2, resumeTicket: "secret", turns: [] },
      },
    ];
    expect(parseStudentLiveMessage(JSON.stringify({ type: "call-messages", callId: "one", messages }))).toEqual({
      type: "call-messages",
      callId: "one",
      messages: [{ type: "state", state: "listening" }],
    });
  });
});
