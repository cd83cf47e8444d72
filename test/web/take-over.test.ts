import { afterEach, describe, expect, it, vi } from "vitest";
import { takeOver, yieldCalls } from "../../src/web/student/take-over.ts";

const open: (() => void)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const close of open.splice(0)) close();
});

/** Another window of the same browser; returns how often it hung up. */
function window(isInCall: boolean): { hungUp: number } {
  const seen = { hungUp: 0 };
  open.push(
    yieldCalls(() => {
      if (isInCall) seen.hungUp += 1;
      return isInCall;
    }),
  );
  return seen;
}

describe("a call in another window of the browser", () => {
  it("SCREEN-25 hangs up when it is taken over, and says so", async () => {
    const [idle, busy] = [window(false), window(true)];
    expect(await takeOver()).toBe(true);
    expect([idle.hungUp, busy.hungUp]).toEqual([0, 1]);
  });

  it("SCREEN-25 cannot be taken over when it is on another device", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const idle = window(false);
    const asked = takeOver();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await asked).toBe(false);
    expect(idle.hungUp).toBe(0);
  });
});
