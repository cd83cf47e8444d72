import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { KEY, Network, SleepingCall, toolCall, words } from "./sleeping-call.workerd.ts";

const GREETING = "Hello, this is Juno.";
const HOOK = { type: "function", function: { name: "look_up", webhook_url: "https://hooks.example/look-up" } };

let network: Network;
let logged: MockInstance<typeof console.log>;
beforeEach(() => {
  logged = vi.spyOn(console, "log").mockImplementation(() => {});
  network = new Network();
  vi.spyOn(globalThis, "fetch").mockImplementation(network.fetch);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** The ends of calls that were logged. */
const ends = (): unknown[] =>
  logged.mock.calls
    .map(([line]): unknown => JSON.parse(String(line)))
    .filter((line) => Object(line).event === "call-end");

/** Moves the time that the object sees, and lets its alarm come. */
async function alarmAfter(call: SleepingCall, ms: number): Promise<void> {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ms });
  expect(await runDurableObjectAlarm(call.stub)).toBe(true);
}

// Going to sleep waits for what is under way, the paced archive included.
describe("a call whose object is not in memory any more", { timeout: 30_000 }, () => {
  it("SLEEP-1 wakes with its transcript, its key and its caller, and greets nobody again", async () => {
    const call = new SleepingCall();
    await call.begin();
    expect(await call.turn(1)).toBe(GREETING);
    network.answerWith(words("Nice to meet you, Ada."), words("Your name is Ada."), words("Ada."));
    call.say("My name is Ada.");
    await call.turn(2);

    // Nothing is left over that would keep it awake: the longest timeout of a turn is that of the archive.
    expect(await call.sleep()).toBeLessThan(LIMITS.outboxDrainMs / 2);
    call.say("What is my name?");
    expect(await call.turn(3)).toBe("Your name is Ada.");
    const history = [`agent: ${GREETING}`, "caller: My name is Ada.", "agent: Nice to meet you, Ada."];
    expect(network.asked[1]).toEqual({
      authorization: `Bearer ${KEY}`,
      input: [...history, "caller: What is my name?"],
    });

    // What was heard of the last turn is told to an object that has only just woken.
    await call.sleep();
    call.send({ type: "interrupt", utteranceUntilInterrupt: "Your name", durationUntilInterruptMs: 400 });
    await call.sleep();
    call.say("Once more?");
    expect(await call.turn(4)).toBe("Ada.");
    expect(network.asked[2]?.input.slice(-3)).toEqual([
      "caller: What is my name?",
      "agent: Your name",
      "caller: Once more?",
    ]);
    expect(call.turns.filter((text) => text === GREETING)).toHaveLength(1);
    expect(call.errors).toEqual([]);
  });

  it("SLEEP-2 is woken by its alarm: it asks after a silent caller, and then says goodbye", async () => {
    const call = new SleepingCall();
    await call.begin();
    await call.turn(1);
    await call.sleep();
    await alarmAfter(call, 40_000);
    expect(await call.turn(2)).toBe("Are you still there?");
    await call.sleep();
    await alarmAfter(call, 40_000);
    expect(await call.turn(3)).toContain("I'll hang up now");
    expect(call.errors).toEqual(["silence"]);
  });

  it("SLEEP-3 ends at its alarm when it died with its sockets and nobody can come back to it", async () => {
    const call = new SleepingCall();
    await call.begin();
    await call.turn(1);
    await call.die();
    expect(ends()).toEqual([]);
    expect(await runDurableObjectAlarm(call.stub)).toBe(true);
    expect(ends()).toMatchObject([{ callId: call.callId, endReason: "lost" }]);
  });

  it("SLEEP-4 sends a tool call again under its old id when the caller comes back to the open question", async () => {
    const call = new SleepingCall();
    const phone = { resumable: true, phoneCallId: "CA1", toolsJson: [HOOK] };
    await call.begin(phone);
    await call.turn(1);
    network.answerWith(toolCall("look_up"), words("It is blue."));
    call.say("Which colour is it?");
    // Looked for, not waited for: a promise that the object resolves would go on in the object, and die with it.
    await vi.waitFor(() => expect(network.webhookIds).toHaveLength(1));

    await call.die();
    network.webhook = async () => Response.json({ colour: "blue" });
    await call.begin(phone);
    expect(await call.turn(2)).toBe("It is blue.");
    expect(network.webhookIds).toHaveLength(2);
    expect(new Set(network.webhookIds).size).toBe(1);
    expect(network.webhookIds[0]).toContain(call.callId);
    expect(network.asked[1]?.input.slice(-2)).toEqual(["tool-call: look_up", 'tool-output: {"colour":"blue"}']);
  });

  it("SLEEP-5 is looked after soon, also when it dies with its alarm at work and the agent busy", async () => {
    const call = new SleepingCall();
    await call.begin({ toolsJson: [HOOK] });
    await call.turn(1);
    let queries = 0;
    const { database } = network;
    network.database = () => {
      queries += 1;
      return new Promise(() => {});
    };
    void runDurableObjectAlarm(call.stub).catch(() => {});
    await vi.waitFor(() => expect(queries).toBeGreaterThan(0));
    // Of what happens now only the call cap follows.
    network.answerWith(toolCall("look_up"));
    call.say("Which colour is it?");
    await vi.waitFor(() => expect(network.webhookIds).toHaveLength(1));
    const alarmAtMs = await runInDurableObject(call.stub, (_, state) => state.storage.getAlarm());
    expect(alarmAtMs).toBeLessThanOrEqual(Date.now() + LIMITS.legCheckMs);
    await call.die();
    network.database = database;
    expect(await runDurableObjectAlarm(call.stub)).toBe(true);
    expect(ends()).toMatchObject([{ callId: call.callId, endReason: "lost" }]);
  });
});
