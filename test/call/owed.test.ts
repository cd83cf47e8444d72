import { describe, expect, it } from "vitest";
import { owedBy } from "../../src/call/owed.ts";
import { Transcript } from "../../src/call/transcript.ts";
import { factsOf } from "../../src/failure.ts";
import type { TurnRecord } from "../../src/protocol/call-record.ts";

type Told = Pick<TurnRecord, "speaker" | "text"> & Partial<TurnRecord>;

const GREETING: Told = { speaker: "agent", text: "Hello!" };
const QUESTION: Told = { speaker: "caller", text: "What now?" };
const ANSWER: Told = { speaker: "agent", text: "This, and then that." };
const TOOL: Told = { speaker: "tool", text: "current_time" };
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
