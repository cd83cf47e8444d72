import { describe, expect, it } from "vitest";
import { heardText, Playback } from "../../src/call/playback.ts";
import { mulberry32 } from "../caller/mutations.ts";

/** A playback that was sent so much of each item, one after the other. */
const sentOf = (...sent: readonly (readonly [itemId: string, ms: number])[]): Playback => {
  const playback = new Playback();
  for (const [itemId, ms] of sent) playback.sent(itemId, ms);
  return playback;
};

describe("what was heard", () => {
  it("PLAY-1 each item is heard as far as the position reaches into it", () => {
    const playback = sentOf(["a", 100], ["a", 200], ["b", 400]);
    expect([playback.unplayedMs, playback.isPlayedOut]).toEqual([700, false]);
    playback.played(250);
    expect([playback.heardMs("a"), playback.heardMs("b"), playback.unplayedMs]).toEqual([250, 0, 450]);
    playback.played(500);
    expect([playback.heardMs("a"), playback.heardMs("b"), playback.unplayedMs]).toEqual([300, 200, 200]);
    playback.sent("b", 100);
    playback.played(800);
    expect([playback.heardMs("b"), playback.sentMsOf("b"), playback.isPlayedOut]).toEqual([500, 500, true]);
  });

  it("PLAY-1 an item that is interrupted by another one and goes on is one item", () => {
    const playback = sentOf(["a", 100], ["sentence", 50], ["a", 100]);
    playback.played(170);
    expect([playback.heardMs("a"), playback.sentMsOf("a")]).toEqual([120, 200]);
  });

  it("PLAY-1 nothing was heard of what nobody knows, and nothing waits in the beginning", () => {
    const playback = new Playback();
    playback.played(1_000);
    expect([playback.heardMs("a"), playback.sentMsOf("a"), playback.unplayedMs, playback.isPlayedOut]).toEqual([
      ...[0, 0, 0],
      true,
    ]);
    expect(playback.clear()).toEqual([]);
  });

  it.each([
    ["an older position", 200],
    ["the same position", 300],
    ["a negative one", -5],
    ["none", Number.NaN],
    ["less than none", Number.NEGATIVE_INFINITY],
  ])("PLAY-2 %s changes nothing", (_, positionMs) => {
    const playback = sentOf(["a", 500]);
    playback.played(300);
    playback.played(positionMs);
    expect([playback.heardMs("a"), playback.unplayedMs]).toEqual([300, 200]);
  });

  it.each([501, 1e300, Number.POSITIVE_INFINITY])(
    "PLAY-2 position %d is the end of what was sent, and more sound follows it",
    (positionMs) => {
      const playback = sentOf(["a", 500]);
      playback.played(positionMs);
      expect([playback.heardMs("a"), playback.isPlayedOut]).toEqual([500, true]);
      playback.sent("a", 100);
      expect([playback.heardMs("a"), playback.unplayedMs]).toEqual([500, 100]);
    },
  );

  it("PLAY-2 sound of no length, or of none that makes sense, is no sound", () => {
    const playback = sentOf(["a", 0], ["a", -10], ["a", Number.NaN], ["a", Number.POSITIVE_INFINITY]);
    expect([playback.sentMsOf("a"), playback.isPlayedOut]).toEqual([0, true]);
  });

  it("PLAY-3 pieces of any length add up without drift, and a rounded position reaches the end", () => {
    const playback = new Playback();
    const piecesMs = [1_603 / 8, 1_000 / 48, 0.125, 958 / 48];
    let sentMs = 0;
    for (let count = 0; count < 100_000; count++) {
      const ms = piecesMs[count % piecesMs.length] ?? 0;
      playback.sent("a", ms);
      sentMs += ms;
    }
    playback.played(Math.floor(sentMs));
    expect(playback.isPlayedOut).toBe(true);
    expect(playback.heardMs("a")).toBe(playback.sentMsOf("a"));
    expect(playback.sentMsOf("a")).toBe(Math.floor(sentMs));
  });
});

describe("clear", () => {
  it("PLAY-4 returns what was heard of each item that lost something, and of no other", () => {
    const playback = sentOf(["whole", 100], ["half", 200], ["unheard", 300.5]);
    playback.played(210.75);
    expect(playback.clear()).toEqual([
      { itemId: "half", heardMs: 110, sentMs: 200 },
      { itemId: "unheard", heardMs: 0, sentMs: 300 },
    ]);
    expect([playback.isPlayedOut, playback.unplayedMs]).toEqual([true, 0]);
    expect([playback.heardMs("whole"), playback.heardMs("half"), playback.heardMs("unheard")]).toEqual([100, 110, 0]);
    expect(playback.clear()).toEqual([]);
  });

  it("PLAY-4 an item that was cut in two pieces is returned once", () => {
    const playback = sentOf(["a", 100], ["b", 100], ["a", 100]);
    playback.played(50);
    expect(playback.clear()).toEqual([
      { itemId: "a", heardMs: 50, sentMs: 200 },
      { itemId: "b", heardMs: 0, sentMs: 100 },
    ]);
  });

  it("PLAY-5 what was cleared is never heard any more, and further sound goes on from all that was sent", () => {
    const playback = sentOf(["a", 1_000]);
    playback.played(400);
    playback.clear();
    // On its way when the sound was cleared; then what the caller's side passes over.
    for (const positionMs of [450, 1_000]) playback.played(positionMs);
    expect(playback.heardMs("a")).toBe(400);
    playback.sent("b", 300);
    playback.played(900);
    expect(playback.heardMs("b")).toBe(0);
    playback.played(1_100);
    expect([playback.heardMs("a"), playback.heardMs("b"), playback.unplayedMs]).toEqual([400, 100, 200]);
  });

  it("PLAY-5 more of an item that was cut counts from there", () => {
    const playback = sentOf(["a", 200]);
    playback.played(100);
    playback.clear();
    playback.sent("a", 200);
    playback.played(250);
    expect([playback.heardMs("a"), playback.sentMsOf("a")]).toEqual([150, 400]);
  });
});

describe("restart", () => {
  it("PLAY-6 on a new leg positions begin at nothing, what was not played is void, what was heard stays heard", () => {
    const playback = sentOf(["a", 1_000]);
    playback.played(600);
    playback.restart();
    expect([playback.isPlayedOut, playback.heardMs("a"), playback.sentMsOf("a")]).toEqual([true, 600, 1_000]);
    playback.played(1_000);
    expect(playback.heardMs("a")).toBe(600);
    playback.sent("b", 200);
    playback.played(150);
    expect([playback.heardMs("a"), playback.heardMs("b")]).toEqual([600, 150]);
  });
});

describe("over a long call", () => {
  it("PLAY-7 old items are let go, recent ones are known", () => {
    const playback = new Playback();
    for (let count = 0; count < 10_000; count++) {
      playback.sent(`item${count}`, 20);
      playback.played((count + 1) * 20);
    }
    expect(playback.sentMsOf("item0")).toBe(0);
    for (let count = 9_970; count < 10_000; count++) expect(playback.heardMs(`item${count}`)).toBe(20);
    expect(playback.isPlayedOut).toBe(true);
  });

  it("PLAY-7 a caller who never plays anything costs no more than so much memory", () => {
    const playback = new Playback();
    for (let count = 0; count < 10_000; count++) playback.sent(`item${count}`, 20);
    const cut = playback.clear();
    expect(cut).toHaveLength(256);
    expect(cut.at(-1)).toEqual({ itemId: "item9999", heardMs: 0, sentMs: 20 });
    expect(playback.isPlayedOut).toBe(true);
  });

  it("PLAY-8 whatever comes in whatever order, it agrees with a ledger kept millisecond by millisecond", () => {
    for (let seed = 0; seed < 50; seed++) agreesWithLedger(mulberry32(seed));
  });
});

/** 150 random steps, each followed by a comparison with the slow and obvious way to do it. */
function agreesWithLedger(random: () => number): void {
  const playback = new Playback();
  const pick = (below: number): number => Math.floor(random() * below);
  /** One entry a millisecond. */
  let ledger: { itemId: string; fate: "waiting" | "heard" | "void" }[] = [];
  let before: typeof ledger = [];
  for (let step = 0; step < 150; step++) {
    const itemId = `item${pick(4)}`;
    switch (pick(8)) {
      case 0:
        playback.clear();
        for (const entry of ledger) if (entry.fate === "waiting") entry.fate = "void";
        break;
      case 1:
        if (pick(5) > 0) break;
        playback.restart();
        for (const entry of ledger) if (entry.fate === "waiting") entry.fate = "void";
        before = [...before, ...ledger];
        ledger = [];
        break;
      case 2:
      case 3:
      case 4: {
        const positionMs = pick(ledger.length + 40) - 10;
        playback.played(positionMs);
        for (const entry of ledger.slice(0, Math.max(0, positionMs)))
          if (entry.fate === "waiting") entry.fate = "heard";
        break;
      }
      default: {
        const ms = pick(60);
        playback.sent(itemId, ms);
        for (let count = 0; count < ms; count++) ledger.push({ itemId, fate: "waiting" });
      }
    }
    const all = [...before, ...ledger];
    const count = (test: (entry: (typeof all)[number]) => boolean): number => all.filter(test).length;
    expect(playback.heardMs(itemId)).toBe(count((entry) => entry.itemId === itemId && entry.fate === "heard"));
    expect(playback.sentMsOf(itemId)).toBe(count((entry) => entry.itemId === itemId));
    expect(playback.unplayedMs).toBe(count((entry) => entry.fate === "waiting"));
    expect(playback.isPlayedOut).toBe(playback.unplayedMs === 0);
  }
}

describe("heardText", () => {
  const TEXT = "One two, three. Four";

  it.each([
    [0, ""],
    [9, ""],
    [15, "One"],
    [20, "One"],
    [35, "One two"],
    [40, "One two,"],
    [60, "One two,"],
    [70, "One two, three"],
    [75, "One two, three."],
    [99, "One two, three."],
    [100, TEXT],
    [170, TEXT],
  ])("PLAY-9 of words that take 100 ms, %i ms are %j", (heardMs, heard) => {
    expect(heardText(TEXT, heardMs, 100)).toBe(heard);
  });

  it("PLAY-9 nothing was heard of what made no sound, or at a time that is none", () => {
    for (const [heardMs, totalMs] of [
      [5, 0],
      [-5, 100],
      [Number.NaN, 100],
      [5, Number.NaN],
      [0, 0],
    ] as const) {
      expect(heardText(TEXT, heardMs, totalMs)).toBe("");
    }
    expect(heardText("", 5, 100)).toBe("");
  });

  it("PLAY-9 words are words in scripts without spaces, and no character is cut in two", () => {
    expect(heardText("今日はとても良い天気ですね。", 50, 100)).toMatch(/^今日/);
    expect(heardText("😀😀😀 👨‍👩‍👧‍👦 done", 60, 100).isWellFormed()).toBe(true);
    expect(heardText("don't stop", 45, 100)).toBe("");
    expect(heardText("don't stop", 50, 100)).toBe("don't");
  });

  it("PLAY-9 it is a beginning of the text, grows with what was heard, and is never more than its share", () => {
    const text = 'Well -- it is 3.50 € for "both", isn\u2019t it?\n  Yes\u2026 (no)!';
    let longest = 0;
    for (let heardMs = 0; heardMs <= 1_000; heardMs++) {
      const heard = heardText(text, heardMs, 1_000);
      expect(text.startsWith(heard)).toBe(true);
      expect(heard.length).toBeGreaterThanOrEqual(longest);
      expect(heard.length).toBeLessThanOrEqual((text.length * heardMs) / 1_000);
      longest = heard.length;
    }
    expect(longest).toBe(text.length);
  });
});
