import { describe, expect, it } from "vitest";
import { loadWorklet, type WorkletUnderTest } from "./worklets.ts";

const QUANTUM_MS = 128 / 24;

const speaker = (): Promise<WorkletUnderTest> => loadWorklet(() => import("../../src/web/speaker-worklet.ts"));

/** Half of full scale, all of it. */
const sound = (ms: number) => ({ type: "sound", pcm16: new Int16Array(ms * 24).fill(16_384).buffer });

function renderFor(worklet: WorkletUnderTest, ms: number): Float32Array[] {
  return Array.from({ length: Math.round(ms / QUANTUM_MS) }, () => worklet.render());
}

describe("the speaker", () => {
  it("PAGE-15 reports where playback is when it begins, each 100 ms, and when it runs dry", async () => {
    const worklet = await speaker();
    renderFor(worklet, 50);
    expect(worklet.posted()).toEqual([]);
    worklet.order(sound(300));
    const heard = renderFor(worklet, 400).flatMap((quantum) => [...quantum]);
    expect(heard.filter((sample) => sample === 0.5).length).toBe(300 * 24);
    const reports = worklet.posted() as { type: string; positionMs: number; levelDbfs: number }[];
    expect(reports.map(({ type }) => type)).toEqual(["began", "playing", "playing", "dry"]);
    const [began, first, second, dry] = reports.map(({ positionMs }) => positionMs);
    expect(began).toBeCloseTo(QUANTUM_MS);
    expect((first ?? 0) - (began ?? 0)).toBeGreaterThanOrEqual(100);
    expect((second ?? 0) - (first ?? 0)).toBeCloseTo((first ?? 0) - (began ?? 0));
    expect((first ?? 0) - (began ?? 0)).toBeLessThan(100 + QUANTUM_MS);
    expect(dry).toBe(300);
    expect(reports.map(({ levelDbfs }) => Math.round(levelDbfs))).toEqual([-6, -6, -6, -6]);
  });

  it("PAGE-16 is silent one quantum after an order to clear, and fades out in it", async () => {
    const worklet = await speaker();
    worklet.order(sound(1_000));
    renderFor(worklet, 200);
    worklet.posted();
    worklet.order({ type: "clear" });
    const fade = worklet.render();
    expect(fade[0]).toBeGreaterThan(0.49);
    expect(fade.at(-1)).toBe(0);
    expect(fade.every((sample, at) => at === 0 || sample < (fade[at - 1] ?? 0))).toBe(true);
    expect(renderFor(worklet, 900).every((quantum) => quantum.every((sample) => sample === 0))).toBe(true);
    const [report, ...more] = worklet.posted() as { type: string; positionMs: number }[];
    expect(report?.type).toBe("cleared");
    expect(report?.positionMs).toBeCloseTo(Math.round(200 / QUANTUM_MS) * QUANTUM_MS + QUANTUM_MS);
    expect(more).toEqual([]);
  });

  it("PAGE-16 answers every order to clear once and in order, also with nothing to cut", async () => {
    const worklet = await speaker();
    worklet.order({ type: "clear" });
    expect(worklet.posted()).toMatchObject([{ type: "cleared", positionMs: 0 }]);
    worklet.order(sound(500));
    renderFor(worklet, 100);
    worklet.posted();
    worklet.order({ type: "clear" });
    worklet.order(sound(200));
    worklet.order({ type: "clear" });
    worklet.render();
    const [first, second, ...more] = worklet.posted() as { type: string; positionMs: number }[];
    expect([first?.type, second?.type, more.length]).toEqual(["cleared", "cleared", 0]);
    expect(first?.positionMs).toBeLessThan(120);
    expect(second?.positionMs).toBe(500);
  });

  it("PAGE-16 plays what comes after an order to clear", async () => {
    const worklet = await speaker();
    worklet.order(sound(500));
    renderFor(worklet, 100);
    worklet.order({ type: "clear" });
    worklet.order(sound(100));
    worklet.render();
    const heard = renderFor(worklet, 200).flatMap((quantum) => [...quantum]);
    expect(heard.filter((sample) => sample === 0.5).length).toBe(100 * 24);
    expect(worklet.posted()).toMatchObject([
      { type: "began" },
      { type: "cleared" },
      { type: "began" },
      { type: "dry", positionMs: 600 },
    ]);
  });

  it("PAGE-17 counts positions from the opening of a socket, and plays on what it has", async () => {
    const worklet = await speaker();
    worklet.order(sound(200));
    renderFor(worklet, 100);
    worklet.order({ type: "reset-position" });
    worklet.order(sound(100));
    worklet.posted();
    renderFor(worklet, 300);
    const reports = worklet.posted() as { type: string; positionMs: number }[];
    expect(reports.at(-1)).toMatchObject({ type: "dry", positionMs: 100 });
  });
});
