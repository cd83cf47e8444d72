import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { Network, SleepingCall } from "./sleeping-call.workerd.ts";

let logged: MockInstance<typeof console.log>;
beforeEach(() => {
  logged = vi.spyOn(console, "log").mockImplementation(() => {});
  vi.spyOn(globalThis, "fetch").mockImplementation(new Network().fetch);
});
afterEach(() => vi.restoreAllMocks());

describe("an alarm that fails", () => {
  it("TRACE-19 is in the log with its call, and is left to the runtime to try again", async () => {
    const call = new SleepingCall();
    await call.begin();
    await call.turn(1);
    // Nothing can be read or written any more.
    await runInDurableObject(call.stub, (_, state) => {
      for (const table of ["kept", "turns", "outbox", "charges"]) state.storage.sql.exec(`drop table ${table}`);
    });
    await expect(runDurableObjectAlarm(call.stub)).rejects.toThrow("no such table");
    const lines = logged.mock.calls.map(([line]): unknown => JSON.parse(String(line)));
    expect(lines).toContainEqual({ event: "uncaught", where: "alarm", callId: call.callId, name: "Error" });
  });
});
