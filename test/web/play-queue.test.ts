import { describe, expect, it } from "vitest";
import { PlayQueue } from "../../src/web/play-queue.ts";

/** Sound of so many milliseconds whose samples count up from `from`. */
const ramp = (ms: number, from = 1): Int16Array => Int16Array.from({ length: ms * 24 }, (_, index) => from + index);

function pull(queue: PlayQueue, ms: number): { readonly out: Int16Array; readonly played: number } {
  const out = new Int16Array(ms * 24).fill(-1);
  return { played: queue.pull(out), out };
}

/** Plays quanta of 128 samples, as an AudioWorklet does, and returns the samples of them that were played. */
function playAll(queue: PlayQueue, quanta: number): number[] {
  const heard: number[] = [];
  for (let quantum = 0; quantum < quanta; quantum++) {
    const out = new Float32Array(128).fill(9);
    const played = queue.pull(out);
    heard.push(...out.subarray(0, played));
    expect(out.subarray(played).every((sample) => sample === 0)).toBe(true);
  }
  return heard;
}

describe("a play queue", () => {
  it("SOCKET-16 plays every sample once and in order, however it came and is asked for, with silence behind", () => {
    const queue = new PlayQueue();
    const all: number[] = [];
    for (let index = 0, at = 1; index < 300; index++) {
      const piece = Int16Array.from({ length: (index * 37) % 211 }, () => at++);
      all.push(...piece);
      queue.push(piece);
    }
    const heard = playAll(queue, Math.ceil(all.length / 128) + 2);
    expect(heard.map((sample) => Math.round(sample * 32_768))).toEqual(all);
    expect([queue.queuedMs, queue.isPlaying]).toEqual([0, false]);
  });

  it("SOCKET-16 gives whole numbers as they are and others from -1 to 1", () => {
    const [whole, other] = [new PlayQueue(0), new PlayQueue(0)];
    const sound = Int16Array.of(-32_768, -1, 0, 1, 32_767);
    whole.push(sound);
    other.push(sound);
    const out = new Int16Array(5);
    const floats = new Float32Array(5);
    expect([whole.pull(out), other.pull(floats)]).toEqual([5, 5]);
    expect(out).toEqual(sound);
    expect([...floats]).toEqual([-1, -1 / 32_768, 0, 1 / 32_768, 32_767 / 32_768]);
  });

  it("SOCKET-17 begins with 60 ms in hand", () => {
    const queue = new PlayQueue();
    queue.push(ramp(40));
    expect(pull(queue, 20).played).toBe(0);
    expect([queue.isPlaying, queue.takeBegan()]).toEqual([false, false]);
    queue.push(ramp(20));
    expect(pull(queue, 20).played).toBe(480);
    expect([queue.isPlaying, queue.takeBegan(), queue.takeBegan()]).toEqual([true, true, false]);
  });

  it("SOCKET-17 sound shorter than that begins when it has waited 60 ms", () => {
    const queue = new PlayQueue();
    for (let silent = 0; silent < 10; silent++) pull(queue, 20);
    queue.push(ramp(20));
    expect([1, 2, 3].map(() => pull(queue, 20).played)).toEqual([0, 0, 0]);
    expect(pull(queue, 20)).toEqual({ played: 480, out: ramp(20) });
    expect(pull(queue, 20).played).toBe(0);
  });

  it("SOCKET-17 after running dry it holds back again, and says when playing has ended", () => {
    const queue = new PlayQueue();
    queue.push(ramp(60));
    pull(queue, 40);
    expect(queue.takeEnded()).toBe(false);
    expect(pull(queue, 40).played).toBe(480);
    expect([queue.isPlaying, queue.takeEnded(), queue.takeEnded()]).toEqual([false, true, false]);
    queue.takeBegan();
    queue.push(ramp(40));
    expect([pull(queue, 20).played, queue.takeBegan()]).toEqual([0, false]);
    queue.push(ramp(40));
    expect([pull(queue, 20).played, queue.takeBegan()]).toEqual([480, true]);
  });

  it("SOCKET-18 its position is what was received less what waits", () => {
    const queue = new PlayQueue();
    expect(queue.positionMs).toBe(0);
    queue.push(ramp(100));
    expect([queue.positionMs, queue.queuedMs, queue.receivedMs]).toEqual([0, 100, 100]);
    pull(queue, 30);
    expect([queue.positionMs, queue.queuedMs, queue.receivedMs]).toEqual([30, 70, 100]);
    pull(queue, 200);
    expect([queue.positionMs, queue.queuedMs, queue.receivedMs]).toEqual([100, 0, 100]);
  });

  it("SOCKET-18 a clear tells the position at the cut, and what was dropped then counts as passed", () => {
    const queue = new PlayQueue();
    queue.push(ramp(100));
    pull(queue, 30);
    expect(queue.clear()).toBe(30);
    expect([queue.positionMs, queue.queuedMs, queue.isPlaying, queue.takeEnded()]).toEqual([100, 0, false, true]);
    expect(pull(queue, 20)).toEqual({ played: 0, out: new Int16Array(480) });
    expect(queue.clear()).toBe(100);
    expect(queue.takeEnded()).toBe(false);
    queue.push(ramp(80, 5_000));
    expect(pull(queue, 10)).toEqual({ played: 240, out: ramp(10, 5_000) });
    expect(queue.positionMs).toBe(110);
  });

  it("SOCKET-18 on a new socket positions begin anew, and what still waits belongs to none", () => {
    const queue = new PlayQueue();
    queue.push(ramp(100));
    pull(queue, 40);
    queue.resetPosition();
    expect([queue.positionMs, queue.receivedMs, queue.queuedMs]).toEqual([0, 0, 60]);
    queue.push(ramp(40, 9_000));
    pull(queue, 60);
    expect(queue.positionMs).toBe(0);
    expect(pull(queue, 10).out).toEqual(ramp(10, 9_000));
    expect(queue.positionMs).toBe(10);
  });
});
