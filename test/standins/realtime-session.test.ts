import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { ManualClock } from "./clock.ts";
import { type OpenAiStandin, type OpenAiStandinOptions, type RealtimeOptions, startOpenAiStandin } from "./openai.ts";
import { openSession } from "./realtime-asking.ts";
import { silence, toneSpeaker } from "./speech.ts";

const QUICK: RealtimeOptions = { ttfbMs: 0, pace: 0, transcriptionMs: 0, speaker: toneSpeaker };
const Billed = z.object({ usage: z.unknown() });

const standins: OpenAiStandin[] = [];
const start = async (realtime = QUICK, options: OpenAiStandinOptions = {}): Promise<OpenAiStandin> => {
  const standin = await startOpenAiStandin({ tokensPerSecond: 0, realtime, ...options });
  standins.push(standin);
  return standin;
};
afterEach(() => Promise.all(standins.splice(0).map((standin) => standin.close())));

describe("the bill", () => {
  it("STANDIN-33 counts each kind of token, and what comes again as cached", async () => {
    const standin = await start({ ...QUICK, transcripts: ["Hello."] });
    const instructions = "x".repeat(400);
    const tester = await openSession(standin, { instructions });
    const turns = [];
    for (let count = 0; count < 3; count += 1) {
      standin.realtime.answerWith({ text: "y".repeat(40) });
      // 4,500 ms of speech and 500 ms of silence: 50 tokens.
      tester.speak(4_500, 500);
      turns.push(Billed.parse((await tester.next("response.done")).response));
    }
    // 40 characters: 10 tokens of text and, at 60 ms each, 48 of sound.
    const output = { output_tokens: 58, output_token_details: { text_tokens: 10, audio_tokens: 48 } };
    const input = (text: number, audio: number, cachedText: number, cachedAudio: number): object => ({
      total_tokens: text + audio + 58,
      input_tokens: text + audio,
      input_token_details: {
        text_tokens: text,
        audio_tokens: audio,
        image_tokens: 0,
        cached_tokens: cachedText + cachedAudio,
        cached_tokens_details: { text_tokens: cachedText, audio_tokens: cachedAudio, image_tokens: 0 },
      },
      ...output,
    });
    expect(turns.map(({ usage }) => usage)).toEqual([
      input(100, 50, 0, 0),
      input(100, 148, 64, 0),
      input(100, 246, 64, 128),
    ]);
    tester.socket.close(1000);
    await standin.settled();
    expect(standin.usageOf(tester.key)).toEqual({
      requests: 1,
      inputTokens: 744,
      cachedTokens: 256,
      outputTokens: 174,
      reasoningTokens: 0,
    });
  });
});

describe("silence and age", () => {
  it("STANDIN-34 after idle_timeout_ms of silence behind the played answer, the agent asks", async () => {
    const clock = new ManualClock();
    const standin = await start({ ...QUICK, pace: 0 }, { clock });
    const turn_detection = { type: "server_vad", idle_timeout_ms: 5_000 };
    const tester = await openSession(standin, { audio: { input: { turn_detection } } });
    standin.realtime.answerWith({ text: "x".repeat(50) });
    tester.send("response.create");
    await clock.advanceAsync(0);
    await tester.next("response.done");
    tester.append(silence(8_000)["pcm16-24k"], "pcm16-24k");
    await standin.realtime.until(([session]) => session?.audioIn.ms === 8_000 || undefined, "the silence");
    await clock.advanceAsync(3_000 + 4_999);
    expect(tester.types()).not.toContain("input_audio_buffer.timeout_triggered");
    await clock.advanceAsync(1);
    const { item_id, audio_start_ms, audio_end_ms } = await tester.next("input_audio_buffer.timeout_triggered");
    expect([audio_start_ms, audio_end_ms]).toEqual([3_000, 8_000]);
    expect(await tester.next("input_audio_buffer.committed")).toMatchObject({ item_id });
    await tester.next("response.done");
    expect(tester.of("response.output_audio_transcript.done").at(-1)?.transcript).toBe("Are you still there?");
  });

  it("STANDIN-34 pings every 20 s, and ends a session of an hour with session_expired and 1001", async () => {
    const clock = new ManualClock(Date.parse("2026-11-22T00:00:00Z"));
    const standin = await start(QUICK, { clock });
    const tester = await openSession(standin);
    const expires_at = Date.parse("2026-11-22T01:00:00Z") / 1_000;
    expect(tester.events[0]?.session).toMatchObject({ expires_at });
    await clock.advanceAsync(60_000);
    await tester.until(() => (tester.pings === 3 ? true : undefined), "three pings");
    await clock.advanceAsync(3_539_999);
    expect(tester.closed).toBeUndefined();
    await clock.advanceAsync(1);
    expect(await tester.end()).toEqual({ code: 1001, reason: "invalid_request_error.session_expired" });
    expect(tester.events.at(-1)).toMatchObject({ type: "error", error: { code: "session_expired" } });
    await standin.settled();
    expect(clock.dueMs).toEqual([]);
  });
});
