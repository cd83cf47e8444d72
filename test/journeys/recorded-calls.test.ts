import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { placeCall, readRecording, recordingPath, replay } from "../standins/twilio.ts";
import { askedOfOpenAi, ended, logged, spoken } from "./looks.ts";
import { Room } from "./room.ts";

const AUTH_TOKEN = "twilio-auth-token-of-the-tests";
const GREETING = "This is the spike. Say something, or press a key.";
const TWELVE = Array.from(
  { length: 12 },
  (_, at) =>
    `Sentence ${at + 1} of twelve: the quick brown fox jumps over the lazy dog while the spike keeps talking. `,
);

const barge = recordingPath("barge-in");
const drop = recordingPath("socket-drop");
const reconnect = recordingPath("end-then-reconnect");

let room: Room;
beforeAll(async () => {
  if (isThere) room = await Room.open({ TWILIO_AUTH_TOKEN: AUTH_TOKEN });
});
afterAll(() => room?.close());

/** A student of their own for each recording, so that nothing of one call is seen in another. */
async function student(name: string, config: Record<string, unknown> = {}) {
  const key = `sk-proj-recorded-${name}-0123456789`;
  const sessionToken = `ws_recorded_${name}`;
  await room.save(sessionToken, { openaiApiKey: key, ivrGreeting: GREETING, ...config });
  return { key, sessionToken, phone: { origin: room.url, authToken: AUTH_TOKEN, sessionToken } };
}

const isThere = barge !== undefined && drop !== undefined && reconnect !== undefined;
const WHY_NOT = isThere ? "" : " (skipped: there is no ../shared/fixtures/conversationrelay on this machine)";

describe.skipIf(!isThere)(`recorded calls of Twilio${WHY_NOT}`, () => {
  it("JOURNEY-10 tells the model only what was heard of a turn that the caller spoke over", async () => {
    const { key, sessionToken, phone } = await student("barge-in");
    await room.fault({ kind: "answer", key, tokens: TWELVE, text: TWELVE.join("") });
    const call = await replay(barge ?? "", phone);

    const asked = await askedOfOpenAi(room, key);
    expect(asked.map(({ history }) => history)).toEqual([
      [`agent: ${GREETING}`, "caller: (pressed on the keypad: 1)"],
      [
        `agent: ${GREETING}`,
        "caller: (pressed on the keypad: 1)",
        "agent: Sentence 2 of",
        "caller: Stop. Stop. Stop. I am interrupting you now.",
      ],
    ]);
    expect(call.violations).toEqual([]);
    expect(call.turns[1]?.text).toBe(TWELVE.join(""));
    expect(call.isOver).toBe(true);

    const [kept] = await ended(room, sessionToken);
    expect(kept).toMatchObject({ end_reason: "caller-left", key_source: "student" });
    expect(kept?.turns[2]).toMatchObject({ speaker: "agent", text: TWELVE.join(""), heard_text: "Sentence 2 of" });
    expect(kept?.turns).toHaveLength(5);
  });

  it("JOURNEY-11 goes on with the same call after the socket was dropped, without greeting again", async () => {
    const { key, sessionToken, phone } = await student("socket-drop");
    const call = await replay(drop ?? "", phone);
    await call.waitForSession(2);
    expect(call.actions[0]?.form).toMatchObject({ SessionStatus: "failed", ErrorCode: "64105" });

    call.say("My name is Ada.");
    expect((await call.waitForTurn()).text).toContain("Ada");
    const [first, second] = await askedOfOpenAi(room, key);
    expect(second?.callId).toBe(first?.callId);
    expect(second?.history.slice(0, 2)).toEqual(first?.history);
    expect(second?.history.at(-1)).toBe("caller: My name is Ada.");
    expect(call.frames.filter(({ text }) => text.includes(GREETING))).toHaveLength(1);
    await call.hangUp();

    const [kept] = await ended(room, sessionToken);
    expect(kept?.id).toBe(first?.callId);
    expect(kept && spoken(kept).map((line) => line.split(" ")[0])).toEqual([
      "agent:",
      "caller:",
      "agent:",
      "caller:",
      "agent:",
    ]);
    expect(logged(room, "call-resumed")).toMatchObject([{ callId: first?.callId, resumes: 1 }]);
    expect(call.violations).toEqual([]);
  });

  it("JOURNEY-12 ends a call with its reason, and takes a later session on the same CallSid for a new call", async () => {
    const tool = { type: "function", function: { name: "end_call" }, mode: "builtin", builtin: "end_call" };
    const { key, sessionToken, phone } = await student("end", { tools: [tool] });
    await room.fault({ kind: "answer", key, toolCalls: [{ name: "end_call", arguments: { reason: "all said" } }] });
    await room.fault({ kind: "answer", key, text: "Goodbye, and thank you." });
    // Up to where the recorded application sent `end`: this one has to do so itself.
    const untilEnd = readRecording(reconnect ?? "").findIndex((line) => line.dir === "ws" && line.event === "close");
    const recording = join(room.dataDir, "until-end.jsonl");
    const lines = readFileSync(reconnect ?? "", "utf8").split("\n");
    writeFileSync(recording, lines.slice(0, untilEnd).join("\n"));
    const call = await replay(recording, phone);

    await call.over;
    expect(call.turns.at(-1)?.text).toBe("Goodbye, and thank you.");
    expect(call.sessions).toBe(1);
    const { SessionStatus, HandoffData } = call.actions[0]?.form ?? {};
    expect(SessionStatus).toBe("ended");
    expect(JSON.parse(HandoffData ?? "")).toEqual({ reason: "agent-ended", note: "all said" });
    // The agent has said goodbye: nothing is added to it.
    expect(call.actions[0]?.verbs).toEqual([]);
    expect(call.spoken).toEqual([]);

    const again = await placeCall({ ...phone, callSid: call.callSid });
    expect((await again.waitForTurn()).text).toBe(GREETING);
    again.say("Hello again.");
    await again.waitForTurn();
    await again.hangUp();
    const asked = await askedOfOpenAi(room, key);
    expect(asked.at(-1)?.history).toEqual([`agent: ${GREETING}`, "caller: Hello again."]);
    const calls = await ended(room, sessionToken, 2);
    expect(calls.map(({ end_reason }) => end_reason)).toEqual(["agent-ended", "caller-left"]);
    expect(again.violations).toEqual([]);
  });
});
