import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type Assets, loadSpoken } from "../../src/call/spoken-sentences.ts";
import { FAILURES, factsOf, type Reason } from "../../src/failure.ts";
import { LIMITS } from "../../src/limits.ts";
import { spokenPath } from "../../src/protocol/spoken-name.ts";
import { decodeMulaw } from "../standins/mulaw.ts";

const PUBLIC = resolve(import.meta.dirname, "../../src/web/public");

/** The folder as Cloudflare serves it; remembers which URLs were asked for. */
function publicAssets(): Assets & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    async fetch(input) {
      const url = new URL(input instanceof Request ? input.url : input);
      asked.push(url.href);
      return readFile(join(PUBLIC, url.pathname)).then(
        (bytes) => new Response(new Uint8Array(bytes), { headers: { "content-type": "application/octet-stream" } }),
        () => new Response("Not Found", { status: 404 }),
      );
    },
  };
}

const answering = (response: () => Response): Assets => ({ fetch: () => Promise.resolve(response()) });

const isReason = (name: string): name is Reason => Object.hasOwn(FAILURES, name);
const REASONS = Object.keys(FAILURES).filter(isReason);
const WITH_WORDS = REASONS.flatMap((reason) => {
  const { spoken } = factsOf(reason);
  return spoken === undefined ? [] : [{ reason, spoken }];
});

const fileOf = (sentence: string): Uint8Array => new Uint8Array(readFileSync(join(PUBLIC, spokenPath(sentence))));
const joined = (pieces: readonly string[]): Buffer =>
  Buffer.concat(pieces.map((piece) => Buffer.from(piece, "base64")));
const dBFS = (samples: Int16Array): number =>
  20 * Math.log10(Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length) / 32_768);

async function loaded(assets: Assets, reason: Reason, format: "mulaw-8k" | "pcm16-24k"): Promise<readonly string[]> {
  const pieces = await loadSpoken(assets, reason, format);
  if (!pieces) throw new Error(`no recording for ${reason}`);
  return pieces;
}

describe("the recorded sentences", () => {
  it("SPOKEN-1 every sentence that a failure says to a caller is there as sound, and no file says anything else", () => {
    const named = WITH_WORDS.map(({ spoken }) => `${spokenPath(spoken)}`);
    const there = readdirSync(join(PUBLIC, "spoken")).filter((name) => name !== "manifest.json");
    expect(there.map((name) => `/spoken/${name}`).sort()).toEqual([...new Set(named)].sort());
    expect(there.length).toBeGreaterThan(15);
  });

  it.each(WITH_WORDS)(
    "SPOKEN-2 the sound of $reason is as long as its words take, and well to be heard",
    ({ spoken }) => {
      const samples = decodeMulaw(fileOf(spoken));
      const charactersPerSecond = (spoken.length * 8_000) / samples.length;
      expect(charactersPerSecond).toBeGreaterThan(10);
      expect(charactersPerSecond).toBeLessThan(20);
      expect(dBFS(samples)).toBeGreaterThan(-30);
      expect(dBFS(samples)).toBeLessThan(-10);
      const peakDbfs = 20 * Math.log10(samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0) / 32_768);
      expect(Math.abs(peakDbfs + 3)).toBeLessThan(0.3);
    },
  );

  it.each(WITH_WORDS)("SPOKEN-3 the sound of $reason begins at once and ends in 150 ms of silence", ({ spoken }) => {
    const bytes = fileOf(spoken);
    const pause = bytes.subarray(-150 * 8);
    expect(pause.every((byte) => byte === 0xff)).toBe(true);
    const samples = decodeMulaw(bytes);
    expect(dBFS(samples.subarray(0, 100 * 8))).toBeGreaterThan(-50);
    expect(dBFS(samples.subarray(-250 * 8, -150 * 8))).toBeGreaterThan(-60);
  });

  it("SPOKEN-4 all of them together are small enough to lie beside the page", () => {
    const bytes = [...new Set(WITH_WORDS.map(({ spoken }) => spoken))].map((spoken) => fileOf(spoken).length);
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(1_000_000);
    expect(Math.max(...bytes)).toBeLessThanOrEqual(LIMITS.spokenMs * 8);
  });
});

describe("loading a sentence", () => {
  it("SPOKEN-5 on the phone the caller gets the file as it is, in pieces of 100 ms", async () => {
    const assets = publicAssets();
    for (const { reason, spoken } of WITH_WORDS) {
      const pieces = await loaded(assets, reason, "mulaw-8k");
      expect(joined(pieces).equals(fileOf(spoken))).toBe(true);
      expect(pieces.slice(0, -1).every((piece) => Buffer.from(piece, "base64").length === 800)).toBe(true);
    }
    const paths = WITH_WORDS.map(({ spoken }) => spokenPath(spoken));
    expect(assets.asked).toEqual(paths.map((path) => `https://assets.local${path}`));
  });

  it("SPOKEN-6 in the browser the same sentence has the same length and level, whichever way it is carried", async () => {
    for (const { reason, spoken } of WITH_WORDS) {
      const pieces = await loaded(publicAssets(), reason, "pcm16-24k");
      expect(pieces.slice(0, -1).every((piece) => Buffer.from(piece, "base64").length === 4_800)).toBe(true);
      const pcm = joined(pieces);
      const phone = fileOf(spoken);
      expect(pcm.length / 48).toBe(phone.length / 8);
      const samples = Int16Array.from({ length: pcm.length / 2 }, (_, index) => pcm.readInt16LE(2 * index));
      expect(Math.abs(dBFS(samples) - dBFS(decodeMulaw(phone)))).toBeLessThan(0.2);
    }
  });

  it("SPOKEN-7 in the browser no sentence clicks, between two pieces either", async () => {
    for (const { reason, spoken } of WITH_WORDS) {
      const pcm = joined(await loaded(publicAssets(), reason, "pcm16-24k"));
      const given = decodeMulaw(fileOf(spoken));
      const largestGiven = largestJump(given);
      // In a third of the time a curve without edges goes a good third of the way; a click goes all of it.
      const samples = Int16Array.from({ length: pcm.length / 2 }, (_, index) => pcm.readInt16LE(2 * index));
      expect(largestJump(samples)).toBeLessThan(0.6 * largestGiven);
      expect(largestJump(samples)).toBeLessThan(12_000);
      expect(Math.abs(samples[0] ?? 0)).toBeLessThan(100);
    }
  });

  it("SPOKEN-8 a failure without words has no sound, and no file is asked for", async () => {
    const assets = publicAssets();
    const silent = REASONS.filter((reason) => factsOf(reason).spoken === undefined);
    expect(silent).toContain("bad_frame");
    for (const reason of silent) expect(await loadSpoken(assets, reason, "mulaw-8k")).toBeUndefined();
    expect(assets.asked).toEqual([]);
  });

  const broken = (): Response =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array(800)),
        pull: (controller) => controller.error(new Error("cut off")),
      }),
    );
  const UNREADABLE: Readonly<Record<string, Assets>> = {
    "not there": answering(() => new Response("Not Found", { status: 404 })),
    "a page instead": answering(() => new Response("<!doctype html>", { headers: { "content-type": "text/html" } })),
    empty: answering(() => new Response(null)),
    "cut off": answering(broken),
    unreachable: { fetch: () => Promise.reject(new Error("no assets")) },
    "failing at once": {
      fetch: () => {
        throw new TypeError("no assets");
      },
    },
  };
  it.each(Object.entries(UNREADABLE))(
    "SPOKEN-9 a recording that is %s is no sound, and no error",
    async (_, assets) => {
      expect(await loadSpoken(assets, "key_rejected", "mulaw-8k")).toBeUndefined();
      expect(await loadSpoken(assets, "key_rejected", "pcm16-24k")).toBeUndefined();
    },
  );

  it("SPOKEN-10 of a file that is longer than any sentence the rest is not read", async () => {
    const SECOND = 8_000;
    let sent = 0;
    let cancelled = false;
    const endless = (): Response =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += SECOND;
            controller.enqueue(new Uint8Array(SECOND).fill(0xff));
          },
          cancel() {
            cancelled = true;
          },
        }),
      );
    expect(await loadSpoken(answering(endless), "key_rejected", "mulaw-8k")).toBeUndefined();
    expect(cancelled).toBe(true);
    expect(sent).toBeLessThanOrEqual(LIMITS.spokenMs * 8 + 3 * SECOND);
    const longest = answering(() => new Response(new Uint8Array(LIMITS.spokenMs * 8).fill(0xff)));
    expect(joined(await loaded(longest, "key_rejected", "mulaw-8k")).length).toBe(LIMITS.spokenMs * 8);
  });
});

function largestJump(samples: Int16Array): number {
  let largest = 0;
  for (let at = 1; at < samples.length; at += 1) {
    largest = Math.max(largest, Math.abs((samples[at] ?? 0) - (samples[at - 1] ?? 0)));
  }
  return largest;
}
