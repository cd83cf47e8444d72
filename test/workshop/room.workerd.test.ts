import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { WorkshopObject, workshopStub } from "../../src/workshop/workshop-object.ts";
import { SleepingCall } from "../call/sleeping-call.workerd.ts";
import { entry, token } from "./class.ts";
import { known, networkOfEach } from "./live-class.workerd.ts";

networkOfEach();

describe("room for calls", { timeout: 30_000 }, () => {
  it("ROSTER-6 is made by a call with sound whose caller has not come, and not by one whose caller has", async () => {
    const enter = vi.spyOn(WorkshopObject.prototype, "enter");
    // OpenAI is slower than all of this: a call whose dialling fails would leave, and make room by that.
    vi.spyOn(globalThis, "fetch").mockImplementation(() => new Promise(() => {}));
    const admitted = async (count: number): Promise<boolean | undefined> => {
      await vi.waitFor(() => expect(enter.mock.results).toHaveLength(count), 5_000);
      return (await enter.mock.results[count - 1]?.value)?.admitted;
    };
    let prepared = 0;
    const prepare = async (): Promise<SleepingCall> => {
      const call = new SleepingCall();
      expect(await call.prepare({ workshopId: known("room"), sessionToken: token(1) })).toBe("prepared");
      prepared += 1;
      await admitted(prepared);
      return call;
    };
    const first = await prepare();
    const second = await prepare();
    const third = await prepare();
    expect(await admitted(3)).toBe(true);
    // The oldest was nobody's yet, and is over for whoever comes late.
    expect(await first.prepare({ workshopId: known("room"), sessionToken: token(1) })).toBe("over");
    await second.join("ticket-2");
    const fourth = await prepare();
    expect(await admitted(4)).toBe(true);
    expect(await third.prepare({ workshopId: known("room"), sessionToken: token(1) })).toBe("over");
    await fourth.join("ticket-4");
    await prepare();
    expect(await admitted(5)).toBe(false);
    expect([await second.stub.giveWay(), await fourth.stub.giveWay()]).toEqual([false, false]);
  });

  it("ROSTER-7 may be asked for so many times in a minute, the same call counting once", async () => {
    const stub = workshopStub(env, "asked");
    const calls = Array.from({ length: LIMITS.callsPreparedPerMinute + 1 }, () => new SleepingCall().callId);
    const [first, ...others] = calls;
    if (!first) throw new Error("no call");
    for (let count = 0; count < 20; count += 1) expect(await stub.ask(first, token(1), true)).toBeNull();
    for (const callId of others.slice(0, -1)) expect(await stub.ask(callId, token(1), true)).toBeNull();
    const last = others.at(-1) ?? first;
    expect(await stub.ask(last, token(1), true)).toBe("too_many_requests");
    expect(await stub.ask(first, token(1), true)).toBeNull();
    expect(await stub.ask(last, token(2), true)).toBeNull();
    // A phone pays for its own calls, and is not counted.
    expect(await stub.ask(last, token(1), false)).toBeNull();
  });

  it("ROSTER-7 is not given to a call that was refused when it was asked for", async () => {
    const stub = workshopStub(env, "refused");
    const calls = Array.from({ length: LIMITS.callsPreparedPerMinute + 1 }, (_, call) =>
      entry(call, 1, { wayIn: "browser" }),
    );
    const last = calls.at(-1);
    if (!last) throw new Error("no call");
    // It may be faster than the question.
    expect(await stub.enter(last)).toMatchObject({ admitted: true });
    for (const { callId } of calls) await stub.ask(callId, token(1), true);
    expect(await stub.endCall(last.callId)).toBeUndefined();
    expect(await stub.enter(last)).toEqual({ admitted: false, reason: "too_many_requests" });
  });
});
