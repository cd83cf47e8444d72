import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Closing, StudentReceipt } from "../../src/protocol/closing.ts";
import { isPastErasure, readKept } from "../../src/web/student/kept-receipt.ts";
import { keyWords, spentWords, stepsOf } from "../../src/web/words-closed.ts";
import { RECEIPT } from "../journeys/closing-world.ts";
import { ME } from "../journeys/page-world.ts";

const kept = { receipt: RECEIPT, isErased: false };

describe("a receipt in the browser's storage", () => {
  it("CLOSEUI-6 is read field by field, and what is not one is none", () => {
    expect(readKept(JSON.stringify(kept))).toEqual(kept);
    expect(readKept(null)).toBeNull();
    const broken = [
      "",
      "null",
      "[]",
      JSON.stringify({ receipt: RECEIPT }),
      JSON.stringify({ ...kept, receipt: { ...RECEIPT, calls: "7" } }),
      JSON.stringify({ ...kept, receipt: { ...RECEIPT, closing: { ...RECEIPT.closing, eraseAt: "soon" } } }),
    ];
    expect(broken.map(readKept)).toEqual(broken.map(() => null));
    const more = { ...kept, sessionToken: "wst_secret", receipt: { ...RECEIPT, prompt: "You are Juno." } };
    expect(readKept(JSON.stringify(more))).toEqual(kept);
  });

  it("CLOSEUI-6 is of somebody who was erased when the server says so, or when its date has passed", () => {
    const eraseAtMs = Date.parse(RECEIPT.closing.eraseAt);
    expect(isPastErasure(kept, eraseAtMs - 1)).toBe(false);
    expect(isPastErasure(kept, eraseAtMs)).toBe(true);
    expect(isPastErasure({ ...kept, isErased: true }, 0)).toBe(true);
    const erased = { ...RECEIPT.closing, erasedAt: RECEIPT.closing.closedAt };
    expect(isPastErasure({ ...kept, receipt: { ...RECEIPT, closing: erased } }, 0)).toBe(true);
  });
});

describe("whose receipt is kept", () => {
  const stored = new Map<string, string>();
  beforeEach(() => {
    stored.clear();
    vi.resetModules();
    vi.stubGlobal("localStorage", {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, text: string) => stored.set(key, text),
      removeItem: (key: string) => stored.delete(key),
    });
  });
  afterEach(() => vi.unstubAllGlobals());

  const load = async () => ({
    ...(await import("../../src/web/student/kept-receipt.ts")),
    session: await import("../../src/web/student/session.ts"),
  });
  const meWith = (closing: Closing | null): typeof ME => ({
    ...ME,
    workshop: ME.workshop && { ...ME.workshop, closing },
  });

  it("CLOSEUI-7 is there again when the page is loaded, and erased once the server knows nobody", async () => {
    (await load()).keepReceipt(kept);
    vi.resetModules();
    const page = await load();
    expect(page.keptReceipt.value).toEqual(kept);
    page.session.isErased.value = true;
    expect(page.keptReceipt.value).toEqual({ ...kept, isErased: true });
    expect([...stored.values()].map(readKept)).toEqual([{ ...kept, isErased: true }]);
  });

  it("CLOSEUI-7 goes when its student signs out, erases themselves, or somebody of an open workshop is here", async () => {
    for (const farewell of ["left", "erased", "forgotten"] as const) {
      vi.resetModules();
      const page = await load();
      page.keepReceipt(kept);
      page.session.signedOut(farewell);
      expect(page.keptReceipt.value).toBeNull();
      expect(stored.size).toBe(0);
    }
    vi.resetModules();
    const page = await load();
    page.keepReceipt(kept);
    page.session.me.value = meWith(RECEIPT.closing);
    expect(page.keptReceipt.value).toEqual(kept);
    page.session.me.value = meWith(null);
    expect(page.keptReceipt.value).toBeNull();
    expect(stored.size).toBe(0);
  });

  it("CLOSEUI-7 stays in the page when the browser keeps nothing", async () => {
    vi.stubGlobal("localStorage", {
      getItem: () => null,
      setItem: () => {
        throw new DOMException("full", "QuotaExceededError");
      },
      removeItem: () => {},
    });
    const page = await load();
    page.keepReceipt(kept);
    expect(page.keptReceipt.value).toEqual(kept);
  });
});

describe("the words of a receipt", () => {
  it("CLOSEUI-5 say how long, which key and when", () => {
    expect([0, 45_400, 60_000, 1_260_000, 3_900_000].map(spentWords)).toEqual([
      "0 s",
      "45 s",
      "1 min",
      "21 min",
      "1 h 5 min",
    ]);
    const key: NonNullable<StudentReceipt["key"]> = { hint: "a1b2", deletedAt: null };
    expect(keyWords(key, RECEIPT.closing.closedAt)).toMatch(/^···a1b2, will be deleted here on 20 November 2026 at /);
    expect(keyWords({ hint: null, deletedAt: RECEIPT.closing.closedAt }, "")).toMatch(
      /^deleted here on 20 November 2026/,
    );
    expect(stepsOf(RECEIPT.closing).map(({ isDone }) => isDone)).toEqual([true, true, false]);
  });
});
