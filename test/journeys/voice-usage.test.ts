import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addUsage, NO_USAGE, type Usage } from "../../src/protocol/call-record.ts";
import { systemClock } from "../standins/clock.ts";
import { transcriptionUsage } from "../standins/realtime-usage.ts";
import { Room } from "./room.ts";
import { speech, VoiceCaller } from "./voice-caller.ts";
import {
  prepareCall,
  type RealtimeSession,
  recordOf,
  scriptWords,
  sessionsOf,
  studentOf,
  voiceFault,
} from "./voice-looks.ts";

/** Transcripts are billed by tokens or by time, as their model is priced. */
const MODELS = ["gpt-4o-mini-transcribe", "gpt-transcribe"] as const;
const GREETING = "Hello, this is Juno.";
const TOOL = { type: "function", function: { name: "order" }, mock: { reply: { ok: true } } };

let rooms: Readonly<Record<(typeof MODELS)[number], Room>>;
let words: Int16Array;
beforeAll(async () => {
  words = await speech("Good day.");
  const [first, second] = await Promise.all(MODELS.map((model) => Room.open({ TRANSCRIBE_MODEL: model })));
  if (!first || !second) throw new Error("no rooms");
  rooms = { "gpt-4o-mini-transcribe": first, "gpt-transcribe": second };
});
afterAll(() => Promise.all(Object.values(rooms).map((room) => room.close())));

/** What OpenAI will put on the bill for a session, by its own count. */
function billOf({ responses, transcripts, items }: RealtimeSession): Usage {
  const bills = responses.flatMap(({ usage }): Usage[] =>
    usage === null
      ? []
      : [
          {
            ...NO_USAGE,
            responses: 1,
            inputTokens: usage.input_tokens,
            inputAudioTokens: usage.input_token_details.audio_tokens,
            cachedInputTokens: usage.input_token_details.cached_tokens,
            cachedInputAudioTokens: usage.input_token_details.cached_tokens_details.audio_tokens,
            outputTokens: usage.output_tokens,
            outputAudioTokens: usage.output_token_details.audio_tokens,
          },
        ],
  );
  const written = transcripts.map(({ itemId, model, text }): Usage => {
    const bill = transcriptionUsage(model, items.find((item) => item.itemId === itemId)?.audioMs ?? Number.NaN, text);
    return bill.type === "duration"
      ? { ...NO_USAGE, transcriptions: 1, transcriptionMs: bill.seconds * 1_000 }
      : {
          ...NO_USAGE,
          transcriptions: 1,
          transcriptionInputTokens: bill.input_tokens,
          transcriptionInputAudioTokens: bill.input_token_details.audio_tokens,
          transcriptionOutputTokens: bill.output_tokens,
        };
  });
  return [...bills, ...written].reduce(addUsage, NO_USAGE);
}

const sumOf = (usages: readonly (Usage | null)[]): Usage =>
  usages.reduce<Usage>((sum, usage) => (usage ? addUsage(sum, usage) : sum), NO_USAGE);

describe.concurrent("what a call with sound has used", () => {
  it.each(MODELS)("VJOURNEY-30 is to the token what OpenAI counted, with transcripts of %s", async (model) => {
    const room = rooms[model];
    const student = await studentOf(room, "used", "sk-test-usage-0123456789", { ivrGreeting: GREETING, tools: [TOOL] });
    const { key } = student;
    const caller = new VoiceCaller(await prepareCall(room, student));
    const hasSaid = (text: string) => caller.until(() => caller.answers.includes(text), `the answer: ${text}`);
    await hasSaid(GREETING);
    const speak = async (text: string): Promise<void> => {
      await scriptWords(room, key, text);
      caller.say(words);
    };
    // By voice, in writing, with a tool, and over the agent: in mid-answer, and when all of it is made but not yet heard.
    await speak("What is two plus three?");
    await hasSaid("2 plus 3 is 5.");
    caller.send({ type: "text", text: "What is 20 plus 3?" });
    await hasSaid("20 plus 3 is 23.");
    await voiceFault(room, { kind: "answer", key, text: "Let me see.", toolCalls: [{ name: "order" }] });
    await voiceFault(room, { kind: "answer", key, text: "It is ordered." });
    await speak("Order it.");
    await hasSaid("It is ordered.");
    caller.send({ type: "text", text: "Count to 20, please." });
    await caller.until(() => caller.of("caption").some(({ delta }) => delta.includes("four")), "the number four");
    await speak("What is seven plus one?");
    await hasSaid("7 plus 1 is 8.");
    await speak("What is seven plus two?");
    await hasSaid("7 plus 2 is 9.");
    await caller.hangUp();

    const { call, turns } = await recordOf(room, student, caller.callId);
    const [session, ...others] = await sessionsOf(room, key);
    if (!session) throw new Error("no session");
    expect(others).toEqual([]);
    const bill = billOf(session);
    expect(call.usage).toEqual(bill);
    expect(sumOf(turns.map(({ usage }) => usage))).toEqual(bill);
    expect(caller.of("meter").at(-1)?.usage).toEqual(bill);
    // Every kind of token was there to be counted, and what cannot be is none.
    const { cacheWriteTokens, reasoningTokens, estimated, ...counted } = bill;
    expect([cacheWriteTokens, reasoningTokens, estimated]).toEqual([0, 0, false]);
    const isByTime = model === "gpt-transcribe";
    const { transcriptionMs, transcriptionInputTokens, transcriptionInputAudioTokens, ...written } = counted;
    const { transcriptionOutputTokens, ...always } = written;
    expect(Object.values(always).every((count) => count > 0)).toBe(true);
    const byTokens = [transcriptionInputTokens, transcriptionInputAudioTokens, transcriptionOutputTokens];
    expect([transcriptionMs, ...byTokens].map((count) => count > 0)).toEqual([
      isByTime,
      !isByTime,
      !isByTime,
      !isByTime,
    ]);
    expect(bill.responses).toBe(8);
    expect(session.responses.filter(({ status }) => status === "cancelled")).toHaveLength(1);
  });
});

describe.concurrent("the bill of an answer that was not finished", () => {
  it("VJOURNEY-31 is estimated and marked when its session was lost, beside those that OpenAI counted", async () => {
    const room = rooms["gpt-transcribe"];
    const student = await studentOf(room, "cut", "sk-test-usage-cut-0123456789");
    const { key } = student;
    const caller = new VoiceCaller(await prepareCall(room, student));
    await caller.begun();
    await voiceFault(room, { kind: "reset", key, afterDeltas: 6 });
    caller.send({ type: "text", text: "Count to 20, please." });
    await caller.until(() => caller.answers.length >= 2, "an answer in the new session");
    await caller.hangUp();
    const { call, turns } = await recordOf(room, student, caller.callId);
    const sessions = await sessionsOf(room, key);
    const estimated = turns.flatMap(({ usage }) => (usage?.estimated ? [usage] : []));
    const exact = turns.flatMap(({ usage }) => (usage && !usage.estimated ? [usage] : []));
    expect(estimated).toHaveLength(1);
    expect(sumOf(exact)).toEqual(sumOf(sessions.map(billOf)));
    expect(call.usage).toEqual(sumOf([...estimated, ...exact]));
    expect(call.usage.estimated).toBe(true);
    // Six deltas of 100 ms, a token for 50 ms of them, and half a second that may have been on its way.
    expect(estimated[0]?.outputAudioTokens).toBeGreaterThanOrEqual(20);
    expect(estimated[0]?.outputAudioTokens).toBeLessThanOrEqual(22);
  });

  it("VJOURNEY-32 is waited for when the caller hangs up in mid-answer, but not for longer than a second", async () => {
    const room = rooms["gpt-4o-mini-transcribe"];
    const student = await studentOf(room, "hung_up", "sk-test-usage-hung-up-0123456789");
    const caller = new VoiceCaller(await prepareCall(room, student));
    await caller.begun();
    caller.send({ type: "text", text: "Count to 20, please." });
    await caller.until(() => caller.of("caption").some(({ delta }) => delta.includes("four")), "the number four");
    await caller.hangUp();
    const hungUpAtMs = systemClock.now();
    const { call, turns } = await recordOf(room, student, caller.callId);
    const [session] = await sessionsOf(room, student.key);
    if (!session) throw new Error("no session");
    expect(session.responses.map(({ status }) => status)).toEqual(["cancelled"]);
    expect(call.usage).toEqual(billOf(session));
    expect(call.usage).toMatchObject({ responses: 1, estimated: false });
    expect(turns.at(-1)?.usage).toEqual(call.usage);
    expect((session.closedAtMs ?? Number.NaN) - hungUpAtMs).toBeLessThan(2_000);
  });
});
