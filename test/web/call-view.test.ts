import { describe, expect, it } from "vitest";
import type { CallMessage, TurnMessage } from "../../src/protocol/call-messages.ts";
import { END_REASONS, NO_USAGE, type TurnTimings } from "../../src/protocol/call-record.ts";
import type { Line } from "../../src/web/call-lines.ts";
import { type CallView, foldCall, NO_CALL, type ViewChange } from "../../src/web/call-view.ts";
import { hintOf, statusOf, waitedMs } from "../../src/web/student/call-status.ts";
import { costWords, END_WORDS, latencyWords } from "../../src/web/words.ts";
import { billOf } from "../journeys/page-money.ts";

const START: CallMessage = {
  type: "call-start",
  callId: "c",
  resumed: false,
  keySource: "student",
  model: "gpt-realtime",
  voice: "marin",
  startedAtMs: 0,
  endsAtMs: 900_000,
  resumeTicket: "r",
  turns: [],
};
const TIMINGS: TurnTimings = { ttftMs: 1, ttfbMs: 2, turnLatencyMs: 310.4, heardLatencyMs: 405.6, turnMs: 900 };

const turn = (seq: number, speaker: TurnMessage["speaker"], more: Partial<TurnMessage> = {}): TurnMessage => ({
  type: "turn",
  seq,
  speaker,
  startedAtMs: seq,
  text: "",
  heardText: null,
  toolCall: null,
  timings: null,
  usage: null,
  failure: null,
  ...more,
});

const tool = (outcome: "pending" | "ok", durationMs: number | null): TurnMessage["toolCall"] => ({
  toolCallId: "t",
  name: "roll_dice",
  arguments: "{}",
  outcome,
  output: null,
  durationMs,
});

type Step = CallMessage | ViewChange | { readonly atMs: number };

/** A view after all that; messages are what the call sent. Time stands still but for `atMs`. */
function viewAfter(...steps: readonly Step[]): CallView {
  let nowMs = 0;
  return steps.reduce<CallView>((view, step) => {
    if ("atMs" in step) {
      nowMs = step.atMs;
      return foldCall(view, { type: "tick" }, nowMs);
    }
    return foldCall(view, isChange(step) ? step : { type: "message", message: step }, nowMs);
  }, NO_CALL);
}

const CHANGES = ["dial", "message", "connection", "level", "mute", "talk-mode", "talk", "microphone-lost"];
const isChange = (step: CallMessage | ViewChange): step is ViewChange =>
  [...CHANGES, "hung-up", "failed", "tick"].includes(step.type);

const DIAL: ViewChange = { type: "dial", hasMicrophone: true };
const LISTENING: CallMessage = { type: "state", state: "listening" };
const live = (...steps: readonly Step[]): CallView => viewAfter(DIAL, START, ...steps);

/** A line as it reads. */
const words = (line: Line): string => {
  if (line.kind === "gap") return `gap of the ${line.cause} after ${line.seq}: ${line.lostMs} ms`;
  if (line.kind === "tool") return `${line.seq} ${line.name} ${line.outcome} ${line.durationMs}`;
  return `${line.seq} ${line.speaker}: ${line.text}|${line.interim}|${line.notHeard}`;
};

describe("the transcript of a call", () => {
  it("PAGE-1 stands in the order in which turns began, whatever order they come in", () => {
    const { lines } = live(
      turn(3, "agent", { text: "third" }),
      turn(1, "agent", { text: "first" }),
      { type: "caption", seq: 4, speaker: "caller", delta: "fourth" },
      turn(2, "caller", { text: "second" }),
    );
    expect(lines.map(words)).toEqual([
      "1 agent: first||",
      "2 caller: second||",
      "3 agent: third||",
      "4 caller: |fourth|",
    ]);
  });

  it("PAGE-2 shows words that may change behind those that will not, until the turn replaces them", () => {
    const said: Step[] = [
      turn(1, "caller"),
      { type: "caption", seq: 1, speaker: "caller", delta: "what is" },
      { type: "caption", seq: 1, speaker: "caller", delta: " two" },
    ];
    expect(live(turn(1, "caller")).lines).toMatchObject([{ text: "", interim: "", isFinal: false }]);
    expect(live(...said).lines).toMatchObject([{ text: "", interim: "what is two", isFinal: false }]);
    const final = turn(1, "caller", { text: "What is 2?" });
    expect(live(...said, final).lines).toMatchObject([{ text: "What is 2?", interim: "", isFinal: true }]);
    const more: CallMessage = { type: "caption", seq: 1, speaker: "caller", delta: " Please" };
    expect(live(...said, final, more).lines.map(words)).toEqual(["1 caller: What is 2?| Please|"]);
  });

  it("PAGE-3 parts what was heard of the agent from what was not", () => {
    const text = "Once upon a time there was a fox.";
    const cut = (heardText: string | null): string[] => live(turn(1, "agent", { text, heardText })).lines.map(words);
    expect(cut("Once upon a time ")).toEqual(["1 agent: Once upon a time|| there was a fox."]);
    expect(cut("")).toEqual([`1 agent: ||${text}`]);
    expect(cut(null)).toEqual([`1 agent: ${text}||`]);
    expect(cut("Something else")).toEqual([`1 agent: Something else||${text}`]);
  });

  it("PAGE-4 shows a tool by its name, how it went, and how long it took", () => {
    const called = turn(2, "tool", { toolCall: tool("pending", null) });
    expect(live(called).lines.map(words)).toEqual(["2 roll_dice pending null"]);
    const answered = turn(2, "tool", { toolCall: tool("ok", 41) });
    expect(live(called, answered).lines.map(words)).toEqual(["2 roll_dice ok 41"]);
  });

  it("PAGE-5 keeps its place when the connection is lost and found, and says how long it was away", () => {
    const turns = [turn(1, "agent", { text: "Hello." }), turn(2, "caller", { text: "Hi." })];
    const view = live(
      ...turns,
      { atMs: 10_000 },
      { type: "connection", connection: "reconnecting" },
      { atMs: 13_000 },
      { type: "connection", connection: "open" },
      { ...START, resumed: true, turns },
      turn(3, "agent", { text: "There you are." }),
    );
    expect(view.lines.map(words)).toEqual([
      "1 agent: Hello.||",
      "2 caller: Hi.||",
      "gap of the connection after 2: 3000 ms",
      "3 agent: There you are.||",
    ]);
    expect([view.phase, waitedMs(view)]).toEqual(["live", null]);
  });

  it("PAGE-5 counts the seconds of a loss while it lasts, in words that do not change", () => {
    const lost = live({ atMs: 1_000 }, { type: "connection", connection: "reconnecting" }, { atMs: 3_500 });
    expect([lost.phase, waitedMs(lost), statusOf(lost)]).toEqual(["lost", 2_500, "Connection lost. Getting it back"]);
  });

  it("PAGE-6 leaves lines that did not change what they were, so that they are not drawn again", () => {
    const turns = [turn(1, "agent", { text: "Hello." }), turn(2, "caller", { text: "Hi." })];
    const before = live(...turns);
    const after = foldCall(before, { type: "message", message: turn(2, "caller", { text: "Hi there." }) }, 0);
    expect(after.lines[0]).toBe(before.lines[0]);
    expect(after.lines[1]).not.toBe(before.lines[1]);
    const resumed = foldCall(before, { type: "message", message: { ...START, resumed: true, turns } }, 0);
    expect(resumed.lines.map((line, at) => line === before.lines[at])).toEqual([true, true]);
  });

  it("PAGE-7 tells how long the caller waited for an answer, and nothing where nobody knows", () => {
    const { lines } = live(turn(1, "agent", { text: "Four.", timings: TIMINGS }));
    expect(lines).toMatchObject([{ timings: TIMINGS }]);
    expect(latencyWords(TIMINGS)).toBe("heard after 406 ms");
    expect(latencyWords({ ...TIMINGS, heardLatencyMs: null })).toBe("answered after 310 ms");
    expect(latencyWords({ ...TIMINGS, heardLatencyMs: null, turnLatencyMs: null })).toBe("");
    expect(latencyWords(null)).toBe("");
  });
});

describe("the state of a call", () => {
  it("PAGE-8 is in words, for each of its states", () => {
    expect(statusOf(NO_CALL)).toBe("Ready when you are");
    expect(statusOf(viewAfter(DIAL))).toBe("Connecting");
    const states = ["listening", "thinking", "using-tool", "speaking"] as const;
    const said = states.map((state) => statusOf(live({ type: "state", state })));
    expect(said).toEqual(["Listening", "Thinking", "Using a tool", "Speaking"]);
    expect(statusOf(live({ type: "hung-up" }))).toBe("Call ended");
  });

  it("PAGE-8 says that nobody is heard while muted, and when to talk with push-to-talk", () => {
    const muted = live(LISTENING, { type: "mute", muted: true });
    expect(statusOf(muted)).toBe("Muted: your agent cannot hear you");
    expect(statusOf(foldCall(muted, { type: "mute", muted: false }, 0))).toBe("Listening");
    const held = live(LISTENING, { type: "talk-mode", mode: "push-to-talk" });
    expect(statusOf(held)).toBe("Hold the button, or Space, and talk");
    expect(statusOf(foldCall(held, { type: "talk", pressed: true }, 0))).toBe("Listening");
  });

  it("PAGE-9 counts the seconds of dialling once they are noticed", () => {
    expect(waitedMs(viewAfter(DIAL, { atMs: 1_900 }))).toBeNull();
    expect(waitedMs(viewAfter(DIAL, { atMs: 2_500 }))).toBe(2_500);
    expect(waitedMs(viewAfter(DIAL, { atMs: 2_500 }, START))).toBeNull();
  });

  it("PAGE-10 tells a caller whose microphone brings nothing, and never one who was heard", () => {
    const silence: ViewChange = { type: "level", levelDbfs: Number.NEGATIVE_INFINITY };
    const speech: ViewChange = { type: "level", levelDbfs: -30 };
    const hint = "We cannot hear you. Does the bar move when you speak?";
    const waits: Step[] = [LISTENING, silence, { atMs: 3_900 }];
    expect(hintOf(live(...waits))).toBe("");
    expect(hintOf(live(...waits, { atMs: 4_000 }, silence))).toBe(hint);
    expect(hintOf(live(...waits, { atMs: 4_000 }, speech, { atMs: 20_000 }, silence))).toBe("");
    expect(hintOf(live(LISTENING, { type: "mute", muted: true }, silence, { atMs: 9_000 }, silence))).not.toBe(hint);
    expect(hintOf(live({ type: "state", state: "speaking" }, silence, { atMs: 9_000 }, silence))).toBe("");
    const typed = viewAfter({ type: "dial", hasMicrophone: false }, START, LISTENING, { atMs: 9_000 });
    expect(hintOf(typed)).toBe("");
  });

  it("PAGE-11 ends with a reason in words, for each that there is", () => {
    const sentences = END_REASONS.map((endReason) => END_WORDS[endReason]);
    expect(new Set(sentences).size).toBe(END_REASONS.length);
    expect(sentences.every((sentence) => /^[A-Z].+\.$/.test(sentence))).toBe(true);
    const views = END_REASONS.map((endReason) => live({ type: "call-end", endReason }));
    expect(views.map(({ phase, endReason }) => [phase, endReason])).toEqual(END_REASONS.map((end) => ["ended", end]));
  });

  it("PAGE-12 keeps the sentence of what went wrong, and the transcript with it", () => {
    const failure: CallMessage = { type: "error", code: "key_rejected", error: "OpenAI does not accept this key." };
    const heard = turn(1, "agent", { text: "Hello." });
    const closed = live(heard, failure, { type: "connection", connection: "closed" });
    const told = { code: failure.code, sentence: failure.error };
    expect([closed.phase, closed.failure, closed.lines.length]).toEqual(["ended", told, 1]);
    const no = { code: "no_key", sentence: "No." };
    const refused = viewAfter(DIAL, { type: "failed", failure: no });
    expect([refused.phase, refused.failure]).toEqual(["ended", no]);
    const busy = { code: "too_many_calls", sentence: "The server has too much to do." };
    const full = viewAfter(DIAL, { type: "connection", connection: "closed", failure: busy });
    expect(full.failure).toEqual(busy);
    expect(foldCall(full, DIAL, 5)).toMatchObject({ phase: "dialling", failure: null, lastFailure: null, lines: [] });
  });

  it("PAGE-12 takes a sentence back when the call goes on all the same", () => {
    const failure: CallMessage = { type: "error", code: "upstream_timeout", error: "OpenAI took too long." };
    const failed = live(failure, turn(1, "agent", { failure: "upstream_timeout" }), turn(2, "caller"));
    expect(failed.failure?.code).toBe("upstream_timeout");
    const better: CallMessage = turn(3, "agent", { text: "Here I am again." });
    expect(foldCall(failed, { type: "message", message: better }, 0).failure).toBeNull();
  });

  it("PAGE-12 an orderly end is not an error", () => {
    const ended = live({ type: "call-end", endReason: "agent-ended" }, { type: "connection", connection: "closed" });
    expect([ended.phase, ended.failure, ended.endReason]).toEqual(["ended", null, "agent-ended"]);
  });

  it("PAGE-13 says whose key pays and what was used; an unknown price is not nothing", () => {
    const bill = billOf("student");
    const meter: CallMessage = { type: "meter", usage: NO_USAGE, bill, running: null };
    expect(live(meter)).toMatchObject({ keySource: "student", meter: { usage: NO_USAGE, bill } });
    expect([costWords(1_234), costWords(120_000), costWords(0)]).toEqual(["$0.0012", "$0.12", "$0.00"]);
    expect([costWords(49), costWords(50), costWords(null)]).toEqual(["under $0.0001", "$0.0001", "price not known"]);
  });

  it("PAGE-14 goes on by typing when the microphone goes", () => {
    const view = live(LISTENING, { type: "microphone-lost", sentence: "It was unplugged." }, { atMs: 60_000 });
    expect(view).toMatchObject({ phase: "live", hasMicrophone: false });
    expect(view.failure?.sentence).toBe("It was unplugged.");
    expect([statusOf(view), hintOf(view)]).toEqual(["Listening", ""]);
  });
});
