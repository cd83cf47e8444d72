import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { formParams, verifyTwilioSignature } from "../../src/caller/twilio-signature.ts";
import { connectTwiml, sayTwiml } from "../../src/caller/twiml.ts";
import { connectRelay, placeCall, readRecording, recordingPath, replay } from "./twilio.ts";
import { outboundProblem } from "./twilio-frames.ts";
import { readTwiml } from "./twilio-twiml.ts";

const PUBLIC = "https://voice.example.com";
const AUTH_TOKEN = "test_auth_token";
const CALL = { publicOrigin: PUBLIC, sessionToken: "wst_test", authToken: AUTH_TOKEN };

type Frame = Readonly<Record<string, unknown>>;

/** An application of the size of a test: signed TwiML, one socket, a script. */
interface Application {
  readonly origin: string;
  /** Frames it received, of all sessions. */
  readonly heard: Frame[];
  /** Forms of the action. */
  readonly ended: Readonly<Record<string, string>>[];
  readonly handshakes: IncomingMessage[];
  close(): Promise<void>;
}

interface Script {
  readonly voice?: () => { status?: number; type?: string; xml: string };
  readonly ended?: (form: Readonly<Record<string, string>>) => string;
  readonly onFrame?: (socket: WebSocket, frame: Frame, session: number) => void;
}

const connect = (): string =>
  connectTwiml({
    socketUrl: "wss://voice.example.com/ws/wst_test",
    actionUrl: `${PUBLIC}/twilio/voice/wst_test/ended`,
  });

const running: Application[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((application) => application.close()));
});

async function start(script: Script = {}): Promise<Application> {
  const heard: Frame[] = [];
  const ended: Readonly<Record<string, string>>[] = [];
  const handshakes: IncomingMessage[] = [];
  const isSigned = (request: IncomingMessage, url: string, body?: string): Promise<boolean> =>
    verifyTwilioSignature({
      authToken: AUTH_TOKEN,
      url,
      params: body === undefined ? undefined : formParams(body),
      signature: String(request.headers["x-twilio-signature"]),
    });
  const server = createServer((request, response) => void answer(request, response));
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    if (!(await isSigned(request, `${PUBLIC}${request.url}`, body))) {
      response.writeHead(403).end();
      return;
    }
    const form = Object.fromEntries(new URLSearchParams(body));
    const isEnd = request.url?.endsWith("/ended") === true;
    if (isEnd) ended.push(form);
    const {
      status = 200,
      type = "text/xml",
      xml,
    } = isEnd
      ? { xml: (script.ended ?? (() => sayTwiml("Goodbye.")))(form) }
      : (script.voice ?? (() => ({ xml: connect() })))();
    response.writeHead(status, { "content-type": type }).end(xml);
  };
  const sockets = new WebSocketServer({ noServer: true });
  let session = 0;
  server.on("upgrade", (request, socket, head) => void upgrade(request, socket, head));
  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    handshakes.push(request);
    if (!(await isSigned(request, `wss://voice.example.com${request.url}`))) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const number = ++session;
      webSocket.on("message", (data) => {
        const frame: Frame = JSON.parse(textOf(data));
        heard.push(frame);
        script.onFrame?.(webSocket, frame, number);
      });
    });
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const application: Application = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    ended,
    handshakes,
    close: async () => {
      for (const webSocket of sockets.clients) webSocket.terminate();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  running.push(application);
  return application;
}

/** Frames come as Buffers, since nobody has asked the socket for another form. */
const textOf = (data: RawData): string => (Buffer.isBuffer(data) ? data.toString("utf8") : "");
const send = (socket: WebSocket, frame: object): void => socket.send(JSON.stringify(frame));
/** Greets the first session, and answers each prompt and key with two pieces and a last. */
const echo: Script["onFrame"] = (socket, frame, session) => {
  if (frame.type === "setup" && session === 1) send(socket, { type: "text", token: "Hello.", last: true });
  if (frame.type === "dtmf" || (frame.type === "prompt" && frame.last === true)) {
    send(socket, { type: "text", token: "I heard " });
    send(socket, { type: "text", token: String(frame.voicePrompt ?? frame.digit) });
    send(socket, { type: "text", token: "", last: true });
  }
};

describe("a call", () => {
  it("PHONE-1 signs both requests, sends all thirteen keys of setup, and collects turns", async () => {
    const application = await start({ onFrame: echo });
    const phone = await placeCall({ origin: application.origin, ...CALL });
    expect((await phone.waitForTurn()).text).toBe("Hello.");
    phone.say("good day", { partials: ["good"] });
    expect(await phone.waitForTurn()).toMatchObject({ text: "I heard good day", cut: false });
    phone.press("5");
    expect((await phone.waitForTurn()).text).toBe("I heard 5");
    expect(Object.keys(application.heard[0] ?? {})).toHaveLength(13);
    expect(application.heard[0]).toMatchObject({ callSid: phone.callSid, callStatus: "RINGING", customParameters: {} });
    expect(application.handshakes[0]?.headers).toMatchObject({ "user-agent": "Jetty/11.0.24" });
    expect(application.handshakes[0]?.headers.origin).toBeUndefined();
    expect(phone.violations).toEqual([]);
    expect(phone.frames.map(({ session }) => session)).toEqual(Array(7).fill(1));
  });

  it("PHONE-2 says when the agent's speech starts and ends, as speaker events do", async () => {
    const application = await start({ onFrame: echo });
    const phone = await placeCall({ origin: application.origin, ...CALL });
    await phone.waitForTurn();
    phone.say("yes");
    await phone.waitForTurn();
    await phone.hangUp();
    expect(application.heard.map((frame) => [frame.name ?? frame.type, frame.value])).toEqual([
      ["setup", undefined],
      ["agentSpeaking", "on"],
      ["agentSpeaking", "off"],
      ["clientSpeaking", "on"],
      ["clientSpeaking", "off"],
      ["prompt", undefined],
      ["agentSpeaking", "on"],
      ["agentSpeaking", "off"],
    ]);
  });

  it("PHONE-3 an interruption cuts the turn, and only the answer after it is waited for", async () => {
    const application = await start({
      onFrame: (socket, frame) => {
        if (frame.type === "setup") send(socket, { type: "text", token: "One two three" });
        if (frame.type === "prompt") send(socket, { type: "text", token: "Yes?", last: true });
      },
    });
    const phone = await placeCall({ origin: application.origin, ...CALL, playback: "by-hand" });
    await expect.poll(() => phone.frames.length).toBe(1);
    phone.interrupt("One", 210);
    phone.say("stop");
    expect((await phone.waitForTurn()).text).toBe("Yes?");
    expect(phone.turns.map(({ text, cut }) => ({ text, cut }))).toEqual([
      { text: "One two three", cut: true },
      { text: "Yes?", cut: false },
    ]);
    expect(application.heard).toContainEqual({
      type: "interrupt",
      utteranceUntilInterrupt: "One",
      durationUntilInterruptMs: 210,
    });
  });
});

describe("the end of a session", () => {
  it("PHONE-4 hanging up closes 1000 and posts completed, in either order", async () => {
    for (const actionFirst of [false, true]) {
      const application = await start({ ended: connect });
      const phone = await placeCall({ origin: application.origin, ...CALL });
      await phone.hangUp({ actionFirst });
      await phone.over;
      expect(phone.sessions).toBe(1);
      expect(application.ended).toHaveLength(1);
      expect(application.ended[0]).toMatchObject({ SessionStatus: "completed", CallStatus: "completed" });
      expect(application.ended[0]).not.toHaveProperty("ErrorCode");
      expect(application.ended[0]).not.toHaveProperty("HandoffData");
    }
  });

  it("PHONE-5 an end of ours is posted verbatim, and what is answered is said", async () => {
    const application = await start({
      onFrame: (socket) => send(socket, { type: "end", handoffData: '{"reason":"agent"}' }),
    });
    const phone = await placeCall({ origin: application.origin, ...CALL });
    await phone.over;
    expect(application.ended[0]).toMatchObject({
      SessionStatus: "ended",
      HandoffData: '{"reason":"agent"}',
      CallStatus: "in-progress",
    });
    expect(phone.spoken).toEqual(["Goodbye."]);
  });

  it("PHONE-6 a dropped socket is posted as failed 64105, and the call goes on in a second session", async () => {
    const application = await start({ onFrame: echo, ended: connect });
    const phone = await placeCall({ origin: application.origin, ...CALL });
    await phone.waitForTurn();
    await phone.drop();
    await phone.waitForSession(2);
    expect(application.ended[0]).toMatchObject({ SessionStatus: "failed", ErrorCode: "64105", CallSid: phone.callSid });
    phone.say("are you there");
    expect((await phone.waitForTurn()).text).toBe("I heard are you there");
    const setups = application.heard.filter((frame) => frame.type === "setup");
    expect(setups.map((frame) => frame.callStatus)).toEqual(["RINGING", "IN_PROGRESS"]);
    expect(new Set(setups.map((frame) => frame.sessionId)).size).toBe(2);
  });

  it("PHONE-6 a socket that the application closes is a failed session too", async () => {
    const application = await start({ onFrame: (socket) => socket.close(1012) });
    const phone = await placeCall({ origin: application.origin, ...CALL });
    await phone.over;
    expect(application.ended[0]).toMatchObject({ SessionStatus: "failed", ErrorCode: "64105" });
    expect(phone.spoken).toEqual(["Goodbye."]);
  });
});

describe("what Twilio refuses", () => {
  it("PHONE-7 each invalid frame is answered with 64107, and ten in a row close 1007", async () => {
    const closes: number[] = [];
    const application = await start({
      onFrame: (socket, frame) => {
        if (frame.type !== "setup") return;
        socket.on("close", (code) => closes.push(code));
        for (let count = 0; count < 9; count++) send(socket, { type: "error", error: "x", code: "y" });
        send(socket, { type: "text", token: "fine", last: true });
        for (let count = 0; count < 10; count++) socket.send("{");
      },
    });
    const phone = await placeCall({ origin: application.origin, ...CALL });
    await phone.over;
    expect(phone.violations).toHaveLength(19);
    expect(closes).toEqual([1007]);
    expect(application.heard.filter((frame) => frame.type === "error")).toHaveLength(19);
    expect(phone.errors.filter((code) => code === "64107")).toHaveLength(19);
    expect(application.ended[0]).toMatchObject({ SessionStatus: "failed", ErrorCode: "64105" });
  });

  it("PHONE-8 a forged or unsigned call never reaches a session", async () => {
    const application = await start();
    for (const authToken of ["another", undefined]) {
      const phone = await placeCall({
        origin: application.origin,
        publicOrigin: PUBLIC,
        sessionToken: "wst_test",
        ...(authToken !== undefined && { authToken }),
      });
      await phone.over;
      expect(phone.errors).toEqual(["11200"]);
      expect(phone.sessions).toBe(0);
    }
  });

  it.each([
    ["64102", { xml: connectTwiml({ socketUrl: "wss://elsewhere.example/ws/a", actionUrl: PUBLIC }) }],
    ["64101", { xml: connectTwiml({ socketUrl: "ws://voice.example.com/ws/a", actionUrl: PUBLIC }) }],
    ["64101", { xml: connect().replace("interruptible", "interruptByDtmf") }],
    ["64101", { xml: connect().replace('dtmfDetection="true"', 'dtmfDetection="yes"') }],
    ["64101", { xml: connect().replace(' events="', ' voice="marin" events="') }],
    ["12100", { xml: connect().replace("<Response>", "") }],
    ["12200", { xml: "<Response><Sing/></Response>" }],
    ["12300", { xml: connect(), type: "application/json" }],
    ["11200", { xml: connect(), status: 502 }],
  ])("PHONE-9 TwiML that Twilio cannot use ends the call with %s", async (code, answer) => {
    const application = await start({ voice: () => answer });
    const phone = await placeCall({ origin: application.origin, ...CALL });
    await phone.over;
    expect(phone.errors).toEqual([code]);
    expect(phone.sessions).toBe(0);
  });

  it.each([
    "<Response><Say>a & b</Say></Response>",
    "<Response><Say>a &nbsp; b</Say></Response>",
    "<Response><Say>a ]]> b</Say></Response>",
    "<Response><Say>\u0007</Say></Response>",
    '<Response><Say voice="a" voice="b">c</Say></Response>',
    '<Response><Say voice="<">c</Say></Response>',
    "<Response><Say>a</Response></Say>",
    "<Response></Response><Response></Response>",
    "<Response>",
  ])("PHONE-9 %j is no TwiML", (xml) => {
    expect(() => readTwiml(xml)).toThrow("12100");
  });

  it.each([
    { type: "text" },
    { type: "text", token: null },
    { type: "text", token: "a", last: "true" },
    { type: "text", token: "a", interruptible: "sometimes" },
    { type: "text", token: "a", id: 1 },
    { type: "play", source: "hold.mp3" },
    { type: "sendDigits", digits: "12a" },
    { type: "language" },
    { type: "end", handoffData: { reason: "agent" } },
    { type: "interrupt" },
    {},
  ])("PHONE-10 %j is no message of ConversationRelay", (frame) => {
    expect(outboundProblem(JSON.stringify(frame), false)).toEqual(expect.any(String));
    expect(outboundProblem(JSON.stringify({ type: "text", token: "" }), true)).toBe("a binary frame");
  });

  it("PHONE-10 every message of ConversationRelay is taken", () => {
    for (const frame of [
      { type: "text", token: "Hello ", last: false, lang: "en-US", interruptible: true, preemptible: false },
      { type: "play", source: "https://host/hold.mp3", loop: 1, preemptible: false, interruptible: "dtmf" },
      { type: "sendDigits", digits: "9www4085551212" },
      { type: "language", ttsLanguage: "sv-SE" },
      { type: "end" },
    ]) {
      expect(outboundProblem(JSON.stringify(frame), false)).toBeUndefined();
    }
  });
});

describe("connectRelay", () => {
  it("PHONE-11 a refused handshake tells its status, an absent server tells none", async () => {
    const application = await start();
    const url = application.origin.replace("http", "ws");
    await expect(connectRelay(`${url}/ws/a`)).rejects.toMatchObject({ name: "RelayRefused", status: 403 });
    await application.close();
    await expect(connectRelay(`${url}/ws/a`)).rejects.toMatchObject({ name: "RelayRefused", status: undefined });
  });
});

describe.skipIf(recordingPath("barge-in") === undefined)("recorded calls of ../shared/fixtures", () => {
  it("PHONE-12 the barge-in replays frame by frame, after our turns, and is hung up once answered", async () => {
    const application = await start({ onFrame: echo });
    const path = recordingPath("barge-in")!;
    const phone = await replay(path, { origin: application.origin, ...CALL });
    expect(phone.turns.map(({ text }) => text)).toEqual([
      "Hello.",
      "I heard 1",
      "I heard Stop. Stop. Stop. I am interrupting you now.",
    ]);
    const recorded = readRecording(path).flatMap((line) => (line.dir === "in" ? [line.frame] : []));
    expect(application.heard.slice(1)).toEqual(recorded.slice(1));
    expect(Object.keys(application.heard[0]!).sort()).toEqual(Object.keys(recorded[0]!).sort());
    expect(application.ended[0]).toMatchObject({ SessionStatus: "completed", FromCountry: "US" });
    await phone.over;
  });

  it("PHONE-12 after the socket drop the phone stays in the second session", async () => {
    const application = await start({ onFrame: echo, ended: connect });
    const phone = await replay(recordingPath("socket-drop")!, { origin: application.origin, ...CALL });
    expect(phone.sessions).toBe(2);
    phone.say("still there?");
    expect((await phone.waitForTurn()).text).toBe("I heard still there?");
    await phone.hangUp();
    expect(application.ended.map((form) => form.SessionStatus)).toEqual(["failed", "completed"]);
  });

  it("PHONE-12 the end of the recorded application is followed where our action leads", async () => {
    const again: Application = await start({
      onFrame: echo,
      ended: () => (again.ended.length === 1 ? connect() : sayTwiml("Bye.")),
    });
    const resumed = await replay(recordingPath("end-then-reconnect")!, { origin: again.origin, ...CALL });
    expect(again.ended[0]).toMatchObject({ HandoffData: '{"reason":"spike","command":"control"}' });
    expect(resumed.sessions).toBe(2);
    expect(resumed.spoken).toEqual(["Bye."]);
    const goodbye = await start({ onFrame: echo });
    const ended = await replay(recordingPath("end-then-reconnect")!, { origin: goodbye.origin, ...CALL });
    expect(ended.spoken).toEqual(["Goodbye."]);
    expect(ended.sessions).toBe(1);
  });

  it("PHONE-12 at the original pace the recorded pauses are kept", async () => {
    const application = await start({ onFrame: echo });
    const pauses: number[] = [];
    const sleep = async (ms: number): Promise<void> => void pauses.push(ms);
    const path = recordingPath("barge-in")!;
    await replay(path, { origin: application.origin, ...CALL, pace: "original", sleep });
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBe(34_359 + 476);
  });
});
