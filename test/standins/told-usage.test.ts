import { afterEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { ManualClock } from "./clock.ts";
import { type OpenAiStandin, type OpenAiStandinOptions, startOpenAiStandin } from "./openai.ts";
import { eventsOf, parsed, post } from "./openai-asking.ts";
import { openSession } from "./realtime-asking.ts";
import { toneSpeaker } from "./speech.ts";

/** Bills that cannot be, and bills that come too often or too late; the journal keeps what was really used. */

const QUICK = { ttfbMs: 0, pace: 0, transcriptionMs: 0, speaker: toneSpeaker };
const REQUEST = { model: "gpt-6-luna", reasoning: { effort: "none" }, store: false, input: "hi", stream: true };
const ODD = { input_tokens: -5, output_tokens: "many" };
const Terminal = z.object({ response: z.object({ id: z.string(), usage: z.unknown().optional() }) });

const standins: OpenAiStandin[] = [];
const start = async (options: OpenAiStandinOptions = {}): Promise<OpenAiStandin> => {
  const standin = await startOpenAiStandin({ ttftMs: 0, tokensPerSecond: 0, realtime: QUICK, ...options });
  standins.push(standin);
  return standin;
};
afterEach(() => Promise.all(standins.splice(0).map((standin) => standin.close())));

describe("what is told of usage", () => {
  it("STANDIN-9 is anything or nothing or told twice when ordered, and the journal has what was used", async () => {
    const standin = await start();
    const ends = async () =>
      (await eventsOf(await post(standin, "/responses", REQUEST)))
        .filter(({ event }) => event === "response.completed")
        .map(({ data }) => Terminal.parse(parsed(data)).response);
    standin.fault({ kind: "usage", usage: ODD });
    const [odd] = await ends();
    expect(odd?.usage).toEqual(ODD);
    standin.fault({ kind: "usage" });
    const [none] = await ends();
    expect(none).not.toHaveProperty("usage");
    standin.fault({ kind: "told-twice" });
    const [first, second, ...more] = await ends();
    expect([second, more]).toEqual([first, []]);
    const journal = standin.journal();
    expect(journal.map(({ responseId }) => responseId)).toEqual([odd?.id, none?.id, first?.id]);
    for (const { usage } of journal) expect(usage?.outputTokens).toBeGreaterThan(0);
  });

  it("STANDIN-37 is anything, told twice or late when ordered, of answers and of transcripts, and the journal has what was used", async () => {
    const clock = new ManualClock();
    const standin = await start({ clock });
    const tester = await openSession(standin, { audio: { input: { transcription: { model: "whisper-1" } } } });
    const { realtime } = standin;
    realtime.fault({ kind: "usage", usage: ODD });
    realtime.fault({ kind: "told-twice" });
    realtime.fault({ kind: "done-delay", ms: 900 });
    realtime.fault({ kind: "transcription-usage", usage: ODD });
    realtime.fault({ kind: "transcription-twice" });
    tester.speak(600, 600);
    const transcripts = () => tester.of("conversation.item.input_audio_transcription.completed");
    await realtime.until(([session]) => session?.responses[0]?.doneAtMs ?? undefined, "the end of the answer");
    await clock.advanceAsync(1);
    await tester.until(() => transcripts()[1], "both transcripts");
    expect(transcripts().map(({ usage }) => usage)).toEqual([ODD, ODD]);
    await clock.advanceAsync(898);
    expect(tester.types()).not.toContain("response.done");
    await clock.advanceAsync(1);
    await tester.until(() => tester.of("response.done")[1], "both ends");
    const ends = tester.of("response.done").map(({ response }) => Terminal.parse({ response }).response);
    const [session] = realtime.sessions();
    const [answer] = session?.responses ?? [];
    expect(ends).toEqual([
      { id: answer?.responseId, usage: ODD },
      { id: answer?.responseId, usage: ODD },
    ]);
    expect(answer?.usage?.output_tokens).toBeGreaterThan(0);
    expect(session?.transcripts).toHaveLength(1);
  });

  it("STANDIN-38 is written down as far as it had come, of an answer that has no end", async () => {
    const standin = await start();
    standin.realtime.fault({ kind: "reset", afterDeltas: 4 });
    const tester = await openSession(standin);
    tester.send("response.create");
    await tester.end();
    const [session] = standin.realtime.sessions();
    expect(session?.responses).toMatchObject([{ usage: null, used: { output_token_details: { audio_tokens: 8 } } }]);
  });
});
