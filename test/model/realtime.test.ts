import { afterEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { BYTES_PER_MS, silence } from "../standins/speech.ts";
import { Caller, Standins } from "./realtime-caller.ts";

const standins = new Standins();
afterEach(() => standins.close());

describe("a session that works", () => {
  it("VOICE-101 says the greeting in its very words, sound announced before it comes, and reports its end", async () => {
    const standin = await standins.start();
    const caller = new Caller(standin);
    caller.do({ type: "say", text: 'Hello, I am "Juno".\nHow are you?' });
    const end = await caller.next("response-end");
    expect(end).toMatchObject({ outcome: "complete", reason: null, usage: { responses: 1 } });
    const text = 'Hello, I am "Juno". How are you?';
    expect(caller.of("agent-text")).toMatchObject([{ responseId: end.responseId, text }]);
    expect(
      caller
        .of("agent-delta")
        .map((delta) => delta.text)
        .join(""),
    ).toBe(text);
    expect(caller.order.indexOf("sound-start")).toBe(caller.order.indexOf("sound") - 1);
    expect(caller.of("sound-start")).toHaveLength(1);
    expect(caller.order.slice(0, 2)).toEqual(["ready", "response-start"]);
    const [session] = standin.realtime.sessions();
    expect(caller.soundMs()).toBe(session?.audioOut.ms);
    expect(session?.refused).toEqual([]);
    caller.voice.close();
    await standin.settled();
    expect(standin.realtime.sessions()).toMatchObject([{ closed: { by: "client", code: 1000 } }]);
  });

  it("VOICE-102 hears the caller's turn, its words with their own bill, and the answer to it, on either wire", async () => {
    for (const format of ["pcm16-24k", "mulaw-8k"] as const) {
      const standin = await standins.start({ transcripts: ["What is six times seven?"] });
      const caller = new Caller(standin, { format });
      await caller.speak(600);
      const { itemId } = await caller.next("speech-start");
      await caller.next("response-end");
      const words = await caller.next("caller-text");
      expect(words).toMatchObject({ itemId, text: "What is six times seven?" });
      expect(words.usage).toMatchObject({ transcriptions: 1, responses: 0, inputTokens: 0 });
      expect(words.usage?.transcriptionInputTokens).toBeGreaterThan(0);
      expect(
        caller
          .of("caller-delta")
          .map(({ text }) => text)
          .join(""),
      ).toBe("What is six times seven?");
      expect(caller.of("speech-end")).toEqual([{ type: "speech-end", itemId }]);
      expect(caller.of("caller-turn")).toEqual([{ type: "caller-turn", itemId }]);
      expect(caller.of("agent-text")).toMatchObject([{ text: "6 times 7 is 42." }]);
      expect(standin.realtime.sessions()[0]?.received["response.create"]).toBeUndefined();
      caller.voice.close();
    }
  });

  it("VOICE-103 keeps what is said and wanted while it connects, all of it and in its order", async () => {
    const heard: Uint8Array[] = [];
    const standin = await standins.start({ acceptDelayMs: 200, onAudioIn: (_session, audio) => heard.push(audio) });
    const caller = new Caller(standin, { history: [{ kind: "agent", text: "Hi." }] });
    caller.do({ type: "caller-text", text: "first" });
    const spoken = Buffer.alloc(1_000 * BYTES_PER_MS["pcm16-24k"]);
    for (let at = 0; at < spoken.length; at += 2) spoken.writeInt16LE(at % 200, at);
    caller.send(spoken.subarray(0, spoken.length / 2));
    caller.do({ type: "caller-text", text: "second" }, { type: "answer", mayUseTools: true });
    caller.send(spoken.subarray(spoken.length / 2));
    await caller.next("ready");
    caller.send(Buffer.alloc(960, 7));
    await standin.realtime.until(([session]) => session?.audioIn.ms === 1_020 || undefined, "the sound");
    expect(Buffer.concat(heard).equals(Buffer.concat([spoken, Buffer.alloc(960, 7)]))).toBe(true);
    await caller.next("response-end");
    expect(
      standin.realtime
        .sessions()[0]
        ?.items.slice(0, 3)
        .map(({ text }) => text),
    ).toEqual(["Hi.", "first", "second"]);
    caller.voice.close();
  });

  it("VOICE-103 of more sound than it may keep the oldest goes", async () => {
    const heard: Uint8Array[] = [];
    const standin = await standins.start({ acceptDelayMs: 100, onAudioIn: (_session, audio) => heard.push(audio) });
    const caller = new Caller(standin, { format: "mulaw-8k", pushToTalk: true });
    const frames = (LIMITS.soundWhileConnectingMs + 400) / 20;
    for (let frame = 0; frame < frames; frame += 1)
      caller.voice.append(Buffer.alloc(160, frame % 256).toString("base64"));
    caller.do({ type: "caller-text", text: "kept" });
    await caller.next("ready");
    await standin.realtime.until(([session]) => session?.items[0], "the item");
    const keptMs = Buffer.concat(heard).length / BYTES_PER_MS["mulaw-8k"];
    expect(keptMs).toBeLessThanOrEqual(LIMITS.soundWhileConnectingMs);
    // Base64 is padded: a frame of 160 bytes counts as 162.
    expect(keptMs).toBeGreaterThan(LIMITS.soundWhileConnectingMs * 0.98);
    expect(heard.at(-1)?.[0]).toBe((frames - 1) % 256);
    caller.voice.close();
  });

  it("VOICE-113 gives back what it has not sent, once, when it was never ready", async () => {
    const standin = await standins.start();
    const caller = new Caller(standin);
    const frames = ["AAAA", "AQAB", "AgAC"];
    for (const frame of frames) caller.voice.append(frame);
    caller.do({ type: "say", text: "Hello." });
    caller.voice.close();
    expect(caller.voice.takeUnsent()).toEqual(frames);
    expect(caller.voice.takeUnsent()).toEqual([]);
    const other = new Caller(standin);
    other.voice.append("AAAA");
    await other.next("ready");
    expect(other.voice.takeUnsent()).toEqual([]);
    other.voice.close();
  });

  it("VOICE-103 what was asked and cancelled before it was connected is never asked", async () => {
    const standin = await standins.start({ acceptDelayMs: 50 });
    const caller = new Caller(standin);
    caller.do({ type: "say", text: "Never." }, { type: "cancel" }, { type: "say", text: "Hello." });
    await caller.next("response-end");
    expect(caller.of("agent-text")).toMatchObject([{ text: "Hello." }]);
    expect(standin.realtime.sessions()[0]?.received["response.create"]).toBe(1);
    caller.voice.close();
  });

  it("VOICE-104 answers typed words, with a note of its own, and in words alone when it may not use tools", async () => {
    const standin = await standins.start();
    const tools = [{ name: "current_time", description: "The current time.", parameters: { type: "object" } }];
    const caller = new Caller(standin, { tools });
    caller.do(
      { type: "caller-text", text: "What time is it?" },
      { type: "answer", mayUseTools: false, note: "Be brief." },
    );
    await caller.next("response-end");
    expect(caller.of("tool-call")).toEqual([]);
    expect(standin.realtime.sessions()[0]?.responses).toMatchObject([{ instructions: "You are Juno.\n\nBe brief." }]);
    caller.do({ type: "caller-text", text: "What time is it?" }, { type: "answer", mayUseTools: true });
    const call = await caller.next("tool-call");
    expect(call).toMatchObject({ name: "current_time", arguments: "{}" });
    caller.do(
      { type: "tool-output", toolCallId: call.toolCallId, output: '{"time":"noon"}' },
      { type: "answer", mayUseTools: true },
    );
    await caller.next("response-end", 3);
    expect(caller.of("agent-text").at(-1)?.text).toContain("noon");
    expect(standin.realtime.sessions()[0]?.refused).toEqual([]);
    caller.voice.close();
  });

  it("VOICE-105 with push-to-talk a turn ends with the button, and one too short or discarded never was", async () => {
    const standin = await standins.start({ transcripts: ["What is six times seven?"] });
    const caller = new Caller(standin, { pushToTalk: true });
    await caller.next("ready");
    await caller.speak(600, 0);
    caller.do({ type: "discard-input" });
    await caller.speak(60, 0);
    caller.do({ type: "turn-end" });
    await caller.speak(300, 0);
    caller.do({ type: "turn-end" });
    const { itemId } = await caller.next("caller-turn");
    await caller.next("response-end");
    expect(await caller.next("caller-text")).toMatchObject({ itemId });
    expect(caller.of("agent-text")).toMatchObject([{ text: "6 times 7 is 42." }]);
    expect(caller.of("speech-start")).toEqual([]);
    const [session] = standin.realtime.sessions();
    expect(session?.items[0]).toMatchObject({ kind: "user", audioMs: 300 });
    expect(session?.refused).toEqual([]);
    expect(caller.voice.counts.errors).toBe(0);
    caller.voice.close();
  });

  it("VOICE-105 the button can be taken up and put down in mid-call", async () => {
    const standin = await standins.start();
    const caller = new Caller(standin);
    caller.do({ type: "turn-end" }, { type: "push-to-talk", on: true });
    await standin.realtime.until(([session]) => session?.updates[1], "the update");
    await caller.speak(600);
    caller.do({ type: "turn-end" });
    await caller.next("response-end");
    expect(caller.of("speech-start")).toEqual([]);
    caller.do({ type: "push-to-talk", on: false });
    await caller.speak(600);
    await caller.next("response-end", 2);
    expect(caller.of("speech-start")).toHaveLength(1);
    expect(standin.realtime.sessions()[0]?.refused).toEqual([]);
    caller.voice.close();
  });

  it("VOICE-106 is never asked to forget more than has come, and not what never came", async () => {
    const standin = await standins.start();
    const caller = new Caller(standin);
    caller.do({ type: "say", text: "Twenty characters..." });
    const { itemId } = await caller.next("sound-start");
    await caller.next("response-end");
    expect(caller.soundMs(itemId)).toBe(1_200);
    for (const heardMs of [5_000, 700.9, -1]) caller.do({ type: "truncate", itemId, heardMs });
    caller.do({ type: "truncate", itemId: "item_unknown", heardMs: 100 });
    await standin.realtime.until(([session]) => session?.truncations[2], "three truncations");
    expect(
      standin.realtime.sessions()[0]?.truncations.map(({ audioEndMs, isRefused }) => [audioEndMs, isRefused]),
    ).toEqual([
      [1_200, false],
      [700, false],
      [0, false],
    ]);
    caller.voice.close();
  });

  it("VOICE-107 a speaking caller interrupts the answer, which ends as cancelled", async () => {
    const standin = await standins.start({ pace: 2, ttfbMs: 0 });
    const caller = new Caller(standin);
    caller.do({ type: "say", text: "This sentence is long enough to be talked over by somebody." });
    const { responseId } = await caller.next("sound-start");
    await caller.speak(600);
    expect(await caller.next("response-end")).toMatchObject({ responseId, outcome: "cancelled" });
    const heard = caller.sounds.length;
    await caller.next("response-start", 2);
    expect(caller.sounds.slice(heard).some((sound) => sound.responseId === responseId)).toBe(false);
    caller.voice.close();
  });

  it("VOICE-107 after a cancel no sound of that response is heard, and its bill still comes", async () => {
    const standin = await standins.start({ pace: 4, ttfbMs: 0 });
    const caller = new Caller(standin);
    caller.do({ type: "say", text: "This sentence is long enough to be stopped." }, { type: "say", text: "Never." });
    await caller.until(() => caller.sounds[2], "some sound");
    caller.do({ type: "cancel" });
    const heard = caller.sounds.length;
    const end = await caller.next("response-end");
    expect(end).toMatchObject({ outcome: "cancelled" });
    expect(end.usage?.outputAudioTokens).toBeGreaterThan(0);
    caller.do({ type: "say", text: "Yes?" });
    await caller.next("response-end", 2);
    expect(caller.of("agent-text").at(-1)).toMatchObject({ text: "Yes?" });
    expect(caller.sounds.slice(heard).some(({ responseId }) => responseId === end.responseId)).toBe(false);
    expect(caller.voice.counts.errors).toBe(0);
    caller.voice.close();
  });

  it("VOICE-108 a response that begins after its cancel is cancelled by its id, and nothing of it is reported", async () => {
    const standin = await standins.start({ pace: 1, ttfbMs: 0 });
    standin.realtime.fault({ kind: "created-delay", ms: 150 });
    const caller = new Caller(standin);
    caller.do({ type: "say", text: "An orphan that nobody wants to hear." });
    await standin.realtime.until(([session]) => session?.responses[0], "the response");
    caller.do({ type: "cancel" }, { type: "say", text: "Hm?" });
    await caller.next("response-end");
    expect(caller.of("response-start")).toHaveLength(1);
    expect(caller.of("agent-text")).toMatchObject([{ text: "Hm?" }]);
    expect(caller.soundMs()).toBe(180);
    expect(standin.realtime.sessions()[0]?.responses).toMatchObject([
      { status: "cancelled", reason: "client_cancelled" },
      { status: "completed" },
    ]);
    caller.voice.close();
  });

  it("VOICE-109 a call to a tool is reported once, however often it is announced, 1,000 of 1,000", async () => {
    const standin = await standins.start();
    const call = { name: "note", arguments: "{}" };
    const tools = [{ name: "note", description: "Takes a note.", parameters: { type: "object" } }];
    const caller = new Caller(standin, { tools });
    for (let answer = 1; answer <= 10; answer += 1) {
      standin.realtime.answerWith({ text: "", toolCalls: Array.from({ length: 100 }, () => call), duplicated: true });
      caller.do({ type: "answer", mayUseTools: true });
      await caller.next("response-end", answer);
    }
    const ids = caller.of("tool-call").map(({ toolCallId }) => toolCallId);
    expect(ids).toHaveLength(1_000);
    expect(new Set(ids).size).toBe(1_000);
    caller.voice.close();
  });

  it("VOICE-110 words may come behind the answer, or not at all, and harm nothing", async () => {
    const standin = await standins.start({ transcripts: ["Hello?"] });
    standin.realtime.fault({ kind: "transcription-delay", ms: 100 });
    const caller = new Caller(standin);
    await caller.speak(600);
    await caller.next("caller-text");
    expect(caller.order.indexOf("caller-text")).toBeGreaterThan(caller.order.indexOf("response-end"));
    standin.realtime.fault({ kind: "transcription-failed" });
    await caller.speak(600);
    const { itemId } = await caller.next("caller-text-failed");
    expect(itemId).toBe(caller.of("caller-turn")[1]?.itemId);
    await caller.next("response-end", 2);
    caller.voice.close();
  });

  it("VOICE-111 an answer that OpenAI cuts at its longest says so", async () => {
    const standin = await standins.start();
    const caller = new Caller(standin, { format: "mulaw-8k" });
    caller.do({ type: "say", text: "word ".repeat(800).trim() });
    expect(await caller.next("response-end")).toMatchObject({ outcome: "cut", reason: null });
    caller.voice.close();
  });

  it("VOICE-111 a response without a bill is reported without one, and the session goes on", async () => {
    const standin = await standins.start();
    standin.realtime.fault({ kind: "no-usage" });
    const caller = new Caller(standin);
    caller.do({ type: "say", text: "For free." }, { type: "say", text: "Paid." });
    expect(await caller.next("response-end")).toMatchObject({ outcome: "complete", usage: null });
    expect((await caller.next("response-end", 2)).usage?.outputAudioTokens).toBe(6);
    caller.voice.close();
  });

  it("VOICE-112 silence costs the model nothing: there is no event and no response", async () => {
    const standin = await standins.start();
    const caller = new Caller(standin);
    await caller.next("ready");
    caller.send(Buffer.from(silence(2_000)["pcm16-24k"]));
    await standin.realtime.until(([session]) => session?.audioIn.ms === 2_000 || undefined, "the silence");
    expect(caller.order).toEqual(["ready"]);
    caller.voice.close();
    caller.voice.close();
    caller.do({ type: "say", text: "Nobody hears this." });
    caller.voice.append("AAAA");
    await standin.settled();
    expect(standin.realtime.sessions()[0]?.received["response.create"]).toBeUndefined();
  });
});
