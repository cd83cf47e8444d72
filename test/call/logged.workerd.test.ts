import { describe, expect, it } from "vitest";
import { CallStart } from "../../src/call/call-start.ts";
import { Purse } from "../../src/call/purse.ts";
import { ToolRunner } from "../../src/call/tool-runner.ts";
import { WorkshopLink } from "../../src/call/workshop-link.ts";
import { LIMITS } from "../../src/limits.ts";
import type { KeySource, ToolCallRecord } from "../../src/protocol/call-record.ts";
import type { Tool } from "../../src/protocol/tools.ts";
import { NOBODY } from "../../src/workshop/call-report.ts";
import { ManualClock } from "../standins/clock.ts";
import { Table } from "./table.ts";

const CALL: ToolCallRecord = {
  toolCallId: "call_1",
  name: "tool",
  arguments: "{}",
  webhookId: "msg_1",
  outcome: "pending",
  output: null,
  durationMs: null,
};
const never = (): Promise<never> => new Promise(() => {});

describe("what an operator needs to know of a call", () => {
  it("TRACE-15 a tool that failed says by a code why, and one that answered has none", async () => {
    const { facts } = new Table();
    const runner = new ToolRunner(facts.callId, {
      nowMs: () => 0,
      randomBelow: () => 0,
      wait: async () => {},
      webhook: async () => undefined,
    });
    const ran = async (answer: Tool["answer"], given: string) => {
      const tool = { name: "tool", description: "", parameters: {}, fillers: [], answer };
      return (await runner.run(tool, { ...CALL, arguments: given })).failure;
    };
    const mock = { mode: "mock", reply: {}, delayMs: 0, fails: false } as const;
    expect(await ran(mock, "{}")).toBeNull();
    expect(await ran(mock, "[]")).toEqual({ code: "arguments", status: null });
    expect(await ran({ ...mock, fails: true }, "{}")).toEqual({ code: "mock", status: null });
    expect(await ran({ ...mock, delayMs: LIMITS.toolMaxMs + 1 }, "{}")).toEqual({ code: "timeout", status: null });
    const place = '{"time_zone":"Atlantis"}';
    expect(await ran({ mode: "builtin", builtin: "current_time" }, place)).toEqual({ code: "builtin", status: null });
    const hook = { mode: "webhook", url: "https://a.example/", timeoutMs: 1_000 } as const;
    expect(await ran(hook, "{}")).toEqual({ code: "no-secret", status: null });
  });

  it.each(["student", "instructor"] as const)(
    "TRACE-16 a workshop that is silent at the door is told of, whoever pays: %s",
    async (keySource) => {
      for (const enter of [never, () => Promise.reject(new Error("the object is gone"))]) {
        const { link, clock, silences } = linked(keySource, { enter });
        const entering = link.enter();
        await clock.advanceAsync(LIMITS.workshopMs);
        expect(await entering).toBe(keySource === "student" ? undefined : "too_many_calls");
        expect(silences).toEqual(["enter"]);
      }
    },
  );

  it("TRACE-16 one that answers is not, also when it refuses; one that hears of no end is", async () => {
    const refusing = linked("student", { enter: async () => ({ admitted: false, reason: "too_many_calls" }) });
    expect(await refusing.link.enter()).toBe("too_many_calls");
    await refusing.clock.advanceAsync(LIMITS.workshopMs);
    expect(refusing.silences).toEqual([]);
    const { link, silences } = linked("student", { leave: () => Promise.reject(new Error("the object is gone")) });
    expect([await link.leave(), silences]).toEqual([false, ["leave"]]);
  });

  it("TRACE-17 money that could not be asked for is told of, once for each question", async () => {
    const clock = new ManualClock();
    let silences = 0;
    const purse = new Purse({
      nowMs: clock.now,
      startTimer: clock.startTimer,
      terms: () => "lent",
      ask: never,
      spentMicroUsd: () => 0,
      onBudget: () => {},
      onSilence: () => (silences += 1),
    });
    const covering = purse.cover(5);
    await clock.advanceAsync(LIMITS.workshopMs);
    expect([await covering, silences]).toEqual(["money_unreachable", 1]);
  });
});

function linked(
  keySource: KeySource,
  workshop: Partial<{ enter: () => Promise<unknown>; leave: () => Promise<never> }>,
) {
  const clock = new ManualClock();
  const silences: string[] = [];
  const { call, facts } = new Table();
  const answers = { enter: async () => ({ admitted: true, watch: NOBODY }), report: async () => NOBODY, ...workshop };
  const link = new WorkshopLink(call, {
    nowMs: clock.now,
    startTimer: clock.startTimer,
    workshop: () => answers as never,
    start: () => startOf(facts.callId, keySource),
    watch: NOBODY,
    keepWatch: () => {},
    hasLeft: false,
    keepLeft: () => {},
    onSilence: (asked) => silences.push(asked),
  });
  return { link, clock, silences };
}

const startOf = (callId: string, keySource: KeySource): CallStart =>
  CallStart.parse({
    version: 2,
    callId,
    sessionToken: "wst_ada",
    workshopId: "autumn",
    studentId: null,
    studentName: null,
    fromPage: false,
    wayIn: "conversation-relay",
    lending: null,
    ownCapMicroUsd: null,
    prompt: null,
    greeting: null,
    voice: null,
    toolsJson: [],
    keySource,
    sealedKey: null,
    sealedWebhookSecret: null,
    model: "gpt-6-luna",
    transcriptionModel: null,
    language: null,
    turnEnd: null,
    patience: null,
    startedAtMs: 0,
    callMaxMs: 900_000,
    resumable: false,
    carrierGreets: false,
    phoneCallId: null,
    ownHost: "callroom.example",
  });
