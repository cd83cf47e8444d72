import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { isOpen } from "../../src/workshop/dates.ts";
import { isStale, type LiveCall, mayEnter } from "../../src/workshop/roster.ts";

const live = (callId: string, sessionToken: string): LiveCall => ({ callId, sessionToken, sinceMs: 0 });

describe("the roster", () => {
  it("ROSTER-1 lets a student into so many calls at once", () => {
    const calls = Array.from({ length: LIMITS.callsPerStudent }, (_, index) => live(`call-${index}`, "ada"));
    expect(mayEnter(calls.slice(1), { callId: "new", sessionToken: "ada" }, 60)).toBe(true);
    expect(mayEnter(calls, { callId: "new", sessionToken: "ada" }, 60)).toBe(false);
    expect(mayEnter(calls, { callId: "new", sessionToken: "bob" }, 60)).toBe(true);
  });

  it("ROSTER-2 lets a class have so many", () => {
    const calls = Array.from({ length: 60 }, (_, index) => live(`call-${index}`, `student-${index}`));
    expect(mayEnter(calls, { callId: "new", sessionToken: "ada" }, 60)).toBe(false);
    expect(mayEnter(calls.slice(1), { callId: "new", sessionToken: "ada" }, 60)).toBe(true);
  });

  it("ROSTER-3 knows a call that asks again", () => {
    const calls = [live("one", "ada"), live("two", "ada")];
    expect(mayEnter(calls, { callId: "two", sessionToken: "ada" }, 2)).toBe(true);
  });

  it("ROSTER-4 forgets a call that never said it had ended", () => {
    expect(isStale(live("one", "ada"), LIMITS.callMaxMs)).toBe(false);
    expect(isStale(live("one", "ada"), LIMITS.callMaxMs + 5 * 60_000 + 1)).toBe(true);
  });
});

describe("a workshop's dates", () => {
  it("ROSTER-5 bound it where they are set", () => {
    expect(isOpen({ opensAtMs: null, closesAtMs: null }, 5)).toBe(true);
    expect(isOpen({ opensAtMs: 6, closesAtMs: null }, 5)).toBe(false);
    expect(isOpen({ opensAtMs: 5, closesAtMs: 6 }, 5)).toBe(true);
    expect(isOpen({ opensAtMs: null, closesAtMs: 5 }, 5)).toBe(false);
  });
});
