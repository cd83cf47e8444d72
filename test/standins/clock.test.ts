import { describe, expect, it } from "vitest";
import { ManualClock, systemClock } from "./clock.ts";

describe("the manual clock", () => {
  it("STANDIN-1 stands still until it is moved", () => {
    const clock = new ManualClock(1_000);
    let ran = false;
    clock.setTimeout(() => {
      ran = true;
    }, 50);
    clock.advance(49);
    expect([clock.now(), ran, clock.dueMs]).toEqual([1_049, false, [1_050]]);
    clock.advance(1);
    expect([clock.now(), ran, clock.dueMs]).toEqual([1_050, true, []]);
  });

  it("STANDIN-1 runs timers at their own time, in order, with those they set on the way", () => {
    const clock = new ManualClock();
    const seen: [string, number][] = [];
    const note = (name: string) => () => seen.push([name, clock.now()]);
    clock.setTimeout(note("late"), 30);
    clock.setTimeout(note("first of two"), 10);
    clock.setTimeout(note("second of two"), 10);
    clock.setTimeout(() => {
      note("sets another")();
      clock.setTimeout(note("the other"), 5);
    }, 12);
    clock.advance(100);
    expect(seen).toEqual([
      ["first of two", 10],
      ["second of two", 10],
      ["sets another", 12],
      ["the other", 17],
      ["late", 30],
    ]);
    expect(clock.now()).toBe(100);
  });

  it("STANDIN-1 runs no timer that was cancelled, by its id or by its function", () => {
    const clock = new ManualClock();
    let runs = 0;
    const count = () => {
      runs += 1;
    };
    clock.clearTimeout(clock.setTimeout(count, 5));
    clock.startTimer(count, 5)();
    clock.clearTimeout(undefined);
    clock.setTimeout(count, 5);
    clock.advance(10);
    expect(runs).toBe(1);
  });

  it("STANDIN-1 lets awaiting code go on between timers when moved asynchronously", async () => {
    const clock = new ManualClock();
    const seen: number[] = [];
    const walk = (async () => {
      for (let step = 0; step < 3; step += 1) {
        await clock.sleep(10);
        seen.push(clock.now());
      }
    })();
    await clock.advanceAsync(25);
    expect(seen).toEqual([10, 20]);
    await clock.advanceAsync(5);
    await walk;
    expect(seen).toEqual([10, 20, 30]);
  });

  it("STANDIN-1 refuses to go back and to run timers that set each other without end", () => {
    const clock = new ManualClock();
    expect(() => clock.advance(-1)).toThrow("forward only");
    const again = (): void => {
      clock.setTimeout(again, 0);
    };
    again();
    expect(() => clock.advance(1)).toThrow("without end");
  });
});

it("STANDIN-1 the system clock tells the time since 1970 and cancels its timers", async () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(60_000);
  const cancelled = new Promise<string>((resolve) => {
    const cancel = systemClock.startTimer(() => resolve("ran"), 0);
    cancel();
    systemClock.startTimer(() => resolve("did not run"), 1);
  });
  expect(await cancelled).toBe("did not run");
});
