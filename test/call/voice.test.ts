import { describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { NO_CONFIG } from "./table.ts";
import { ofType, toCaller, VOICE_USAGE, VoiceTable } from "./voice-table.ts";

describe("a call with sound", () => {
  it("VTURN-1 opens one session when both the caller and the key are there, and greets in it once", () => {
    const table = new VoiceTable();
    table.caller({ type: "leg-start", phoneCallId: undefined, greetedByCarrier: false, fromCarrier: false });
    expect(table.requests).toEqual([]);
    table.do({ type: "admitted" });
    expect(table.requests).toMatchObject([
      { instructions: "Be kind.", voice: "marin", format: "pcm16-24k", pushToTalk: false, history: [] },
    ]);
    expect(table.requests[0]?.tools.map(({ name }) => name)).toContain("current_time");
    table.upstream({ type: "ready" });
    expect(table.asked()).toEqual([{ type: "say", text: "Hello!" }]);
    expect(table.states).toEqual(["connecting", "listening"]);
  });

  it("VTURN-17 opens each session with how the agent is to hear, by default at every ordinary pause", () => {
    const config = { ...NO_CONFIG, turnEnd: "meaning", patience: "long" } as const;
    const table = new VoiceTable({ config }).connected();
    table.upstream({ type: "lost", reason: "upstream_lost", mayReconnect: true, upstreamCode: 1006 });
    const told = { turnEnd: "meaning", patience: "long" };
    expect(table.requests).toMatchObject([told, told]);
    const untold = new VoiceTable({ config: NO_CONFIG }).connected();
    expect(untold.requests).toMatchObject([{ turnEnd: "pause", patience: "normal" }]);
  });

  it("VTURN-2 turns are in the order in which speech began, however late the words come", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 900);
    table.hears("It is noon.", 1_200);
    table.speaks("item_u2", 500, "Thanks.");
    table.upstream({ type: "caller-text", itemId: "item_u1", text: "What time is it?", usage: null });
    expect(table.line).toEqual([
      "1 agent: Hello!",
      "2 caller: What time is it?",
      "3 agent: It is noon.",
      "4 caller: Thanks.",
    ]);
    expect(table.turns.map(({ startedAtMs }) => startedAtMs)).toEqual(
      table.turns.map(({ startedAtMs }) => startedAtMs).toSorted((a, b) => a - b),
    );
  });

  it("VTURN-3 words that nobody could write down leave a turn that says so, and the call goes on", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 900);
    table.upstream({ type: "caller-text-failed", itemId: "item_u1" });
    table.hears("Sure.", 300);
    expect(table.line).toEqual(["1 agent: Hello!", "2 caller:  (transcript_missing)", "3 agent: Sure."]);
  });

  it("VTURN-4 each turn has its times, measured where they happen", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 1_000, "Hi");
    table.after(250);
    const ids = table.begins("Good ");
    table.after(80).upstream({ type: "sound-start", ...ids });
    table.after(5).sounds(ids, 700);
    table.ends(ids.responseId);
    table.after(160).played(table.sentMs - 600);
    expect(table.turns.at(-1)?.timings).toEqual({
      ttftMs: 250,
      ttfbMs: 330,
      turnLatencyMs: 335,
      heardLatencyMs: 395,
      turnMs: 335,
    });
  });

  it("VTURN-5 usage of responses and of transcripts is kept with their turns, and shown as it comes", () => {
    const table = new VoiceTable().connected();
    const transcript = { ...VOICE_USAGE, responses: 0, transcriptions: 1, transcriptionInputTokens: 30 };
    table.speaks("item_u1", 900);
    table.hears("Yes.", 400);
    const commands = table.upstream({ type: "caller-text", itemId: "item_u1", text: "Is it?", usage: transcript });
    expect(table.kept.get(2)?.usage).toEqual(transcript);
    expect(table.kept.get(3)?.usage).toEqual(VOICE_USAGE);
    expect(toCaller(commands)).toEqual(["turn", "meter"]);
    expect(table.call.transcript.usage).toMatchObject({ responses: 2, transcriptions: 1 });
  });

  it("VTURN-6 a response without usage is estimated and marked, one that was cancelled before a word costs nothing", () => {
    const table = new VoiceTable().connected();
    const heard = table.begins("Well, ");
    table.sounds(heard, 1_000);
    table.upstream({ type: "response-end", ...heard, outcome: "complete", reason: null, usage: null });
    expect(table.turns.at(-1)?.usage).toMatchObject({ estimated: true, outputAudioTokens: 20 });
    const silent = table.begins();
    table.upstream({ type: "response-end", ...silent, outcome: "cancelled", reason: null, usage: null });
    expect(table.turns.at(-1)?.text).toBe("Well, ");
  });

  it("VTURN-16 what a response cost that nobody heard of is counted too", () => {
    const table = new VoiceTable().connected();
    table.upstream({ type: "stray-usage", usage: VOICE_USAGE });
    expect(table.call.transcript.usage).toMatchObject({ responses: 2, outputAudioTokens: 80 });
    expect(table.line).toEqual(["1 agent: Hello!"]);
  });

  it("VTURN-7 typed words stop the agent, are told to the model, and are answered", () => {
    const table = new VoiceTable().connected();
    const ids = table.begins("Once upon a time");
    table.sounds(ids, 4_000);
    const from = table.commands.length;
    table.after(500).played(table.sentMs - 3_500);
    table.say("Stop that");
    expect(table.asked(from)).toEqual([
      { type: "cancel" },
      { type: "truncate", itemId: ids.itemId, heardMs: 500 },
      { type: "caller-text", text: "Stop that" },
      { type: "answer", mayUseTools: true },
    ]);
    expect(toCaller(table.commands.slice(from))).toContain("clear");
    expect(table.turns.at(-1)).toMatchObject({ speaker: "caller", text: "Stop that" });
  });

  it("VTURN-8 with push-to-talk a turn is what is said while the button is held", () => {
    const table = new VoiceTable().connected();
    table.caller({ type: "talk-mode", pushToTalk: true });
    expect(table.voice.takesSound(table.nowMs)).toBe(false);
    const from = table.commands.length;
    table.caller({ type: "talk", pressed: true });
    expect(table.voice.takesSound(table.nowMs)).toBe(true);
    table.after(800).caller({ type: "talk", pressed: false });
    expect(table.voice.takesSound(table.nowMs)).toBe(false);
    expect(table.asked(from)).toEqual([{ type: "discard-input" }, { type: "turn-end" }]);
    expect(table.voice.isBusy).toBe(false);
    table.upstream({ type: "caller-turn", itemId: "item_u1" });
    expect(table.voice.isBusy).toBe(true);
    table.caller({ type: "talk", pressed: true });
    table.after(LIMITS.talkMinMs - 1).caller({ type: "talk", pressed: false });
    expect(table.asked(from).at(-1)).toEqual({ type: "discard-input" });
  });

  it("VTURN-9 while muted nothing of the caller is used", () => {
    const table = new VoiceTable().connected();
    table.caller({ type: "mute", muted: true });
    expect(table.voice.takesSound(table.nowMs)).toBe(false);
    table.caller({ type: "mute", muted: false });
    expect(table.voice.takesSound(table.nowMs)).toBe(true);
  });

  it("VTURN-10 a caller whose sound stops in mid-speech is given silence, so that the turn can end", () => {
    const table = new VoiceTable().connected();
    table.voice.takesSound(table.nowMs);
    table.upstream({ type: "speech-start", itemId: "item_u1" });
    table.after(300).voice.takesSound(table.nowMs);
    table.after(500);
    expect(ofType(table.do({ type: "timer", timer: "sound-gap" }), "fill-silence")).toEqual([]);
    table.after(LIMITS.soundGapMs);
    expect(ofType(table.do({ type: "timer", timer: "sound-gap" }), "fill-silence")).toEqual([
      { type: "fill-silence", ms: LIMITS.soundGapFillMs },
    ]);
  });

  it("VTURN-11 silence is asked about in the agent's voice, and ends the call with a recorded sentence", () => {
    const table = new VoiceTable().connected();
    table.ring();
    expect(table.asked().at(-1)).toEqual({ type: "say", text: "Are you still there?" });
    table.hears("Are you still there?", 1_500);
    const commands = table.ring();
    expect(ofType(commands, "play-sentence")).toEqual([{ type: "play-sentence", reason: "silence" }]);
    expect(ofType(commands, "close-voice")).toHaveLength(1);
    expect(table.progress.endedAtMs).toBeNull();
    table.do({ type: "sentence-end", sent: true });
    table.voice.answers.playback.sent("spoken:1", 3_000);
    table.played(table.sentMs + 3_000);
    expect(table.progress).toMatchObject({ endReason: "silence" });
  });

  it("VTURN-12 no sound goes either way once the last words are being said", () => {
    const table = new VoiceTable().connected();
    const ids = table.begins("Going on and on");
    table.after(LIMITS.callDefaultMs);
    table.ring();
    expect(table.voice.takesSound(table.nowMs)).toBe(false);
    expect(table.voice.audible(ids.responseId)).toBeUndefined();
    expect(table.line.at(-1)).toContain("We have reached the end of our time. Goodbye. (call_cap)");
  });

  it("VTURN-13 a caller who hangs up is waited for only as long as their last words take to be written down", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 700);
    const commands = table.do({ type: "leg-end", clean: true });
    expect(ofType(commands, "close-voice")).toEqual([{ type: "close-voice", drain: true }]);
    expect(table.progress.endedAtMs).toBeNull();
    table.after(400).upstream({ type: "caller-text", itemId: "item_u1", text: "Bye!", usage: null });
    expect(table.line.at(-1)).toBe("2 caller: Bye!");
    expect(table.progress).toMatchObject({ endReason: "caller-left", endedAtMs: table.nowMs });
    expect(ofType(table.commands, "close-voice").at(-1)).toEqual({ type: "close-voice", drain: false });
  });

  it("VTURN-15 a caller who hangs up in words is told that the call is over, and the socket is closed", () => {
    const table = new VoiceTable().connected();
    const commands = table.caller({ type: "hang-up" });
    expect(ofType(commands, "caller").at(-1)?.command).toEqual({ type: "end", handoff: {}, endReason: "caller-left" });
    expect(ofType(commands, "close-leg")).toEqual([{ type: "close-leg", closeCode: 1000 }]);
    expect(table.progress.endReason).toBe("caller-left");
  });

  it("VTURN-18 a caller who hangs up in mid-answer is waited for until the answer's bill has come", () => {
    const table = new VoiceTable().connected();
    table.caller({ type: "utterance", text: "Tell me a story." });
    const ids = table.begins("Once upon a time");
    table.sounds(ids, 2_000);
    const commands = table.caller({ type: "hang-up" });
    expect(table.asked().at(-2)).toEqual({ type: "cancel" });
    expect(ofType(commands, "close-voice")).toEqual([{ type: "close-voice", drain: true }]);
    table.after(20).ends(ids.responseId, "cancelled");
    expect(table.turns.at(-1)).toMatchObject({ text: "Once upon a time", usage: VOICE_USAGE, failure: null });
    expect(table.progress).toMatchObject({ endReason: "caller-left", endedAtMs: table.nowMs });
  });

  it("VTURN-18 a bill that does not come within a second is estimated, and marked", () => {
    const table = new VoiceTable().connected();
    table.caller({ type: "utterance", text: "Tell me a story." });
    table.sounds(table.begins("Once upon a time"), 2_000);
    table.caller({ type: "hang-up" });
    table.ring();
    expect(table.progress.endReason).toBe("caller-left");
    // Two seconds, and half a one that may have been on its way.
    expect(table.turns.at(-1)?.usage).toMatchObject({ responses: 1, outputAudioTokens: 50, estimated: true });
    // And one that comes later still is nobody's.
    table.ends("resp_2", "cancelled");
    expect(table.turns.at(-1)?.usage?.estimated).toBe(true);
  });

  it("VTURN-14 words that do not come within a second are not waited for", () => {
    const table = new VoiceTable().connected();
    table.speaks("item_u1", 700);
    table.do({ type: "leg-end", clean: true });
    const hungUpAtMs = table.nowMs;
    table.ring();
    expect(table.progress).toMatchObject({ endReason: "caller-left", endedAtMs: hungUpAtMs + LIMITS.voiceDrainMs });
  });
});
