import { describe, expect, it } from "vitest";
import { CallReports } from "../../src/call/call-reports.ts";
import { LIMITS } from "../../src/limits.ts";
import { NO_USAGE } from "../../src/protocol/call-record.ts";
import type { WatchedMessage } from "../../src/protocol/live-messages.ts";
import { type CallReport, type CallStatus, NOBODY, type Watch } from "../../src/workshop/call-report.ts";
import { ManualClock } from "../standins/clock.ts";
import { Table, USAGE } from "./table.ts";
import { VoiceTable } from "./voice-table.ts";

const PAGE: Watch = { wall: false, page: true, snapshot: false };
const WALL: Watch = { wall: true, page: false, snapshot: false };

/** A call whose reports are written down. */
function reporting<Called extends Table = Table>(table: Called, kept: Watch = NOBODY) {
  const clock = new ManualClock(1_000_000);
  const sent: { readonly atMs: number; readonly report: CallReport }[] = [];
  const keptWatches: Watch[] = [];
  let answer: () => Promise<Watch> = () => Promise.resolve(now);
  let now = kept;
  const status = (): CallStatus => ({
    state: table.call.turns.state,
    keySource: "student",
    turnCount: table.call.transcript.turns.length,
    inputTokens: 0,
    outputTokens: 0,
    costMicroUsd: 0,
    latenciesMs: [],
  });
  const reports = new CallReports(
    table.call,
    {
      nowMs: clock.now,
      startTimer: clock.startTimer,
      status,
      send: (report) => {
        sent.push({ atMs: clock.now() - 1_000_000, report });
        return answer();
      },
      keepWatch: (watch) => keptWatches.push(watch),
    },
    kept,
  );
  return {
    table,
    clock,
    reports,
    keptWatches,
    watch: (watch: Watch) => {
      now = { ...watch, snapshot: false };
      reports.watch(watch);
    },
    answers: (how: () => Promise<Watch>) => {
      answer = how;
    },
    /** Does something with the call, as its runner does. */
    run: (act: (table: Called) => unknown) => {
      act(table);
      reports.changed();
    },
    /** Reports since the last look, after so much time. */
    sentIn: async (ms: number) => {
      await clock.advanceAsync(ms);
      return sent.splice(0);
    },
  };
}

/** A message in short. */
function short(message: WatchedMessage): string {
  switch (message.type) {
    case "turn":
      return `${message.seq} ${message.speaker}: ${message.text}`;
    case "caption":
      return `${message.seq} …${message.delta}`;
    case "state":
      return message.state;
    case "call-end":
      return `end ${message.endReason}`;
    case "error":
      return `error ${message.code}`;
    case "meter":
      return `meter ${message.usage.inputTokens}`;
    case "budget":
      return `budget ${message.budget.stage}`;
  }
}
const said = (messages: readonly WatchedMessage[] = []): string[] => messages.map(short);

const delta = (text: string) => ({ type: "text-delta", text }) as const;

describe("a call that nobody watches", () => {
  it("LIVE-10 reports nothing, however much happens, and sets no timer", async () => {
    const { run, sentIn, clock } = reporting(new Table());
    run((table) => table.start());
    for (let turn = 0; turn < 20; turn += 1) {
      run((table) => table.say("Hi"));
      run((table) => table.answers("Hello."));
    }
    expect(clock.dueMs).toEqual([]);
    expect(await sentIn(60_000)).toEqual([]);
  });

  it("LIVE-11 begins to report when the workshop says that somebody watches, and stops when nobody does", async () => {
    const { run, sentIn, watch, keptWatches } = reporting(new Table());
    run((table) => table.start());
    watch(WALL);
    const [first] = await sentIn(0);
    expect(first?.report).toMatchObject({ status: { state: "listening", turnCount: 1 }, messages: [] });
    watch(NOBODY);
    run((table) => table.say("Hi"));
    expect(await sentIn(10_000)).toEqual([]);
    expect(keptWatches).toEqual([WALL, NOBODY]);
  });

  it("LIVE-11 finds out by its report's answer, when nobody could tell it", async () => {
    const { run, sentIn, watch, answers } = reporting(new Table());
    watch(WALL);
    answers(async () => NOBODY);
    run((table) => table.start());
    expect(await sentIn(1_000)).toHaveLength(1);
    run((table) => table.say("Hi"));
    expect(await sentIn(10_000)).toEqual([]);
  });
});

describe("a call that a wall watches", () => {
  it("LIVE-12 tells how it is at once, then so much later at the soonest, and never a word", async () => {
    const { run, sentIn, watch } = reporting(new Table());
    watch(WALL);
    run((table) => table.start());
    const reports = [...(await sentIn(0))];
    run((table) => table.say("What is the secret?"));
    reports.push(...(await sentIn(LIMITS.wallPaceMs - 1)));
    expect(reports).toHaveLength(1);
    run((table) => table.model(delta("The ")));
    for (let word = 0; word < 100; word += 1) {
      run((table) => table.model(delta("word ")));
      reports.push(...(await sentIn(10)));
    }
    const states = reports.map(({ report }) => report.status?.state);
    // A second of words changes nothing that the wall shows.
    expect(states).toEqual(["listening", "speaking"]);
    expect(reports[1]?.atMs).toBe(LIMITS.wallPaceMs);
    expect(JSON.stringify(reports)).not.toMatch(/word|secret|Hello/);
  });

  it("LIVE-13 has one report on its way at most, and tells the rest with the next", async () => {
    const { run, sentIn, watch, answers } = reporting(new Table());
    const slow: PromiseWithResolvers<Watch> = Promise.withResolvers();
    answers(() => slow.promise);
    watch(WALL);
    run((table) => table.start());
    expect(await sentIn(0)).toHaveLength(1);
    run((table) => table.say("One"));
    run((table) => table.answers("Two."));
    expect(await sentIn(10_000)).toEqual([]);
    slow.resolve(WALL);
    const [next, ...more] = await sentIn(0);
    expect([next?.report.status?.turnCount, more]).toEqual([3, []]);
  });

  it("LIVE-13 leaves a workshop alone for a while that does not answer, and then tells all", async () => {
    const { run, sentIn, watch, answers } = reporting(new Table());
    watch({ ...PAGE, wall: true });
    run((table) => table.start());
    answers(() => Promise.reject(new Error("away")));
    expect(said((await sentIn(0))[0]?.report.messages)).toEqual(["1 agent: Hello!", "listening"]);
    run((table) => table.say("Hi"));
    expect(await sentIn(1_999)).toEqual([]);
    answers(async () => ({ ...PAGE, wall: true }));
    const [again] = await sentIn(1);
    expect(said(again?.report.messages)).toEqual(["1 agent: Hello!", "2 caller: Hi", "thinking"]);
    expect(again?.report.status?.turnCount).toBe(2);
  });
});

describe("a call that a page follows", () => {
  it("LIVE-14 shows the agent's words as they are said, joined, then the whole turn and what it cost", async () => {
    const { run, sentIn, watch } = reporting(new Table());
    watch(PAGE);
    run((table) => table.start());
    expect(said((await sentIn(0))[0]?.report.messages)).toEqual(["1 agent: Hello!", "listening"]);
    run((table) => table.say("Hi"));
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual(["2 caller: Hi", "thinking"]);
    run((table) => table.model(delta("It ")));
    run((table) => table.model(delta("is ")));
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual(["3 …It is ", "speaking"]);
    run((table) => table.model(delta("noon.")));
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual(["3 …noon."]);
    run((table) => table.model({ type: "response-done", usage: USAGE, cut: false }));
    const [done] = await sentIn(150);
    expect(said(done?.report.messages)).toEqual(["3 agent: It is noon.", "listening", "meter 100"]);
    expect(done?.report.messages.at(-1)).toMatchObject({
      usage: { ...NO_USAGE, ...USAGE },
      bill: { costMicroUsd: 15, lines: [{ quantity: 100 }, { quantity: 10 }] },
      running: null,
    });
  });

  it("LIVE-15 shows a tool at work where the agent's words were, and the words after it", async () => {
    const { run, sentIn, watch } = reporting(new Table());
    watch(PAGE);
    run((table) => table.start());
    run((table) => table.say("What time is it?"));
    run((table) => table.model(delta("Let me look. ")));
    await sentIn(0);
    await sentIn(150);
    run((table) =>
      table.model(
        { type: "tool-call", toolCallId: "call_1", name: "current_time", arguments: "{}" },
        { type: "response-done", usage: USAGE, cut: false },
      ),
    );
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual([
      "3 tool: current_time",
      "4 …Let me look. ",
      "using-tool",
      "meter 100",
    ]);
    const result = { outcome: "ok", output: '"noon"', durationMs: 5, effect: null } as const;
    run((table) => table.do({ type: "tool-end", toolCallId: "call_1", result }));
    run((table) => table.answers("It is noon."));
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual([
      "3 tool: current_time",
      "4 agent: Let me look. It is noon.",
      "listening",
      "meter 200",
    ]);
  });

  it("LIVE-16 shows what was heard of an answer that the caller spoke over", async () => {
    const { run, sentIn, watch } = reporting(new Table());
    watch(PAGE);
    run((table) => table.start());
    run((table) => table.say("Tell me a story."));
    run((table) => table.model(delta("Once upon a time")));
    await sentIn(0);
    run((table) => table.caller({ type: "barge-in", heardText: "Once", heardMs: 300 }));
    const [report] = await sentIn(150);
    expect(report?.report.messages[0]).toMatchObject({ seq: 3, text: "Once upon a time", heardText: "Once" });
  });

  it("LIVE-17 is speaking for as long as the carrier says so", async () => {
    const { run, sentIn, watch } = reporting(new Table());
    watch(PAGE);
    run((table) => table.start());
    await sentIn(0);
    run((table) => table.caller({ type: "playback", playing: true }));
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual(["speaking"]);
    run((table) => table.caller({ type: "playback", playing: false }));
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual(["listening"]);
  });

  it("LIVE-18 gives a page that comes in between all there is, and those before only what is new", async () => {
    const { run, sentIn, watch } = reporting(new Table());
    run((table) => table.start());
    run((table) => table.say("Hi"));
    run((table) => table.model(delta("Good ")));
    watch({ ...PAGE, snapshot: true });
    const [first] = await sentIn(0);
    expect(first?.report.messages).toEqual([]);
    expect(said(first?.report.snapshot)).toEqual(["1 agent: Hello!", "2 caller: Hi", "3 …Good ", "speaking"]);
    run((table) => table.model(delta("day.")));
    watch({ ...PAGE, snapshot: true });
    const [second] = await sentIn(150);
    expect(said(second?.report.messages)).toEqual(["3 …day."]);
    expect(said(second?.report.snapshot)).toEqual(["1 agent: Hello!", "2 caller: Hi", "3 …Good day.", "speaking"]);
    run((table) => table.model({ type: "response-done", usage: USAGE, cut: false }));
    expect((await sentIn(150))[0]?.report.snapshot).toBeUndefined();
  });

  it("LIVE-19 says with its last report why it ended, after whatever is still on its way", async () => {
    const { run, watch, reports, answers } = reporting(new Table());
    watch(PAGE);
    run((table) => table.start());
    answers(async () => PAGE);
    run((table) => table.do({ type: "refused", reason: "workshop_paused" }));
    const { messages } = await reports.last();
    expect(said(messages)).toEqual([
      "1 agent: Hello!",
      "2 agent: Your instructor has paused all calls. Please try again later. Goodbye.",
      "error workshop_paused",
      "end paused",
    ]);
  });

  it("LIVE-20 has shown before it slept what was kept of it, and does not say it again", async () => {
    const { table } = reporting(new Table());
    table.start();
    table.say("Hi");
    table.answers("Hello.");
    table.wake();
    const { run, sentIn } = reporting(table, PAGE);
    run((awake) => awake.say("Still there?"));
    expect(said((await sentIn(0))[0]?.report.messages)).toEqual(["4 caller: Still there?", "thinking"]);
  });

  it("LIVE-21 holds no ticket and no sound", async () => {
    const { run, sentIn, watch } = reporting(new Table());
    watch({ ...PAGE, snapshot: true });
    run((table) => table.start());
    run((table) => table.say("Hi"));
    run((table) => table.answers("Hello."));
    const [report] = await sentIn(0);
    const types = new Set([...(report?.report.snapshot ?? [])].map(({ type }) => type));
    expect([...types].toSorted()).toEqual(["meter", "state", "turn"]);
    expect(JSON.stringify(report)).not.toMatch(/ticket/i);
  });
});

describe("a call with sound that a page follows", () => {
  it("LIVE-22 is no call before its caller has come", async () => {
    const { run, sentIn, watch } = reporting(new VoiceTable({ sound: "mulaw-8k" }));
    watch({ ...PAGE, wall: true });
    run((table) => table.do({ type: "admitted" }));
    run((table) => table.do({ type: "leg-open" }));
    expect(await sentIn(10_000)).toEqual([]);
    run((table) => table.start({ fromCarrier: true }));
    expect((await sentIn(0))[0]?.report).toMatchObject({ status: { state: "connecting" } });
  });

  it("LIVE-23 shows a phone's words, which its wire has no words for, as a browser would be shown them", async () => {
    const { run, sentIn, watch } = reporting(new VoiceTable({ sound: "mulaw-8k" }).connected({ fromCarrier: true }));
    watch(PAGE);
    await sentIn(0);
    run((table) => table.upstream({ type: "speech-start", itemId: "item_1" }));
    await sentIn(150);
    run((table) => table.upstream({ type: "speech-end", itemId: "item_1" }, { type: "caller-turn", itemId: "item_1" }));
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual(["2 caller: ", "thinking"]);
    const ids = { responseId: "resp_2", itemId: "item_a2" };
    run((table) => table.begins("It is "));
    run((table) => table.sounds(ids, 400));
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual(["3 …It is ", "speaking"]);
    run((table) => table.upstream({ type: "agent-delta", ...ids, text: "noon." }));
    run((table) => table.upstream({ type: "caller-text", itemId: "item_1", text: "What time is it?", usage: null }));
    const messages = ["2 caller: What time is it?", "3 …noon.", "meter 120"];
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual(messages);
    run((table) => table.ends("resp_2"));
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual(["3 agent: It is noon.", "meter 240"]);
  });

  it("LIVE-23 tells once what was put right in the middle of an answer", async () => {
    const { run, sentIn, watch } = reporting(new VoiceTable().connected());
    watch(PAGE);
    const ids = { responseId: "resp_2", itemId: "item_a2" };
    run((table) => table.begins("It is moon."));
    run((table) => table.sounds(ids, 400));
    await sentIn(0);
    run((table) => table.upstream({ type: "agent-text", ...ids, text: "It is noon." }));
    expect(said((await sentIn(150))[0]?.report.messages)).toEqual(["2 agent: It is noon."]);
    expect(await sentIn(1_000)).toEqual([]);
  });
});

describe("a call that the instructor stops", () => {
  it("LIVE-57 says why in a recorded sentence, where there is sound, and ends when it was heard", () => {
    const table = new VoiceTable({ sound: "mulaw-8k" }).connected({ fromCarrier: true });
    const commands = table.do({ type: "refused", reason: "workshop_paused" });
    expect(commands).toContainEqual({ type: "play-sentence", reason: "workshop_paused" });
    expect(table.progress).toMatchObject({ endedAtMs: null, closing: { endReason: "paused", closeCode: 4004 } });
    table.do({ type: "sentence-end", sent: true });
    const last = table.after(6_000).ring();
    expect(last).toContainEqual({ type: "close-leg", closeCode: 4004 });
    expect(table.progress.endReason).toBe("paused");
    expect(table.line.at(-1)).toContain("Your instructor has paused all calls.");
  });
});
