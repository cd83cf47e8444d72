import { afterEach, describe, expect, it } from "vitest";
import { decodeMulaw } from "./mulaw.ts";
import { type OpenAiStandin, type RealtimeOptions, startOpenAiStandin } from "./openai.ts";
import { openSession, type RealtimeTester } from "./realtime-asking.ts";
import { fliteSpeaker, silence, toneSpeaker } from "./speech.ts";

const QUICK: RealtimeOptions = { ttfbMs: 0, pace: 0, transcriptionMs: 0, speaker: toneSpeaker };
const TRANSCRIBED = { transcription: { model: "gpt-4o-mini-transcribe" } };
const PCMU = { type: "audio/pcmu" };

const standins: OpenAiStandin[] = [];
const start = async (realtime: RealtimeOptions = {}): Promise<OpenAiStandin> => {
  const standin = await startOpenAiStandin({ tokensPerSecond: 0, realtime: { ...QUICK, ...realtime } });
  standins.push(standin);
  return standin;
};
afterEach(() => Promise.all(standins.splice(0).map((standin) => standin.close())));

/** The types of events so far, with the words and the sound of an answer, which alternate, as one. */
const phases = (tester: RealtimeTester): string[] =>
  tester.events
    .map(({ type }) => type.replace(/^response\.output_audio(_transcript)?\.delta$/, "voice"))
    .filter((type, index, all) => type !== all[index - 1]);

describe("a turn of the caller's", () => {
  it("STANDIN-27 goes from speech to the answer in the order of the API", async () => {
    const standin = await start({ transcriptionMs: 50 });
    standin.realtime.nextTranscript("What is two plus three?");
    const tester = await openSession(standin, { audio: { input: TRANSCRIBED } });
    tester.speak(600, 600);
    const started = await tester.next("input_audio_buffer.speech_started");
    const { item_id } = started;
    expect(started).toMatchObject({ audio_start_ms: 0 });
    expect(await tester.next("input_audio_buffer.speech_stopped")).toMatchObject({ audio_end_ms: 1_100, item_id });
    expect(await tester.next("input_audio_buffer.committed")).toMatchObject({ item_id, previous_item_id: null });
    await tester.next("conversation.item.input_audio_transcription.completed");
    expect(phases(tester).slice(2)).toEqual([
      "input_audio_buffer.speech_started",
      "input_audio_buffer.speech_stopped",
      "input_audio_buffer.committed",
      "conversation.item.added",
      "conversation.item.done",
      "response.created",
      "response.output_item.added",
      "conversation.item.added",
      "response.content_part.added",
      "voice",
      "response.output_audio.done",
      "response.output_audio_transcript.done",
      "response.content_part.done",
      "conversation.item.done",
      "response.output_item.done",
      "response.done",
      "rate_limits.updated",
      "conversation.item.input_audio_transcription.delta",
      "conversation.item.input_audio_transcription.completed",
    ]);
    expect(tester.of("conversation.item.done")[0]).toMatchObject({
      item: { id: item_id, role: "user", content: [{ type: "input_audio", transcript: null }] },
    });
    expect(tester.of("response.done")[0]?.response).toMatchObject({
      status: "completed",
      status_details: null,
      output: [{ role: "assistant", content: [{ type: "output_audio", transcript: "2 plus 3 is 5." }] }],
      conversation_id: expect.stringMatching(/^conv_/),
      output_modalities: ["audio"],
    });
  });

  it("STANDIN-27 sound that is no speech has no answer at all", async () => {
    const standin = await start();
    const tester = await openSession(standin);
    tester.append(silence(5_000)["pcm16-24k"], "pcm16-24k");
    tester.send("session.update", { session: { type: "realtime" } });
    await tester.next("session.updated");
    expect(tester.types()).toEqual(["session.created", "session.updated"]);
    expect(standin.realtime.sessions()[0]?.audioIn).toMatchObject({ ms: 5_000, bytes: 240_000 });
  });

  it("STANDIN-27 in mu-law both ways the answer is mu-law at 8 kHz, and the same words", async () => {
    const standin = await start();
    standin.realtime.nextTranscript("Tell me a joke.");
    const tester = await openSession(standin, { audio: { input: { format: PCMU }, output: { format: PCMU } } });
    tester.speak(600, 600, "mulaw-8k");
    await tester.next("response.done");
    const [transcript] = tester.of("response.output_audio_transcript.done");
    expect(transcript?.transcript).toMatch(/^Why did the voice agent/);
    const sound = tester.sound();
    expect(sound.length).toBe(String(transcript?.transcript).length * 60 * 8);
    expect(Math.max(...decodeMulaw(sound))).toBeGreaterThan(7_000);
    const deltas = tester.of("response.output_audio_transcript.delta").map(({ delta }) => delta);
    expect(deltas.join("")).toBe(transcript?.transcript);
  });

  it("STANDIN-27 a real voice is heard, understood as scripted, and answered with a real voice", async () => {
    const standin = await start({ speaker: fliteSpeaker });
    standin.realtime.nextTranscript("Hello!");
    const tester = await openSession(standin, { instructions: "You are Mia, the receptionist of Hotel Lumen." });
    tester.append(await fliteSpeaker.speak("Hello!", { format: "pcm16-24k", voice: "cedar" }), "pcm16-24k");
    tester.append(silence(700)["pcm16-24k"], "pcm16-24k");
    await tester.next("response.done");
    const [said] = tester.of("response.output_audio_transcript.done");
    expect(said?.transcript).toBe("Hello! I'm Mia, the receptionist of Hotel Lumen. What can I do for you?");
    const sentences = ["Hello! ", "I'm Mia, the receptionist of Hotel Lumen. ", "What can I do for you?"];
    const voice = { format: "pcm16-24k", voice: "alloy" } as const;
    const spoken = await Promise.all(sentences.map((sentence) => fliteSpeaker.speak(sentence, voice)));
    expect(tester.sound().equals(Buffer.concat(spoken))).toBe(true);
  });

  it("STANDIN-27 without turn detection a commit makes the item, and only response.create the answer", async () => {
    const standin = await start();
    const tester = await openSession(standin, { audio: { input: { turn_detection: null } } });
    tester.speak(600, 60);
    await standin.realtime.until(([session]) => session?.audioIn.ms === 660 || undefined, "the sound");
    tester.send("input_audio_buffer.commit");
    await tester.next("conversation.item.done");
    tester.send("input_audio_buffer.commit");
    expect((await tester.next("error")).error).toMatchObject({ code: "input_audio_buffer_commit_empty" });
    expect(tester.types()).not.toContain("input_audio_buffer.speech_started");
    expect(tester.types()).not.toContain("response.created");
    tester.send("response.create");
    await tester.next("response.done");
  });

  it("STANDIN-27 cleared sound is gone, also in mid-speech", async () => {
    const standin = await start();
    const tester = await openSession(standin);
    tester.speak(300, 0);
    await tester.next("input_audio_buffer.speech_started");
    tester.send("input_audio_buffer.clear");
    await tester.next("input_audio_buffer.cleared");
    tester.append(silence(1_000)["pcm16-24k"], "pcm16-24k");
    tester.send("input_audio_buffer.clear");
    await tester.next("input_audio_buffer.cleared");
    expect(tester.types()).not.toContain("input_audio_buffer.speech_stopped");
    tester.send("input_audio_buffer.commit");
    expect((await tester.next("error")).error).toMatchObject({ message: expect.stringContaining("0.00ms") });
  });

  it("STANDIN-27 with create_response off the turn is committed and not answered", async () => {
    const standin = await start();
    const turn_detection = { type: "server_vad", create_response: false };
    const tester = await openSession(standin, { audio: { input: { turn_detection } } });
    tester.speak(600, 600);
    await tester.next("conversation.item.done");
    tester.send("response.create");
    await tester.next("response.done");
    expect(tester.of("response.created")).toHaveLength(1);
  });

  it.each([
    ["odd bytes", Buffer.alloc(3).toString("base64")],
    ["no base64", "****"],
    ["cut base64", "AAA"],
  ])("STANDIN-27 %s are no sound, and are refused", async (_what, audio) => {
    const standin = await start();
    const tester = await openSession(standin);
    tester.send("input_audio_buffer.append", { audio });
    expect((await tester.next("error")).error).toMatchObject({ code: "invalid_value", param: "audio" });
    expect(standin.realtime.sessions()[0]?.audioIn.bytes).toBe(0);
  });

  it("STANDIN-27 an update that leaves the VAD alone does not lose the speech under way", async () => {
    const standin = await start();
    const tester = await openSession(standin);
    tester.speak(300, 0);
    const { item_id } = await tester.next("input_audio_buffer.speech_started");
    tester.send("session.update", { session: { type: "realtime", instructions: "Be brief." } });
    await tester.next("session.updated");
    tester.append(silence(600)["pcm16-24k"], "pcm16-24k");
    expect(await tester.next("input_audio_buffer.committed")).toMatchObject({ item_id });
  });
});

describe("transcripts", () => {
  const turn = async (tester: RealtimeTester): Promise<void> => {
    tester.speak(600, 600);
    await tester.next("rate_limits.updated");
  };

  it("STANDIN-28 are scripted for a key or for anyone, else come from the list in turn", async () => {
    const standin = await start({ transcripts: ["one", "two"] });
    standin.realtime.nextTranscript("for another key", "sk-other-0123456789");
    standin.realtime.nextTranscript("scripted");
    const tester = await openSession(standin, { audio: { input: TRANSCRIBED } });
    for (let count = 0; count < 4; count += 1) await turn(tester);
    const name = "conversation.item.input_audio_transcription";
    await tester.until(() => tester.of(`${name}.completed`)[3], "four transcripts");
    expect(tester.of(`${name}.completed`).map(({ transcript }) => transcript)).toEqual([
      "scripted",
      "two",
      "one",
      "two",
    ]);
    const deltas = tester.of(`${name}.delta`).map(({ delta }) => delta);
    expect(deltas.join("|")).toBe("scripted|two|one|two");
  });

  it.each([
    ["gpt-4o-mini-transcribe", { type: "tokens", input_tokens: 11, output_tokens: 2, total_tokens: 13 }],
    ["gpt-transcribe", { type: "duration", seconds: 1.1 }],
    ["whisper-1", { type: "duration", seconds: 1.1 }],
  ])("STANDIN-28 of %s have a bill of their own", async (model, usage) => {
    const standin = await start({ transcripts: ["Hello."] });
    const tester = await openSession(standin, { audio: { input: { transcription: { model } } } });
    await turn(tester);
    const completed = await tester.until(
      () => tester.of("conversation.item.input_audio_transcription.completed")[0],
      "the transcript",
    );
    expect(completed).toMatchObject({ transcript: "Hello.", usage, content_index: 0 });
    expect("languages" in completed).toBe(model === "gpt-transcribe");
  });

  it("STANDIN-28 are not made unless asked for, and then the answer still follows from what was said", async () => {
    const standin = await start({ transcripts: ["What is six times seven?"] });
    const tester = await openSession(standin);
    await turn(tester);
    expect(tester.types().join()).not.toContain("transcription");
    expect(tester.of("response.output_audio_transcript.done")[0]).toMatchObject({ transcript: "6 times 7 is 42." });
  });

  it("STANDIN-28 may fail, which harms nothing else", async () => {
    const standin = await start();
    standin.realtime.fault({ kind: "transcription-failed" });
    const tester = await openSession(standin, { audio: { input: TRANSCRIBED } });
    await turn(tester);
    const name = "conversation.item.input_audio_transcription.failed";
    const failed = await tester.until(() => tester.of(name)[0], name);
    expect(failed).toMatchObject({
      content_index: 0,
      error: { type: "transcription_error", message: expect.any(String) },
    });
    expect(standin.realtime.sessions()[0]?.transcripts).toMatchObject([{ isFailed: true }]);
    await turn(tester);
  });
});
