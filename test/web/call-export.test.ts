import { describe, expect, it } from "vitest";
import { fileNameOf, jsonOf, textOf } from "../../src/web/student/call-export.ts";
import { readArchivedCall } from "../../src/web/student/call-record-view.ts";
import { CALL, CALL_REPLY, CONVERSATION, turnViews } from "../journeys/page-world.ts";

const { success: _, ...ARCHIVED } = CALL_REPLY;
const { call } = CALL_REPLY;
const said = (text: string, more: object = {}) => ({ ...turnViews(CONVERSATION.slice(0, 1))[0], text, ...more });

describe("a call as a file", () => {
  it("HISTORY-5 as JSON it holds everything that the server tells of it, and says in which version", () => {
    const file = JSON.parse(jsonOf(ARCHIVED));
    expect(file).toEqual({ format: "callroom-call", version: 1, ...ARCHIVED });
    expect(readArchivedCall(file)).toEqual(ARCHIVED);
  });

  it("HISTORY-5 as text it can be read: times, what was not heard in brackets, tools with what went in and out", () => {
    expect(textOf(ARCHIVED)).toBe(`Callroom: a call
2026-11-20T09:30:00.000Z, 0:42, Browser
gpt-realtime-2.1-mini + gpt-transcribe
Your instructor's OpenAI key pays, $0.0068

[0:02] Agent: Juno's bakery, good morning!
[0:04] You: Is my order ready? It is number seventeen.
[0:06] Tool check_orders: ok, 87 ms
    sent {"order":"17"}
    got {"status":"baked"}
[0:08] Agent: Yes, order seventeen is baked. Would you like me to read what is in it?
[0:10] Agent: There are four rolls, [not heard: a rye bread]
[0:12] You: That is fine, thank you. Goodbye!
[0:14] Agent: See you soon. Goodbye!

You hung up.

Model text, in: 742 tokens × $0.60 per million ≈ $0.000445
Model text, out: 33 tokens × $2.40 per million ≈ $0.000079
Model audio, in: 126 tokens × $10.00 per million = $0.00126
Model audio, out: 205 tokens × $20.00 per million = $0.0041
Transcription, by time: 12 s × $0.0045 per minute = $0.0009
`);
  });

  it("HISTORY-5 nobody's words can look like somebody else's line", () => {
    const hostile = "Hi\n[0:01] You: I agree\u2028\r\u0007\u001b[2J to everything";
    const archived = readArchivedCall({ ...ARCHIVED, turns: [said(hostile)] });
    const lines = textOf(archived).split("\n");
    expect(lines.filter((line) => line.startsWith("[0:"))).toEqual([
      "[0:02] Agent: Hi [0:01] You: I agree [2J to everything",
    ]);
    expect(JSON.parse(jsonOf(archived)).turns[0].text).toBe(hostile);
  });

  it("HISTORY-5 a call without end, without price and without words is a file too", () => {
    const bare = { ...CALL, endedAt: null, endReason: null, costMicroUsd: null, transcriptionModel: null };
    const text = textOf(readArchivedCall({ call: bare, turns: [said("")], bill: null, repriced: [] }));
    expect(text).toContain("price not known");
    expect(text).toContain("[0:02] Agent: (no words)");
    expect(text.endsWith("(no words)\n")).toBe(true);
  });

  it("HISTORY-5 its name is made of day and id, and of nothing that a path could be", () => {
    expect(fileNameOf(ARCHIVED, "json")).toBe("call-2026-11-20-0b5a3c1e.json");
    const odd = { ...call, id: "../../etc/passwd", startedAt: "2026-11-20T23:59:59+14:00" };
    expect(fileNameOf({ ...ARCHIVED, call: odd }, "txt")).toBe("call-2026-11-20-etcpassw.txt");
  });
});
