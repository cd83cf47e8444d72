import { afterEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../src/limits.ts";
import { ManualClock } from "../standins/clock.ts";
import type { RealtimeFaultOrder } from "../standins/realtime.ts";
import { Caller, ScriptedSocket, Standins, scripted } from "./realtime-caller.ts";

const standins = new Standins();
afterEach(() => standins.close());

const LONG = "This sentence is long enough for trouble in its middle.";

describe("a session that is refused", () => {
  it.each([
    ["sk-rejected-0123456789", "gpt-realtime-2.1-mini", "key_rejected"],
    ["sk-restricted-0123456789", "gpt-realtime-2.1-mini", "key_restricted"],
    ["sk-nocredit-0123456789", "gpt-realtime-2.1-mini", "no_credit"],
    ["sk-fine-0123456789", "gpt-realtime-9", "model_not_available"],
    ["sk-fine-0123456789", "gpt-6-luna", "upstream_bad_request"],
  ])("VOICE-120 after an upgrade that succeeded is told by its code: %s with %s is %s", async (key, model, reason) => {
    const standin = await standins.start();
    const caller = new Caller(standin, {}, { key, model });
    caller.do({ type: "say", text: "Nobody hears this." });
    expect(await caller.next("lost")).toMatchObject({ reason, mayReconnect: false });
    await standin.settled();
    expect(caller.order).toEqual(["lost"]);
    expect(standin.realtime.sessions()).toHaveLength(1);
  });

  it("VOICE-120 for its settings is not tried again", async () => {
    const standin = await standins.start();
    const caller = new Caller(standin, { voice: "onyx" });
    expect(await caller.next("lost")).toMatchObject({ reason: "upstream_bad_request", mayReconnect: false });
    await standin.settled();
  });

  it("VOICE-120 with a server's own trouble may be tried again", async () => {
    const standin = await standins.start();
    standin.realtime.fault({ kind: "refused", closeCode: 1011 });
    const caller = new Caller(standin);
    expect(await caller.next("lost")).toEqual({
      type: "lost",
      reason: "upstream_lost",
      mayReconnect: true,
      upstreamCode: 1011,
    });
  });

  it("VOICE-121 a handshake that is refused is reported as the dial tells it, with its status", async () => {
    const standin = await standins.start();
    const dial = () => Promise.resolve({ reason: "region_unsupported", mayReconnect: false, status: 403 } as const);
    const caller = new Caller(standin, {}, { dial });
    expect(await caller.next("lost")).toEqual({
      type: "lost",
      reason: "region_unsupported",
      mayReconnect: false,
      upstreamCode: 403,
    });
    const broken = new Caller(standin, {}, { dial: () => Promise.reject(new Error("sk-CANARY")) });
    expect(await broken.next("lost")).toMatchObject({ reason: "upstream_unavailable", mayReconnect: true });
  });
});

describe("a session that is lost", () => {
  it.each<[RealtimeFaultOrder, string, boolean, number]>([
    [{ kind: "reset" }, "upstream_lost", true, 1006],
    [{ kind: "session-expired" }, "upstream_lost", true, 0],
    [{ kind: "close", code: 1012 }, "upstream_lost", true, 1012],
    [{ kind: "close", code: 1013 }, "no_credit", false, 1013],
    [{ kind: "close", code: 3000 }, "key_rejected", false, 3000],
    [{ kind: "close", code: 4004 }, "model_not_available", false, 4004],
  ])(
    "VOICE-122 in mid-answer is reported once, and whether another may work: %j",
    async (fault, reason, again, code) => {
      const standin = await standins.start({ pace: 4 });
      standin.realtime.fault(fault);
      const caller = new Caller(standin);
      caller.do({ type: "say", text: LONG });
      expect(await caller.next("lost")).toEqual({ type: "lost", reason, mayReconnect: again, upstreamCode: code });
      const reported = caller.order.length;
      caller.do({ type: "say", text: "Nobody hears this." });
      await standin.settled();
      expect(caller.order).toHaveLength(reported);
      expect(caller.of("lost")).toHaveLength(1);
      expect(caller.of("response-end")).toEqual([]);
    },
  );

  it("VOICE-123 no credit in the middle of a call ends the response with its reason, and not the session", async () => {
    const standin = await standins.start();
    standin.realtime.fault({ kind: "failed", afterDeltas: 2 });
    const caller = new Caller(standin);
    caller.do({ type: "say", text: LONG });
    expect(await caller.next("response-end")).toMatchObject({ outcome: "failed", reason: "no_credit" });
    standin.realtime.fault({ kind: "failed", code: "server_error", type: "server_error" });
    caller.do({ type: "say", text: LONG });
    expect(await caller.next("response-end", 2)).toMatchObject({
      outcome: "failed",
      reason: "upstream_unavailable",
      usage: null,
    });
    caller.do({ type: "say", text: "Better." });
    expect(await caller.next("response-end", 3)).toMatchObject({ outcome: "complete" });
    caller.voice.close();
  });

  it("VOICE-124 a handshake without an answer is given up in time, and leaves no socket", async () => {
    for (const kind of ["hang", "mute"] as const) {
      const clock = new ManualClock();
      const standin = await standins.start();
      standin.realtime.fault({ kind });
      const caller = new Caller(standin, {}, { clock });
      await standin.realtime.until(([session]) => session, "the handshake");
      if (kind === "mute")
        await standin.realtime.until(([session]) => session?.received["session.update"], "the update");
      clock.advance(LIMITS.voiceConnectMs - 1);
      expect(caller.order).toEqual([]);
      clock.advance(1);
      expect(caller.events).toEqual([
        { type: "lost", reason: "upstream_timeout", mayReconnect: true, upstreamCode: 0 },
      ]);
      await standin.settled();
    }
  });

  it("VOICE-125 a response that is due and does not begin ends the session in time", async () => {
    const clock = new ManualClock();
    const standin = await standins.start();
    standin.realtime.fault({ kind: "created-delay", ms: 60_000, times: "always" });
    const asked = new Caller(standin, {}, { clock });
    await asked.next("ready");
    asked.do({ type: "say", text: "Hello." });
    const spoken = new Caller(standin, {}, { clock });
    await spoken.speak(600);
    await spoken.next("caller-turn");
    clock.advance(LIMITS.firstTokenMs - 1);
    expect([...asked.of("lost"), ...spoken.of("lost")]).toEqual([]);
    clock.advance(1);
    for (const caller of [asked, spoken]) {
      expect(caller.of("lost")).toMatchObject([{ reason: "upstream_timeout", mayReconnect: true }]);
    }
    await standin.settled();
  });

  it("VOICE-125 a response that stalls ends the session in time, whatever else goes on", async () => {
    const clock = new ManualClock();
    const standin = await standins.start();
    standin.realtime.fault({ kind: "stall", afterDeltas: 2 });
    const caller = new Caller(standin, { pushToTalk: true }, { clock });
    caller.do({ type: "say", text: LONG });
    await caller.until(() => caller.sounds[1], "the second piece");
    clock.advance(LIMITS.upstreamPauseMs - 1);
    // An item that is confirmed is no sign of the response.
    caller.do({ type: "caller-text", text: "Still there?" });
    await standin.realtime.until(([session]) => session?.items[1], "the item");
    expect(caller.of("lost")).toEqual([]);
    clock.advance(1);
    expect(caller.of("lost")).toMatchObject([{ reason: "upstream_timeout", mayReconnect: true }]);
    await standin.settled();
  });

  it("VOICE-125 an answer may take long as long as it goes on, and between answers nothing is due", async () => {
    const clock = new ManualClock();
    const [caller, socket] = await scripted(clock);
    clock.advance(LIMITS.callMaxMs);
    caller.do({ type: "say", text: LONG });
    clock.advance(LIMITS.firstTokenMs - 1);
    socket.tell("response.created", { response: { id: "resp_1", metadata: { ask: "ask_1" } } });
    for (const type of ["response.output_audio.delta", "response.function_call_arguments.delta"]) {
      clock.advance(LIMITS.upstreamPauseMs - 1);
      socket.tell(type, { response_id: "resp_1", item_id: "item_1", delta: "AAAA" });
    }
    clock.advance(LIMITS.upstreamPauseMs - 1);
    socket.tell("response.done", { response: { id: "resp_1", status: "completed" } });
    clock.advance(LIMITS.callMaxMs);
    expect(caller.order).toEqual(["ready", "response-start", "sound-start", "sound", "response-end"]);
    caller.do({ type: "say", text: LONG });
    clock.advance(LIMITS.firstTokenMs);
    expect(caller.of("lost")).toMatchObject([{ reason: "upstream_timeout" }]);
    expect(socket.isClosed).toBe(true);
  });

  it("VOICE-126 a session that is closed while it is dialled leaves no socket, however far it is", async () => {
    const standin = await standins.start({ acceptDelayMs: 50 });
    const early = new Caller(standin);
    early.voice.close();
    const late = new Caller(standin);
    await standin.realtime.until((sessions) => sessions.at(-1)?.acceptedAtMs ?? undefined, "the upgrade");
    late.voice.close();
    await standin.settled();
    expect([...early.order, ...late.order]).toEqual([]);
  });
});

describe("the end of a session", () => {
  it("VOICE-126 gives up a dial that is under way, and closes a socket that is there, never both", async () => {
    for (const isOpen of [false, true]) {
      const signals: AbortSignal[] = [];
      const socket = new ScriptedSocket();
      const dial = (signal: AbortSignal): Promise<ScriptedSocket> => {
        signals.push(signal);
        return isOpen ? Promise.resolve(socket) : new Promise(() => {});
      };
      const caller = new Caller(undefined, {}, { dial });
      await new Promise(setImmediate);
      caller.voice.close();
      // workerd cuts a connection whose fetch is aborted after the upgrade: the close would not be sent.
      expect([signals[0]?.aborted, socket.isClosed]).toEqual([!isOpen, isOpen]);
    }
  });
});

describe("strange events", () => {
  it.each<[RealtimeFaultOrder, Partial<Caller["voice"]["counts"]>]>([
    [{ kind: "malformed-event" }, { unreadableEvents: 1 }],
    [{ kind: "unknown-events" }, { unknownEvents: 2 }],
    [{ kind: "oversized-event" }, { unknownEvents: 1 }],
    [{ kind: "oversized-event", bytes: LIMITS.upstreamEventCharacters + 1 }, { unreadableEvents: 1 }],
    [{ kind: "deep-event", depth: 200_000 }, { unreadableEvents: 1 }],
    [{ kind: "error-event" }, { errors: 1 }],
  ])("VOICE-127 are counted, and the answer around them is whole: %j", async (fault, counts) => {
    const standin = await standins.start();
    standin.realtime.fault(fault);
    const caller = new Caller(standin);
    caller.do({ type: "say", text: "Twenty characters..." });
    expect(await caller.next("response-end")).toMatchObject({ outcome: "complete" });
    expect(caller.soundMs()).toBe(1_200);
    expect(caller.of("agent-text")).toMatchObject([{ text: "Twenty characters..." }]);
    const none = { unknownEvents: 0, unreadableEvents: 0, errors: 0, droppedSounds: 0 };
    expect(caller.voice.counts).toEqual({ ...none, ...counts });
    caller.voice.close();
  });

  it("VOICE-128 a response that OpenAI refuses to make has an end too, with its reason", async () => {
    const [caller, socket] = await scripted();
    caller.do({ type: "say", text: "Hello." }, { type: "say", text: "Again." });
    const error = { type: "requests", code: "rate_limit_exceeded", message: "sk-CANARY", event_id: "ask_1" };
    socket.tell("error", { error });
    expect(caller.events.slice(1)).toEqual([
      { type: "response-start", responseId: "ask_1" },
      { type: "response-end", responseId: "ask_1", outcome: "failed", reason: "upstream_rate_limited", usage: null },
    ]);
    expect(socket.events).toMatchObject([
      { type: "response.create", event_id: "ask_1" },
      { type: "response.create", event_id: "ask_2" },
    ]);
  });

  it("VOICE-128 a response whose beginning could not be read still has both its ends", async () => {
    const [caller, socket] = await scripted();
    caller.do({ type: "say", text: "Hello." });
    socket.tell("response.created", { response: { id: 7 } });
    socket.tell("response.done", { response: { id: "resp_1", status: "completed", metadata: { ask: "ask_1" } } });
    socket.tell("response.done", { response: { id: "resp_1", status: "completed", metadata: { ask: "ask_1" } } });
    expect(caller.order).toEqual(["ready", "response-start", "response-end"]);
  });

  it("VOICE-129 a socket that takes nothing is sent no more sound, and what is left out is counted", async () => {
    const [caller, socket] = await scripted();
    caller.voice.append("AAAA");
    socket.bufferedAmount = LIMITS.sendQueueCloseBytes + 1;
    caller.voice.append("BBBB");
    socket.bufferedAmount = 0;
    caller.voice.append("CCCC");
    expect(socket.sent.slice(1)).toEqual([
      '{"type":"input_audio_buffer.append","audio":"AAAA"}',
      '{"type":"input_audio_buffer.append","audio":"CCCC"}',
    ]);
    expect(caller.voice.counts.droppedSounds).toBe(1);
  });

  it("VOICE-130 a piece of sound in an unusual form costs one parse, and one of the caller's neither parse nor stringify", async () => {
    const [caller, socket] = await scripted();
    caller.do({ type: "say", text: "Hello." });
    socket.tell("response.created", { response: { id: "resp_1", metadata: { ask: "ask_1" } } });
    const delta = { response_id: "resp_1", item_id: "item_1", delta: "AAAA" };
    const text = JSON.stringify({ type: "response.output_audio.delta", ...delta });
    const parse = vi.spyOn(JSON, "parse");
    const stringify = vi.spyOn(JSON, "stringify");
    try {
      for (let piece = 0; piece < 50; piece += 1) socket.receive(text);
      expect(parse).toHaveBeenCalledTimes(50);
      for (let piece = 0; piece < 50; piece += 1) caller.voice.append("AAAA");
      expect(parse).toHaveBeenCalledTimes(50);
      expect(stringify).not.toHaveBeenCalled();
    } finally {
      vi.restoreAllMocks();
    }
    expect(caller.sounds).toHaveLength(50);
  });

  it("VOICE-131 who is told of the first sound may stop it there and then", async () => {
    for (const stop of ["cancel", "close"] as const) {
      const [caller, socket] = await scripted();
      caller.do({ type: "say", text: "Hello." });
      caller.react = ({ type }) => {
        if (type !== "sound-start") return;
        if (stop === "close") caller.voice.close();
        else caller.do({ type: "cancel" });
      };
      socket.tell("response.created", { response: { id: "resp_1", metadata: { ask: "ask_1" } } });
      socket.tell("response.output_audio.delta", { response_id: "resp_1", item_id: "item_1", delta: "AAAA" });
      expect(caller.order).toEqual(["ready", "response-start", "sound-start"]);
      expect(socket.isClosed).toBe(stop === "close");
    }
  });
});
