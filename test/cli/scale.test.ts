import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { worstDeploy } from "../../src/cli/scale/deploys.ts";
import { EventQueue, seededRandom } from "../../src/cli/scale/event-queue.ts";
import { billOf, LOADS, type Load, usedBy } from "../../src/cli/scale/load.ts";
import { needsOf, readMeasured, WAYS } from "../../src/cli/scale/measured.ts";
import { FIGURES, type Figure } from "../../src/cli/scale/prices.ts";
import { type Deploy, simulateDeploy, USUAL_SPEED } from "../../src/cli/scale/reconnect.ts";
import { scaleCommand } from "../../src/cli/scale/scale-command.ts";
import { LIMITS } from "../../src/limits.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const measuredText = text("test/bench/scale/measured.json");
const measured = readMeasured(measuredText);
const MODELS = { text: "gpt-6-luna", voice: "gpt-realtime-2.1-mini", transcribe: "gpt-transcribe" };
const AT_MS = Date.parse("2026-11-23");

const SEEDS = [1, 2, 3];
const small = (seed: number, change: Partial<Deploy> = {}): Deploy => ({ ...worstDeploy(seed, 1_500), ...change });
const taking = (connectsPerSecond: number, lineMs = USUAL_SPEED.lineMs) => ({
  speed: { ...USUAL_SPEED, connectsPerSecond, lineMs },
});

describe("a deploy under live calls", () => {
  it("SCALE-1 Ten thousand calls that are all cut off within a second are all back within 10 s, and none is lost.", {
    timeout: 60_000,
  }, () => {
    const aftermath = simulateDeploy(worstDeploy(20_261_123));
    expect(aftermath).toMatchObject({ cut: 10_000, lost: 0, undecided: 0 });
    expect(aftermath.backWithin[10_000]).toBeGreaterThanOrEqual(0.99);
    expect(aftermath.peakPerSecond).toBeLessThanOrEqual(10_000);
  });

  it("SCALE-2 The same seed gives the same aftermath, another seed another.", () => {
    const [once, again, other] = [simulateDeploy(small(7)), simulateDeploy(small(7)), simulateDeploy(small(8))];
    expect(again).toEqual(once);
    expect(other.slowestMs).not.toBe(once.slowestMs);
  });

  it("SCALE-3 Pages that what they share refuses come back as soon as it has taken them: none is lost, 99 % within 10 s when it takes a tenth of them a second.", () => {
    for (const seed of SEEDS) {
      const tenth = simulateDeploy(small(seed, { phones: 0, ...taking(160) }));
      expect(tenth).toMatchObject({ cut: 1_500, lost: 0, undecided: 0 });
      expect(tenth.backWithin[10_000]).toBeGreaterThanOrEqual(0.99);
      const twentieth = simulateDeploy(small(seed, { phones: 0, ...taking(80) }));
      expect(twentieth).toMatchObject({ lost: 0, undecided: 0 });
      // No policy gets more through than there is room for.
      expect(twentieth.backWithin[10_000]).toBeLessThanOrEqual((80 * 10 + 80) / 1_500);
      expect(twentieth.backWithin[30_000]).toBe(1);
    }
  });

  it("SCALE-4 After the first try, tries are spread: what is refused never comes again all in one second.", () => {
    for (const seed of SEEDS) {
      const { peakPerSecond } = simulateDeploy(small(seed, { phones: 0, spreadMs: 1, ...taking(50) }));
      // Everybody's first try, their second up to half a second later, and some of the third.
      expect(peakPerSecond).toBeGreaterThanOrEqual(1_500);
      expect(peakPerSecond).toBeLessThan(2.7 * 1_500);
      const spread = simulateDeploy(small(seed, { phones: 0, spreadMs: 30_000 }));
      expect(spread.peakPerSecond).toBeLessThan(1_500 / 10);
      expect(spread.lost).toBe(0);
    }
  });

  it("SCALE-5 A line in which nobody is refused and all wait too long loses pages, and says so; everybody is decided at the end.", () => {
    const aftermath = simulateDeploy(small(1, { phones: 0, ...taking(60, 60_000) }));
    expect(aftermath.lost).toBeGreaterThan(0);
    expect(aftermath.undecided).toBe(0);
    expect(Object.keys(aftermath.lostFor)).toEqual(["the page gave up after 30 s (1006)"]);
    expect(aftermath.lost + Math.round(aftermath.backWithin[30_000] * aftermath.cut)).toBe(aftermath.cut);
  });

  it("SCALE-6 A phone asks once: refused, its call is lost; taken, it is back after Twilio's second and a half.", () => {
    const all = small(1, { phones: 1_500 });
    const taken = simulateDeploy(all);
    expect(taken).toMatchObject({ lost: 0, undecided: 0 });
    expect(taken.backWithin[2_000]).toBeLessThan(1);
    expect(taken.slowestMs).toBeLessThan(4_000);
    const refused = simulateDeploy({ ...all, ...taking(100, 500) });
    expect(refused.lost).toBeGreaterThan(0);
    expect(refused.undecided).toBe(0);
    expect(Object.keys(refused.lostFor).toSorted()).toEqual([
      "its request was not answered",
      "its socket was not opened",
    ]);
  });

  it("SCALE-7 A deploy that waits longer than the longest call cuts nobody, and that is how the Worker is deployed.", () => {
    const [, mode, delay] =
      /code_update_strategy = \{ mode = "(\w+)", max_delay = (\d+) \}/.exec(text("wrangler.toml")) ?? [];
    const maxDelayMs = Number(delay) * 1_000;
    expect(mode).toBe("deferred");
    expect(maxDelayMs).toBeGreaterThan(LIMITS.callMaxMs);
    const strategy = { mode: "deferred", maxDelayMs } as const;
    expect(simulateDeploy(small(1, { strategy, callMs: LIMITS.callMaxMs })).cut).toBe(0);
    const soon = simulateDeploy(small(1, { strategy: { mode: "deferred", maxDelayMs: 300_000 } }));
    expect(soon.cut / 1_500).toBeCloseTo(2 / 3, 1);
    expect(text("docs/scale.md")).toContain(`max_delay = ${delay} }`);
  });

  it("SCALE-8 Time goes from event to event, the earliest first, and what was taken back does not happen.", () => {
    const queue = new EventQueue();
    const happened: string[] = [];
    const random = seededRandom(5);
    const times = Array.from({ length: 500 }, () => Math.floor(random() * 100));
    for (const [made, atMs] of times.entries()) queue.after(atMs, () => happened.push(`${atMs}.${made}`));
    const takeBack = queue.after(50, () => happened.push("taken back"));
    queue.after(10, () => queue.after(5, () => happened.push("from within")));
    takeBack();
    queue.runUntil(15);
    expect(happened.at(-1)).toBe("from within");
    queue.runUntil(1_000);
    expect(queue.nowMs).toBe(1_000);
    const sorted = times.map((atMs, made) => ({ atMs, made })).toSorted((a, b) => a.atMs - b.atMs || a.made - b.made);
    expect(happened.filter((what) => what !== "from within")).toEqual(
      sorted.map(({ atMs, made }) => `${atMs}.${made}`),
    );
  });
});

describe("what it costs", () => {
  it("SCALE-10 What a call needs is told from what a turn adds, by two calls of different length.", () => {
    const call = {
      ...measured.calls[0],
      way: "relay" as const,
      turns: 1,
      rowsWritten: 70,
      alarmsSet: 2,
      sleepingMessages: 8,
    };
    const longer = { ...call, turns: 4, rowsWritten: 97, alarmsSet: 5, sleepingMessages: 23 };
    const two = readMeasured(JSON.stringify({ ...measured, calls: [longer, call] }));
    const { perCall, perTurn, messagesPerTurn } = needsOf(two, "relay");
    expect([perTurn.rowsWritten, perCall.rowsWritten, messagesPerTurn]).toEqual([10, 62, 5]);
    expect(() => needsOf(two, "phone")).toThrow("npm run scale -- --measure");
  });

  it("SCALE-11 The counted calls are there: two of each way, with rows, messages and requests that can be.", () => {
    for (const way of WAYS) {
      const { perCall, perTurn, messagesPerMinute, messagesPerTurn } = needsOf(measured, way);
      expect(perCall.objectRequests).toBeGreaterThan(2);
      expect(perTurn.rowsWritten).toBeGreaterThan(2);
      expect(perCall.databaseRequests).toBeGreaterThan(1);
      // A browser sends 25 frames a second, a phone 50, and OpenAI beside them; nothing is written for a frame.
      if (way === "browser") expect(messagesPerMinute).toBeGreaterThan(25 * 60);
      if (way === "phone") expect(messagesPerMinute).toBeGreaterThan(50 * 60);
      if (way === "relay") expect([messagesPerMinute, messagesPerTurn > 0]).toEqual([0, true]);
      expect(perTurn.rowsWritten).toBeLessThan(50);
    }
  });

  it("SCALE-12 A bill is the sum of its meters: what is included is free, the rest has its price.", () => {
    const load: Load = {
      name: "an hour of sound",
      students: 0,
      minutes: { relay: 0, browser: 60, phone: 0 },
      callsAtOnce: 1,
      hours: 1,
      workshops: 1,
      neonCu: 0.25,
    };
    const used = usedBy(load, measured);
    expect(used.gbSeconds).toBeCloseTo(3_600 * 0.128, 6);
    expect(used.gbSecondsAwake).toBe(used.gbSeconds);
    const bill = billOf(load, used, MODELS, AT_MS);
    expect(bill.cloudflareUsd).toBe(0);
    expect(bill.durationUsd).toBeCloseTo(0.00576, 5);
    expect(bill.cloudflareMarginalUsd).toBeGreaterThan(bill.durationUsd + bill.rowsUsd);
    expect(bill.neonUsd).toBeCloseTo(0.25 * 0.106, 2);
    expect(bill.twilioUsd).toBe(0);
    const phones = { ...load, minutes: { relay: 60, browser: 0, phone: 60 } };
    const ofPhones = usedBy(phones, measured);
    expect(billOf(phones, ofPhones, MODELS, AT_MS).twilioUsd).toBeCloseTo(60 * (0.0785 + 0.0125), 4);
    // A text call sleeps between its turns.
    expect(ofPhones.gbSeconds).toBeLessThan(0.7 * ofPhones.gbSecondsAwake);
    expect(() => billOf(load, used, { ...MODELS, voice: "gpt-nobody-knows" }, AT_MS)).toThrow("no price");
  });

  it("SCALE-13 A hundred classes need a hundred times one class: nothing is shared.", () => {
    const [one, hundred] = LOADS;
    if (!one || !hundred) throw new Error("The loads are not there.");
    const [used, all] = [usedBy(one, measured), usedBy(hundred, measured)];
    expect(all.rowsWritten).toBeCloseTo(100 * used.rowsWritten, 3);
    expect(all.objectRequests).toBeCloseTo(100 * used.objectRequests, 3);
    expect(all.gbSeconds).toBeCloseTo(100 * used.gbSeconds, 3);
  });

  it("SCALE-14 Every figure has a page and a day, and is second-hand unless the page is the vendor's own.", () => {
    const own = /^https:\/\/(?:developers\.cloudflare\.com|neon\.com|www\.twilio\.com|developers\.openai\.com)\//;
    for (const [name, { source, on, value, isSecondHand }] of Object.entries<Figure>(FIGURES)) {
      expect([name, value > 0]).toEqual([name, true]);
      expect([name, URL.canParse(source), on]).toEqual([name, true, expect.stringMatching(/^2026-\d\d-\d\d$/)]);
      expect([name, Date.parse(on) <= Date.parse("2026-11-23T23:59:59Z")]).toEqual([name, true]);
      if (!own.test(source)) expect([name, isSecondHand]).toEqual([name, true]);
    }
  });

  it("SCALE-15 What docs/scale.md takes from wrangler.toml and from the bench is what stands there.", () => {
    expect(text("wrangler.toml")).toContain("cpu_ms = 5000");
    expect(text("docs/scale.md")).toContain("cut off at 5 s by `wrangler.toml`");
    const bench = text("test/bench/README.md");
    expect(bench).toMatch(/callroom \|.*\| 75 \| 536 \| 388 \|/);
    expect(bench).toMatch(/50 calls[\s\S]*?callroom .* 10\.05 /);
  });
});

describe("npm run scale", () => {
  const run = async (args: readonly string[], exitCode = 0) => {
    const [out, err]: [string[], string[]] = [[], []];
    const code = await scaleCommand(args, {
      measured: () => measuredText,
      measure: () => Promise.resolve(exitCode),
      out: { write: (line) => out.push(line) },
      err: { write: (line) => err.push(line) },
    });
    return { code, out: out.join(""), err: err.join("") };
  };

  it("SCALE-20 npm run scale simulates a deploy of as many calls as are asked for, and says how many are back and lost.", async () => {
    const { code, out } = await run(["--deploy", "--calls", "400", "--seed", "3"]);
    expect(code).toBe(0);
    expect(out).toContain("400 of 400 calls cut off, 120 of them phones; seed 3");
    expect(out).toMatch(/within 10 s +100\.0 %/);
    expect(out).toMatch(/lost +0\n$/);
    const hard = await run(["--deploy", "--calls", "400", "--connects", "20"]);
    expect(hard.out).toMatch(/lost +[1-9]\d*\n {2}\d+ {2}its request was not answered/);
  });

  it("SCALE-21 Arguments that npm run scale does not know are refused, and a measurement that failed is exit code 1.", async () => {
    for (const args of [["--deploi"], ["--deploy", "--calls"], ["--deploy", "--calls", "0"], ["--measure", "all"]]) {
      const { code, out, err } = await run(args);
      expect([args, code, out]).toEqual([args, 2, ""]);
      expect(err).toContain("npm run scale");
    }
    expect((await run(["--measure"], 1)).code).toBe(1);
    expect((await run(["--measure"])).out).toContain("npm run docs");
  });
});
