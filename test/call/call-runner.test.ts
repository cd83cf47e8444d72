import { describe, expect, it } from "vitest";
import { Call } from "../../src/call/call.ts";
import { CallRunner } from "../../src/call/call-runner.ts";
import { ToolRunner } from "../../src/call/tool-runner.ts";
import { type Reason, reasonOf } from "../../src/failure.ts";
import type { ModelEvent } from "../../src/model/model-leg.ts";
import { ManualClock } from "../standins/clock.ts";
import { Table, USAGE } from "./table.ts";

/** Runs a call whose every effect is written down in the order in which it came. */
function stage(options: { openLeg?: () => Promise<void>; isLimited?: boolean } = {}) {
  const clock = new ManualClock(1_000_000);
  const effects: string[] = [];
  const { facts, progress } = new Table();
  let report: ((events: readonly ModelEvent[]) => void) | undefined;
  let refusals = 0;
  const runner: CallRunner = new CallRunner(new Call(facts, progress, []), {
    nowMs: clock.now,
    startTimer: clock.startTimer,
    keepTurn: ({ seq, text }) => effects.push(`keep ${seq} ${text}`),
    keepCharge: ({ seq, state }) => effects.push(`charge ${seq} ${state}`),
    isLimited: () => options.isLimited ?? false,
    keepProgress: () => effects.push("keep progress"),
    sendToCaller: (command) =>
      effects.push(command.type === "speech" ? `say ${command.text}${command.last ? "|" : ""}` : command.type),
    closeLeg: (code) => effects.push(`close ${code}`),
    modelLeg: async () => {
      await options.openLeg?.();
      return {
        respond: async (_request, _signal, onEvents) => {
          effects.push("ask");
          report = onEvents;
        },
      };
    },
    tools: new ToolRunner(facts.callId, {
      nowMs: clock.now,
      randomBelow: () => 0,
      wait: async () => {},
      webhook: async () => undefined,
    }),
    archive: () => effects.push("archive"),
    keyRefused: (_reason: Reason) => (refusals += 1),
    setAlarm: () => {},
    log: () => {},
    reasonOf,
  });
  runner.dispatch({
    type: "caller",
    event: { type: "leg-start", phoneCallId: undefined, greetedByCarrier: false, fromCarrier: false },
  });
  runner.dispatch({ type: "admitted" });
  const take = (): string[] => effects.splice(0);
  return { clock, runner, take, report: (...events: ModelEvent[]) => report?.(events), refusals: () => refusals };
}

const say = (runner: CallRunner, text: string): void =>
  runner.dispatch({ type: "caller", event: { type: "utterance", text } });
const microtasks = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the runner of a call", () => {
  it("RUN-1 keeps a turn before any of it leaves", () => {
    const { take } = stage();
    const effects = take();
    expect(effects.indexOf("keep 1 Hello!")).toBeGreaterThanOrEqual(0);
    expect(effects.indexOf("keep 1 Hello!")).toBeLessThan(effects.indexOf("say Hello!|"));
  });

  it("RUN-2 lets the request to the model go ahead of the write, and nothing else", async () => {
    const { runner, take, clock, report } = stage();
    take();
    say(runner, "Hi");
    await microtasks();
    expect(take()).toEqual(["ask"]);
    clock.advance(0);
    expect(take()).toEqual(["keep 2 Hi", "charge 1 open"]);
    report({ type: "text-delta", text: "Hello." });
    expect(take()).toEqual(["say Hello."]);
  });

  it("RUN-3 keeps what waits before an answer that is faster than the event loop", async () => {
    const { runner, take, report } = stage();
    take();
    say(runner, "Hi");
    await microtasks();
    report({ type: "text-delta", text: "Hello." });
    expect(take()).toEqual(["ask", "keep 2 Hi", "charge 1 open", "say Hello."]);
  });

  it("RUN-4 joins what is ready together into one frame", async () => {
    const { runner, take, report, clock } = stage();
    say(runner, "Hi");
    await microtasks();
    clock.advance(0);
    take();
    report({ type: "text-delta", text: "Bye." }, { type: "response-done", usage: USAGE, cut: false });
    expect(take()).toEqual(["charge 1 told", "keep 3 Bye.", "say Bye.|", "archive"]);
  });

  it("RUN-5 whose key cannot be opened says so instead of falling silent", async () => {
    const { runner, take } = stage({ openLeg: () => Promise.reject(new Error("sk-CANARY")) });
    take();
    say(runner, "Hi");
    await microtasks();
    const effects = take().join("\n");
    expect(effects).toContain("say I'm sorry");
    expect(effects).not.toContain("CANARY");
  });

  it("RUN-6 keeps the row of what somebody limits before it is asked for", async () => {
    const { runner, take } = stage({ isLimited: true });
    take();
    say(runner, "Hi");
    await microtasks();
    expect(take()).toEqual(["keep 2 Hi", "charge 1 open", "ask"]);
  });
});
