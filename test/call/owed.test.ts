import { describe, expect, it } from "vitest";
import { owedBy } from "../../src/call/owed.ts";
import { Transcript } from "../../src/call/transcript.ts";
import { factsOf } from "../../src/failure.ts";
import type { ToolCallRecord, TurnRecord } from "../../src/protocol/call-record.ts";

type Told = Pick<TurnRecord, "speaker" | "text"> & Partial<TurnRecord>;

const GREETING: Told = { speaker: "agent", text: "Hello!" };
const QUESTION: Told = { speaker: "caller", text: "What now?" };
const ANSWER: Told = { speaker: "agent", text: "This, and then that." };
const TOOL: Told = { speaker: "tool", text: "current_time" };
/** At work from 100 to 140, or since 100. */
const GIVEN_BACK: ToolCallRecord = {
  toolCallId: "call_1",
  name: "current_time",
  arguments: "{}",
  webhookId: "msg_1",
  outcome: "ok",
  output: "{}",
  durationMs: 40,
};
const DONE: Told = { ...TOOL, startedAtMs: 100, toolCall: GIVEN_BACK };
const AT_WORK: Told = { ...DONE, toolCall: { ...GIVEN_BACK, outcome: "pending", output: null, durationMs: null } };
const at = (startedAtMs: number, turn: Told): Told => ({ ...turn, startedAtMs });
const FILLER: Told = { speaker: "agent", text: "One moment, please." };
const LOW: Told = { speaker: "agent", text: factsOf("budget_low").spoken ?? "", failure: "budget_low" };
const LOST: Told = { speaker: "agent", text: factsOf("upstream_lost").spoken ?? "", failure: "upstream_lost" };
const TOO_SLOW: Told = {
  speaker: "agent",
  text: factsOf("upstream_timeout").spoken ?? "",
  failure: "upstream_timeout",
};
const unheard = (turn: Told): Told => ({ ...turn, heardText: "" });
const cutOff = (turn: Told): Told => ({ ...turn, heardText: turn.text.slice(0, 4) });
/** What a response came to that was ended before its first word. */
const WORDLESS: Told = { speaker: "agent", text: "" };

const CASES: readonly (readonly [what: string, told: readonly Told[], owed: string])[] = [
  ["nothing at all", [], "greeting"],
  ["a greeting that nobody heard", [unheard(GREETING)], "greeting"],
  ["a greeting that was ended before its first word", [WORDLESS], "greeting"],
  ["a greeting, heard", [GREETING], "nothing"],
  ["a greeting, heard in part", [cutOff(GREETING)], "rest 1"],
  ["a question", [GREETING, QUESTION], "answer"],
  ["a question whose words nobody wrote down", [GREETING, { ...QUESTION, text: "" }], "answer"],
  ["a question, and a bill without words", [GREETING, QUESTION, WORDLESS], "answer"],
  ["an answer, heard", [GREETING, QUESTION, ANSWER], "nothing"],
  ["an answer, heard in part", [GREETING, QUESTION, cutOff(ANSWER)], "rest 3"],
  ["an answer, heard in part, and a bill without words", [GREETING, QUESTION, cutOff(ANSWER), WORDLESS], "rest 3"],
  ["an answer that nobody heard", [GREETING, QUESTION, unheard(ANSWER)], "answer"],
  ["a check-in that nobody heard", [GREETING, QUESTION, ANSWER, unheard(GREETING)], "nothing"],
  ["a tool that nobody has spoken about", [GREETING, QUESTION, ANSWER, TOOL], "answer"],
  ["a tool, and what came of it", [GREETING, QUESTION, TOOL, ANSWER], "nothing"],
  ["what was said while a tool was at work", [GREETING, QUESTION, DONE, at(120, FILLER)], "answer"],
  ["what was said while a tool is at work", [GREETING, QUESTION, AT_WORK, at(900, FILLER)], "answer"],
  ["a filler, and what came of the tool", [QUESTION, DONE, at(120, FILLER), at(140, ANSWER)], "nothing"],
  [
    "an answer beside the tool of an earlier question",
    [QUESTION, AT_WORK, at(200, QUESTION), at(300, ANSWER)],
    "nothing",
  ],
  ["an answer, heard in part, and the warning about money", [QUESTION, cutOff(ANSWER), LOW], "rest 2"],
  ["an answer that was lost with its session", [QUESTION, { ...ANSWER, failure: "upstream_lost" }, LOST], "rest 2"],
  ["a question that was lost with its session", [GREETING, QUESTION, LOST], "answer"],
  ["a session lost in silence", [GREETING, QUESTION, ANSWER, LOST], "nothing"],
  ["a question that the caller was asked to say again", [GREETING, QUESTION, TOO_SLOW], "nothing"],
];

describe("what is owed to a caller who is back", () => {
  it.each(CASES)("VLOSS-37 after %s", (_what, told, expected) => {
    const transcript = new Transcript([]);
    for (const turn of told) transcript.add({ startedAtMs: 0, ...turn });
    const owed = owedBy(transcript.turns);
    expect(owed.what === "rest" ? `rest ${owed.seq}` : owed.what).toBe(expected);
  });
});
