import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import type { Closing } from "../../src/protocol/closing.ts";
import {
  CLOSING_AHEAD_MS,
  type ClosingDraft,
  closingDraftOf,
  eraseAtOf,
  newClosing,
  readClosingDraft,
} from "../../src/web/console/closing-draft.ts";
import { fromLocalField, toLocalField } from "../../src/web/console/local-time.ts";
import { callsEndWords, closingSteps, reportKeyWords, stepSentence } from "../../src/web/console/words-closing.ts";

const NOW = "2026-11-23T15:00:00.000Z";
const NOW_MS = Date.parse(NOW);
const DAY_MS = 86_400_000;
const inDays = (days: number): string => new Date(NOW_MS + days * DAY_MS).toISOString();
const draft = (change: Partial<ClosingDraft> = {}): ClosingDraft => ({ ...newClosing(NOW_MS), ...change });
const CLOSING: Closing = {
  closedAt: inDays(-1),
  keysAt: inDays(1),
  keysDeletedAt: null,
  eraseAt: inDays(30),
  erasedAt: null,
};

describe("what is chosen for the end of a workshop", () => {
  it("CLOSEUI-1 is keys at once and students after 30 days, when nothing is changed", () => {
    expect(readClosingDraft(draft(), null, NOW_MS)).toEqual({
      ok: true,
      request: { keysAt: null, eraseAt: inDays(30) },
      deletesNow: "keys",
    });
  });

  it.each([7, 30, 90] as const)("CLOSEUI-1 is students after %i days to the millisecond", (erase) => {
    expect(eraseAtOf(draft({ erase }), NOW_MS)).toBe(inDays(erase));
  });

  it("CLOSEUI-1 asks for what is deleted at once, and for nothing when all has a date", () => {
    const deletes = (change: Partial<ClosingDraft>): unknown => {
      const read = readClosingDraft(draft(change), null, NOW_MS);
      return read.ok && read.deletesNow;
    };
    expect(deletes({ erase: "now" })).toBe("everything");
    expect(deletes({})).toBe("keys");
    expect(deletes({ keys: "date", keysField: toLocalField(inDays(2)) })).toBeNull();
  });

  it("CLOSEUI-2 is a local time, sent in UTC", () => {
    const keysField = "2026-11-30T18:00";
    const read = readClosingDraft(draft({ keys: "date", keysField }), null, NOW_MS);
    expect(read.ok && read.request.keysAt).toBe(fromLocalField(keysField));
    expect(toLocalField(read.ok ? read.request.keysAt : null)).toBe(keysField);
  });

  it.each([
    [{ keys: "date", keysField: "" }, "keys", "not-a-time"],
    [{ keys: "date", keysField: "soon" }, "keys", "not-a-time"],
    [{ keys: "date", keysField: toLocalField(inDays(-1)) }, "keys", "past"],
    [{ keys: "date", keysField: toLocalField(inDays(401)) }, "keys", "too-far"],
    [{ erase: "date", eraseField: toLocalField(inDays(401)) }, "erase", "too-far"],
    [{ erase: "date", eraseField: "" }, "erase", "not-a-time"],
    [{ erase: "date", eraseField: toLocalField(inDays(-1)) }, "erase", "past"],
    [{ keys: "date", keysField: toLocalField(inDays(8)), erase: 7 }, "erase", "before-keys"],
    [{ keys: "date", keysField: toLocalField(inDays(1)), erase: "now" }, "erase", "before-keys"],
  ] as const)("CLOSEUI-3 that cannot be says which date and why: %j", (change, field, problem) => {
    expect(readClosingDraft(draft(change), null, NOW_MS)).toEqual({ ok: false, field, problem });
  });

  it("CLOSEUI-3 may lie as far ahead as the server takes it", () => {
    expect(CLOSING_AHEAD_MS).toBe(LIMITS.closingAheadMs);
  });

  it("CLOSEUI-4 begins with the dates as they stand, and changes the one that is still to come", () => {
    const minute = (iso: string): string => `${iso.slice(0, 16)}:00.000Z`;
    const asItStands = readClosingDraft(closingDraftOf(CLOSING), CLOSING, NOW_MS);
    expect(asItStands).toEqual({
      ok: true,
      request: { keysAt: minute(CLOSING.keysAt), eraseAt: minute(CLOSING.eraseAt) },
      deletesNow: null,
    });
    const gone = { ...CLOSING, keysAt: inDays(-1), keysDeletedAt: inDays(-1) };
    const later = readClosingDraft({ ...closingDraftOf(gone), erase: 90 }, gone, NOW_MS);
    expect(later).toEqual({ ok: true, request: { keysAt: gone.keysAt, eraseAt: inDays(90) }, deletesNow: null });
  });
});

describe("what is said of a closed workshop", () => {
  it("CLOSEUI-5 tells what has happened and what will, each with its time", () => {
    const steps = (change: Partial<Closing>) => closingSteps({ ...CLOSING, ...change });
    expect(steps({}).map(({ isDone }) => isDone)).toEqual([true, false, false]);
    expect(steps({ keysDeletedAt: inDays(1) }).map(({ isDone }) => isDone)).toEqual([true, true, false]);
    const [, keys, students] = steps({ keysDeletedAt: inDays(2), erasedAt: inDays(31) });
    expect(keys).toEqual({ words: "Keys were deleted", at: inDays(2), isDone: true });
    expect(students).toEqual({ words: "Students were erased", at: inDays(31), isDone: true });
    expect(steps({}).map(stepSentence)[1]).toMatch(/^Keys will be deleted on 24 November 2026 at \d\d:00\.$/);
  });

  it("CLOSEUI-5 names a key by its end, and says what became of it", () => {
    expect(reportKeyWords(null)).toBe("none");
    expect(reportKeyWords({ hint: "a1b2", deletedAt: null })).toBe("…a1b2 still here");
    expect(reportKeyWords({ hint: null, deletedAt: NOW })).toBe("deleted 23 Nov 2026");
    expect([0, 1, 2].map(callsEndWords)).toEqual([
      "No call goes on right now.",
      "1 call goes on right now and will end.",
      "2 calls go on right now and will end.",
    ]);
  });
});
