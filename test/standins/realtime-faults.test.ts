import { afterEach, describe, expect, it } from "vitest";
import { ManualClock } from "./clock.ts";
import {
  type OpenAiStandin,
  type OpenAiStandinOptions,
  type RealtimeOptions,
  type SessionRecord,
  startOpenAiStandin,
} from "./openai.ts";
import { KEY } from "./openai-asking.ts";
import { openSession, RealtimeTester } from "./realtime-asking.ts";
import { toneSpeaker } from "./speech.ts";

const QUICK: RealtimeOptions = { ttfbMs: 0, pace: 0, transcriptionMs: 0, speaker: toneSpeaker };
const OTHER = "sk-other-0123456789";

const standins: OpenAiStandin[] = [];
const start = async (realtime = QUICK, options: OpenAiStandinOptions = {}): Promise<OpenAiStandin> => {
  const standin = await startOpenAiStandin({ tokensPerSecond: 0, realtime, ...options });
  standins.push(standin);
  return standin;
};
afterEach(() => Promise.all(standins.splice(0).map((standin) => standin.close())));

const deltas = (tester: RealtimeTester): number => tester.of("response.output_audio.delta").length;

describe("faults of the handshake", () => {
  it("STANDIN-35 the upgrade is held back for as long as was ordered, and nobody is told before", async () => {
    const clock = new ManualClock();
    const standin = await start({ ...QUICK, acceptDelayMs: 200 }, { clock });
    standin.realtime.fault({ kind: "accept-delay", ms: 500, key: OTHER });
    const usual = new RealtimeTester(standin);
    const late = new RealtimeTester(standin, { key: OTHER });
    await standin.realtime.until((sessions) => sessions[1], "both handshakes");
    await clock.advanceAsync(199);
    expect(standin.realtime.sessions().map(({ acceptedAtMs }) => acceptedAtMs)).toEqual([null, null]);
    await clock.advanceAsync(1);
    await usual.next("session.created");
    await clock.advanceAsync(300);
    await late.next("session.created");
    expect(standin.realtime.sessions().map(({ acceptedAtMs }) => acceptedAtMs)).toEqual([200, 500]);
  });

  it("STANDIN-35 a refused region is a 403 on the handshake", async () => {
    const standin = await start();
    standin.realtime.fault({ kind: "status", status: 403 });
    const tester = new RealtimeTester(standin);
    const status = await new Promise((resolve) =>
      tester.socket.on("unexpected-response", (_request, response) => resolve(response.statusCode)),
    );
    expect(status).toBe(403);
    expect(standin.journal()).toMatchObject([{ status: 403, faults: ["status"] }]);
  });

  it("STANDIN-35 a handshake without an answer ends with the client", async () => {
    const standin = await start();
    standin.realtime.fault({ kind: "hang" });
    const tester = new RealtimeTester(standin);
    await standin.realtime.until(([session]) => session, "the handshake");
    tester.socket.terminate();
    await standin.settled();
    expect(standin.realtime.sessions()).toMatchObject([
      { acceptedAtMs: null, closedAtMs: expect.any(Number), closed: null },
    ]);
  });

  it("STANDIN-35 another path takes no upgrade", async () => {
    const standin = await start();
    const tester = new RealtimeTester(standin, { query: "/elsewhere" });
    const status = await new Promise((resolve) =>
      tester.socket.on("unexpected-response", (_request, response) => resolve(response.statusCode)),
    );
    expect(status).toBe(404);
  });
});

describe("faults of a session", () => {
  it.each([
    [true, ["session.created"]],
    [false, []],
  ])(
    "STANDIN-36 a mute one says nothing more, with session.created %j, and stays open",
    async (sendsCreated, types) => {
      const clock = new ManualClock();
      const standin = await start(QUICK, { clock });
      standin.realtime.fault({ kind: "mute", sendsCreated });
      const tester = new RealtimeTester(standin);
      await standin.realtime.until(
        ([session]) => (session?.acceptedAtMs === null ? undefined : session),
        "the session",
      );
      await tester.until(() => tester.socket.readyState === 1 || undefined, "the upgrade");
      tester.send("session.update", { session: { type: "realtime" } });
      tester.send("nonsense");
      await standin.realtime.until(([session]) => session?.refused[0], "the second event");
      await clock.advanceAsync(20_000);
      await tester.until(() => (tester.pings > 0 ? true : undefined), "a ping");
      expect(tester.types()).toEqual(types);
      expect(tester.closed).toBeUndefined();
    },
  );

  it("STANDIN-36 one may be refused with any error for a good key", async () => {
    const standin = await start();
    standin.realtime.fault({
      kind: "refused",
      code: "insufficient_quota",
      type: "insufficient_quota",
      closeCode: 1013,
    });
    const tester = new RealtimeTester(standin);
    expect(await tester.end()).toEqual({ code: 1013, reason: "insufficient_quota.insufficient_quota" });
    await openSession(standin);
  });

  it("STANDIN-36 one may be short", async () => {
    const clock = new ManualClock();
    const standin = await start(QUICK, { clock });
    standin.realtime.fault({ kind: "session-max", ms: 1_000 });
    const tester = await openSession(standin);
    await clock.advanceAsync(1_000);
    expect(await tester.end()).toMatchObject({ code: 1001 });
  });

  it("STANDIN-36 sessions of a key can be expired, reset and closed while they run", async () => {
    const standin = await start();
    const ends: [act: () => void, closed: Partial<SessionRecord>["closed"], code: number][] = [
      [
        () => standin.realtime.expire(KEY),
        { by: "server", code: 1001, reason: "invalid_request_error.session_expired" },
        1001,
      ],
      [() => standin.realtime.disconnect(1012, "restart", KEY), { by: "server", code: 1012, reason: "restart" }, 1012],
      [() => standin.realtime.reset(KEY), { by: "network", code: 1006, reason: "" }, 1006],
    ];
    const bystander = await openSession(standin, {}, { key: OTHER });
    for (const [act, closed, code] of ends) {
      standin.clearJournal();
      const tester = await openSession(standin);
      act();
      expect((await tester.end()).code).toBe(code);
      await standin.realtime.until(
        (sessions) => sessions.find(({ key, closedAtMs }) => key === KEY && closedAtMs),
        "the end",
      );
      expect(standin.realtime.sessions(KEY)).toMatchObject([{ closed }]);
    }
    bystander.send("response.create");
    await bystander.next("response.done");
  });
});

describe("faults of a response", () => {
  const ANSWER = { text: "Twenty characters..." };

  it.each([
    ["reset" as const, 1006],
    ["close" as const, 1011],
    ["session-expired" as const, 1001],
  ])("STANDIN-37 %s strikes in mid-answer", async (kind, code) => {
    const standin = await start();
    standin.realtime.answerWith(ANSWER);
    standin.realtime.fault({ kind, afterDeltas: 4 });
    const tester = await openSession(standin);
    tester.send("response.create");
    expect((await tester.end()).code).toBe(code);
    expect(deltas(tester)).toBe(4);
    expect(tester.types()).not.toContain("response.done");
    await standin.settled();
    expect(standin.realtime.sessions()).toMatchObject([
      { faults: ["answer", kind], responses: [{ status: "in_progress", audioMs: 400, doneAtMs: null }] },
    ]);
  });

  it("STANDIN-37 a stalled answer has no end, but the session goes on", async () => {
    const standin = await start();
    standin.realtime.fault({ kind: "stall", afterDeltas: 2 });
    const tester = await openSession(standin);
    tester.send("response.create");
    await tester.until(() => (deltas(tester) === 2 ? true : undefined), "two deltas");
    tester.send("response.create");
    expect((await tester.next("error")).error).toMatchObject({ code: "conversation_already_has_active_response" });
    expect(deltas(tester)).toBe(2);
  });

  it("STANDIN-37 strange events come between, and the answer is whole all the same", async () => {
    const standin = await start();
    for (const kind of ["malformed-event", "unknown-events", "oversized-event", "deep-event", "error-event"] as const) {
      standin.realtime.fault({ kind });
      standin.realtime.answerWith(ANSWER);
      const tester = await openSession(standin);
      tester.send("response.create");
      const { response } = await tester.next("response.done");
      expect(response, kind).toMatchObject({ status: "completed" });
      expect(deltas(tester), kind).toBe(12);
      const strange = {
        "malformed-event": tester.strange.length,
        "unknown-events": tester.of("session.weather").length,
        "oversized-event": JSON.stringify(tester.of("response.heavy")).length,
        "deep-event": tester.of("response.deep").length,
        "error-event": tester.of("error").length,
      };
      expect(strange[kind], kind).toBeGreaterThanOrEqual(kind === "oversized-event" ? 2 * 1024 * 1024 : 1);
    }
  });

  it("STANDIN-37 a failed response says why and has no bill", async () => {
    const standin = await start();
    standin.realtime.fault({ kind: "failed" });
    const tester = await openSession(standin);
    tester.send("response.create");
    expect((await tester.next("response.done")).response).toMatchObject({
      status: "failed",
      status_details: { type: "failed", error: { type: "insufficient_quota", code: "insufficient_quota" } },
      output: [],
      usage: null,
    });
    standin.realtime.fault({ kind: "failed", afterDeltas: 2, code: "server_error", type: "server_error" });
    tester.send("response.create");
    expect((await tester.next("response.done")).response).toMatchObject({
      status: "failed",
      output: [{ status: "incomplete" }],
      usage: { output_token_details: { audio_tokens: 4 } },
    });
  });

  it("STANDIN-37 a response may be created late, speak late, or end without usage", async () => {
    const clock = new ManualClock();
    const standin = await start(QUICK, { clock });
    standin.realtime.fault({ kind: "created-delay", ms: 700 });
    standin.realtime.fault({ kind: "slow-first-audio", ms: 9_000 });
    standin.realtime.fault({ kind: "no-usage" });
    const tester = await openSession(standin);
    tester.send("response.create");
    tester.send("response.create");
    expect((await tester.next("error")).error).toMatchObject({ code: "conversation_already_has_active_response" });
    expect(tester.types()).not.toContain("response.created");
    await clock.advanceAsync(700);
    await tester.next("response.created");
    await clock.advanceAsync(8_299);
    expect(deltas(tester)).toBe(0);
    await clock.advanceAsync(1);
    const { response } = await tester.next("response.done");
    expect(response).not.toHaveProperty("usage");
  });

  it("STANDIN-37 a tool call may be doubled whoever chose it, and a transcript late", async () => {
    const clock = new ManualClock();
    const standin = await start({ ...QUICK, transcripts: ["What time is it?"] }, { clock });
    standin.realtime.fault({ kind: "duplicate-calls" });
    standin.realtime.fault({ kind: "transcription-delay", ms: 4_000 });
    const tool = { type: "function", name: "current_time", description: "The current time." };
    const tester = await openSession(standin, {
      audio: { input: { transcription: { model: "whisper-1" } } },
      tools: [tool],
    });
    tester.speak(600, 600);
    await tester.next("response.done");
    expect(tester.of("response.function_call_arguments.done")).toHaveLength(2);
    await clock.advanceAsync(3_999);
    expect(tester.types().join()).not.toContain("transcription");
    await clock.advanceAsync(1);
    await tester.next("conversation.item.input_audio_transcription.completed");
  });

  it("STANDIN-37 is for its key and for as many times as ordered", async () => {
    const standin = await start();
    standin.realtime.fault({ kind: "failed", key: OTHER, times: 2 });
    const tester = await openSession(standin);
    const other = await openSession(standin, {}, { key: OTHER });
    const statuses: unknown[] = [];
    for (const one of [tester, other, other, other]) {
      one.send("response.create");
      const { response } = await one.next("response.done");
      statuses.push(Object.entries(response ?? {}).find(([name]) => name === "status")?.[1]);
    }
    expect(statuses).toEqual(["completed", "failed", "failed", "completed"]);
    expect(() => standin.realtime.fault({ kind: "reset", afterDeltas: -1 })).toThrow(TypeError);
  });
});

describe("the books", () => {
  it("STANDIN-38 one journal holds requests and sessions, each by its key, and settles with the last socket", async () => {
    const standin = await start();
    await fetch(`${standin.baseUrl}/models`, { headers: { authorization: `Bearer ${KEY}` } });
    const next = standin.nextRequest(OTHER);
    const tester = await openSession(standin, { instructions: "Be kind." }, { key: OTHER });
    expect(await next).toMatchObject({ path: "/v1/realtime", key: OTHER, model: "gpt-realtime-2.1-mini" });
    let isSettled = false;
    const settled = standin.settled().then(() => {
      isSettled = true;
    });
    tester.speak(600, 600);
    await tester.next("response.done");
    expect(isSettled).toBe(false);
    tester.socket.close(1000, "bye");
    await settled;
    expect(standin.journal().map(({ path, status, aborted }) => [path, status, aborted])).toEqual([
      ["/v1/models", 200, false],
      ["/v1/realtime", 101, false],
    ]);
    expect(standin.usageOf(OTHER).outputTokens).toBeGreaterThan(0);
    const [session, ...more] = standin.realtime.sessions(OTHER);
    expect(more).toEqual([]);
    expect(session).toMatchObject({
      key: OTHER,
      closed: { by: "client", code: 1000, reason: "bye" },
      updates: [{ type: "realtime", instructions: "Be kind." }],
      received: { "session.update": 1, "input_audio_buffer.append": 60 },
      audioIn: { bytes: 57_600, ms: 1_200 },
      items: [
        { kind: "user", by: "server", audioMs: 1_100 },
        { kind: "assistant", by: "server" },
      ],
      responses: [{ status: "completed", isOutOfBand: false }],
      refused: [],
    });
    expect(session?.audioOut.ms).toBe(session?.items[1]?.audioMs);
  });

  it("STANDIN-38 a client that vanishes leaves no session behind, whatever it was told", async () => {
    const standin = await start({ ...QUICK, pace: 0.001 });
    const tester = await openSession(standin);
    tester.send("response.create");
    await tester.next("response.output_audio.delta");
    tester.socket.terminate();
    await standin.settled();
    expect(standin.realtime.sessions()).toMatchObject([{ closed: { by: "network" }, closedAtMs: expect.any(Number) }]);
    expect(standin.journal()).toMatchObject([{ aborted: true }]);
  });

  it("STANDIN-38 every piece of sound can be looked at as it arrives", async () => {
    const heard: number[] = [];
    const standin = await start({ ...QUICK, onAudioIn: (_session, audio) => heard.push(audio.length) });
    const tester = await openSession(standin);
    tester.speak(60, 20);
    await standin.realtime.until(([session]) => session?.audioIn.ms === 80 || undefined, "80 ms");
    expect(heard).toEqual([960, 960, 960, 960]);
  });

  it("STANDIN-39 over HTTP: faults by their path, transcripts, acts on sessions, and the sessions themselves", async () => {
    const standin = await start();
    const origin = standin.baseUrl.replace("/v1", "");
    const post = async (path: string, body: object): Promise<number> =>
      (await fetch(`${origin}/standin/${path}`, { method: "POST", body: JSON.stringify(body) })).status;
    expect(await post("faults", { path: "/v1/realtime", kind: "answer", text: "Scripted." })).toBe(201);
    expect(await post("faults", { path: "/v1/realtime", kind: "no-terminal" })).toBe(400);
    expect(await post("transcripts", { text: "Said over HTTP." })).toBe(201);
    expect(await post("transcripts", { words: "no" })).toBe(400);
    expect(await post("realtime", { act: "explode" })).toBe(400);
    const tester = await openSession(standin, { audio: { input: { transcription: { model: "whisper-1" } } } });
    tester.speak(600, 600);
    const { transcript } = await tester.next("conversation.item.input_audio_transcription.completed");
    expect(transcript).toBe("Said over HTTP.");
    await tester.until(() => tester.of("response.done")[0], "the answer");
    expect(tester.of("response.output_audio_transcript.done")).toMatchObject([{ transcript: "Scripted." }]);
    const shown = await (await fetch(`${origin}/standin/realtime?key=${KEY}`)).json();
    expect(shown).toMatchObject([{ key: KEY, closedAtMs: null, faults: ["answer"] }]);
    expect(await post("realtime", { act: "expire", key: OTHER })).toBe(201);
    expect(tester.closed).toBeUndefined();
    expect(await post("realtime", { act: "expire", key: KEY })).toBe(201);
    expect((await tester.end()).code).toBe(1001);
  });

  it("STANDIN-39 closing the stand-in drops every session", async () => {
    const standin = await start();
    const tester = await openSession(standin);
    await standin.close();
    expect(await tester.end()).toMatchObject({ code: 1006 });
  });
});
