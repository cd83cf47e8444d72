import { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { sayTwiml, streamTwiml } from "../../src/caller/twiml.ts";
import { ManualClock } from "./clock.ts";
import { type MediaStream, openMediaStream, placeCall, signTwilioRequest } from "./twilio.ts";
import { readOutbound } from "./twilio-media-frames.ts";
import { readTwiml } from "./twilio-twiml.ts";
import { Until } from "./until.ts";

const PUBLIC = "https://voice.example.com";
const AUTH_TOKEN = "test_auth_token";

interface Frame {
  readonly event: string;
  readonly streamSid?: string;
  readonly sequenceNumber?: string;
  readonly [field: string]: unknown;
}

/** An application that remembers what it was sent, and whose sockets a test writes to. */
interface Application {
  readonly origin: string;
  readonly sockets: WebSocket[];
  readonly handshakes: IncomingMessage[];
  readonly posts: { readonly url: string; readonly form: Readonly<Record<string, string>> }[];
  readonly frames: Frame[];
  framesOf(event: string): readonly Frame[];
  /** Until so many frames of an event have come. */
  untilFrames(event: string, count: number): Promise<void>;
  close(): Promise<void>;
}

const running: Application[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((application) => application.close()));
});

/** `answers`: the TwiML of the first post, the second, and so on. */
async function start(answers: readonly string[] = [], accepts: () => boolean = () => true): Promise<Application> {
  const waiting = new Until();
  const sockets: WebSocket[] = [];
  const handshakes: IncomingMessage[] = [];
  const posts: Application["posts"] = [];
  const frames: Frame[] = [];
  const framesOf = (event: string): readonly Frame[] => frames.filter((frame) => frame.event === event);
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    posts.push({ url: request.url ?? "", form: Object.fromEntries(new URLSearchParams(await text(request))) });
    response.writeHead(200, { "content-type": "text/xml" }).end(answers[posts.length - 1] ?? sayTwiml("No more."));
  };
  const server = createServer((request, response) => void answer(request, response));
  const door = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    handshakes.push(request);
    if (!accepts()) {
      socket.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n");
      return;
    }
    door.handleUpgrade(request, socket, head, (webSocket) => {
      sockets.push(webSocket);
      webSocket.on("message", (data: RawData) => {
        const frame: Frame = JSON.parse(Buffer.isBuffer(data) ? data.toString("utf8") : "{}");
        frames.push(frame);
        waiting.changed();
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const application: Application = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ sockets, handshakes, posts, frames, framesOf },
    untilFrames: async (event, count) => {
      const read = (): true | undefined => (framesOf(event).length >= count ? true : undefined);
      await waiting.until(read, `${count} ${event}`, () => undefined, 5_000);
    },
    close: async () => {
      for (const webSocket of door.clients) webSocket.terminate();
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  running.push(application);
  return application;
}

/** A stream whose time stands still until the test moves it. */
async function open(application: Application): Promise<{ stream: MediaStream; socket: WebSocket; clock: ManualClock }> {
  const clock = new ManualClock(1_700_000_000_000);
  const stream = await openMediaStream({ url: application.origin.replace("http", "ws"), clock });
  await application.untilFrames("start", 1);
  const [socket] = application.sockets;
  if (!socket) throw new Error("no socket");
  return { stream, socket, clock };
}

const mediaOf = (frame: Frame | undefined): Readonly<Record<string, string>> =>
  frame?.media as Readonly<Record<string, string>>;
const soundOf = (ms: number, byte = 0x2a): Buffer => Buffer.alloc(ms * 8, byte);
const media = (stream: MediaStream, mulaw: Uint8Array): string =>
  JSON.stringify({
    event: "media",
    streamSid: stream.streamSid,
    media: { payload: Buffer.from(mulaw).toString("base64") },
  });
const mark = (stream: MediaStream, name: string): string =>
  JSON.stringify({ event: "mark", streamSid: stream.streamSid, mark: { name } });
const clear = (stream: MediaStream): string => JSON.stringify({ event: "clear", streamSid: stream.streamSid });

describe("what the phone sends", () => {
  it("PHONE-13 a stream is introduced, then brings 50 frames a second that count and tell the time", async () => {
    const application = await start();
    const { stream, clock } = await open(application);
    clock.advance(1_000);
    await application.untilFrames("media", 51);
    expect(application.frames[0]).toEqual({
      event: "connected",
      protocol: "Call",
      version: "1.0.0",
      streamSid: undefined,
    });
    expect(application.frames[1]).toMatchObject({
      event: "start",
      sequenceNumber: "1",
      streamSid: stream.streamSid,
      start: { callSid: stream.callSid, mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8_000, channels: 1 } },
    });
    const frames = application.framesOf("media");
    expect(frames).toHaveLength(51);
    expect(frames.map(({ sequenceNumber }) => sequenceNumber)).toEqual(frames.map((_, index) => `${index + 2}`));
    expect(frames.map((frame) => mediaOf(frame).chunk)).toEqual(frames.map((_, index) => `${index + 1}`));
    expect(frames.map((frame) => mediaOf(frame).timestamp)).toEqual(frames.map((_, index) => `${index * 20}`));
    expect(mediaOf(frames[0]).payload).toHaveLength(216);
  });

  it("PHONE-13 what the caller says is sent in its time, and the rest is silence", async () => {
    const application = await start();
    const { stream, clock } = await open(application);
    const said = stream.speak(soundOf(50));
    clock.advance(100);
    await said;
    await application.untilFrames("media", 6);
    const sound = Buffer.concat(
      application.framesOf("media").map((frame) => Buffer.from(mediaOf(frame).payload ?? "", "base64")),
    );
    // The first frame left with the start, before anybody spoke.
    expect(sound).toEqual(Buffer.concat([soundOf(20, 0xff), soundOf(50), soundOf(50, 0xff)]));
  });

  it("PHONE-14 lost frames and a stall leave gaps in the time stamps, and only the lost ones cost sound", async () => {
    const application = await start();
    const { stream, clock } = await open(application);
    void stream.speak(Buffer.concat([soundOf(20, 1), soundOf(20, 2), soundOf(20, 3)]));
    stream.skip(1);
    clock.advance(40);
    stream.stall();
    clock.advance(1_000);
    stream.resume();
    clock.advance(20);
    await application.untilFrames("media", 3);
    const frames = application.framesOf("media").map(mediaOf);
    expect(frames.map(({ timestamp }) => timestamp)).toEqual(["0", "40", "1060"]);
    expect(frames.map(({ payload }) => Buffer.from(payload ?? "", "base64")[0])).toEqual([0xff, 2, 3]);
  });

  it("PHONE-15 a key and hanging up are told; after the stop nothing comes", async () => {
    const application = await start();
    const { stream, socket, clock } = await open(application);
    stream.press("#");
    const closed = once(socket, "close");
    await stream.hangUp();
    clock.advance(100);
    expect((await closed)[0]).toBe(1000);
    expect(application.framesOf("dtmf")[0]).toMatchObject({ dtmf: { track: "inbound_track", digit: "#" } });
    expect(application.frames.at(-1)).toMatchObject({ event: "stop", stop: { callSid: stream.callSid } });
    expect([stream.isHungUp, (await stream.closed).code]).toEqual([true, 1000]);
  });
});

describe("what the caller hears", () => {
  it("PHONE-16 sound is played in its time, and each mark comes back when it is reached", async () => {
    const application = await start();
    const { stream, socket, clock } = await open(application);
    socket.send(media(stream, soundOf(100, 1)));
    socket.send(mark(stream, "one"));
    socket.send(media(stream, soundOf(50, 2)));
    socket.send(mark(stream, "two"));
    await stream.until(() => stream.marks[1], "both marks");
    expect([stream.receivedMs, stream.heardMs, stream.queuedMs]).toEqual([150, 0, 150]);
    clock.advance(99);
    expect([stream.queuedMs, stream.heardMs, stream.echoed.length]).toEqual([51, 99, 0]);
    clock.advance(1);
    expect(stream.echoed).toEqual(["one"]);
    clock.advance(500);
    await stream.untilQuiet();
    await stream.untilHeard(150);
    await application.untilFrames("mark", 2);
    expect(application.framesOf("mark").map((frame) => frame.mark)).toEqual([{ name: "one" }, { name: "two" }]);
    expect(stream.heardMulaw).toEqual(Buffer.concat([soundOf(100, 1), soundOf(50, 2)]));
    // A pause, then more: it is heard when it comes.
    socket.send(media(stream, soundOf(20, 3)));
    await stream.until(() => (stream.receivedMs === 170 ? true : undefined), "more sound");
    clock.advance(20);
    await stream.untilHeard(170);
    expect(stream.heard.at(-1)).toEqual({ atMs: 600, mulaw: soundOf(20, 3) });
  });

  it("PHONE-16 a mark with nothing before it comes back at once", async () => {
    const application = await start();
    const { stream, socket } = await open(application);
    socket.send(mark(stream, "now"));
    await application.untilFrames("mark", 1);
    expect(stream.echoed).toEqual(["now"]);
  });

  it("PHONE-17 a clear drops what waits, and sends back its marks at once and in order", async () => {
    const application = await start();
    const { stream, socket, clock } = await open(application);
    for (const name of ["one", "two", "three"]) {
      socket.send(media(stream, soundOf(100)));
      socket.send(mark(stream, name));
    }
    await stream.until(() => stream.marks[2], "all marks");
    clock.advance(130);
    socket.send(clear(stream));
    expect(await stream.untilClear()).toEqual({ atMs: 130, voidMs: 170, markedMs: 100 });
    await application.untilFrames("mark", 3);
    expect(stream.echoed).toEqual(["one", "two", "three"]);
    clock.advance(1_000);
    expect([stream.heardMs, stream.queuedMs]).toEqual([130, 0]);
  });

  it("PHONE-18 at a pace of 20 a second of sound takes 50 ms", async () => {
    const application = await start();
    const clock = new ManualClock(1_700_000_000_000);
    const stream = await openMediaStream({ url: application.origin.replace("http", "ws"), clock, pace: 20 });
    await application.untilFrames("start", 1);
    application.sockets[0]?.send(media(stream, soundOf(1_000)));
    await stream.until(() => (stream.receivedMs > 0 ? true : undefined), "sound");
    clock.advance(50);
    await stream.untilHeard(1_000);
    await application.untilFrames("media", 51);
    expect(
      application
        .framesOf("media")
        .map((frame) => mediaOf(frame).timestamp)
        .at(-1),
    ).toBe("1000");
  });

  it("PHONE-18 waiting for what never comes ends with the socket, and says what it knew", async () => {
    const application = await start();
    const { stream, socket } = await open(application);
    socket.send("{");
    await stream.until(() => stream.problems[0], "the problem");
    const waiting = stream.untilHeard(1);
    socket.close(1011, "broken");
    await expect(waiting).rejects.toThrow('the stream is closed: {"code":1011,"reason":"broken","problems":["31950');
  });
});

describe("what Twilio refuses", () => {
  const SID = "MZ1";
  const frame = (fields: object): string => JSON.stringify({ streamSid: SID, ...fields });
  const payload = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

  it.each([
    ["31950: a binary frame", "", true],
    ["31950: not JSON", "{", false],
    ["31951", "[]", false],
    ["31951: streamSid is mz1", frame({ event: "clear", streamSid: "mz1" }), false],
    ["31951: streamSid", JSON.stringify({ event: "clear" }), false],
    ["31951: the payload is not base64", frame({ event: "media", media: { payload: "AA*=" } }), false],
    ["31951: the payload is not base64", frame({ event: "media", media: { payload: "AAA" } }), false],
    ["31951: media.payload", frame({ event: "media", media: { payload: "" } }), false],
    [
      "31951: the payload has a WAV header",
      frame({ event: "media", media: { payload: payload(Buffer.from("RIFF....WAVEfmt ")) } }),
      false,
    ],
    ["31951: mark.name", frame({ event: "mark", mark: {} }), false],
    ["31951", frame({ event: "stop" }), false],
    ["31951", frame({ event: "clear", now: true }), false],
  ])("PHONE-19 %s: %s", (problem, text, isBinary) => {
    const read = readOutbound(text, isBinary, SID);
    expect(read.type === "problem" && read.problem).toContain(problem);
  });

  it("PHONE-19 problems are collected, and what follows is heard all the same", async () => {
    const application = await start();
    const { stream, socket } = await open(application);
    socket.send(Buffer.from([1, 2]));
    socket.send(media(stream, soundOf(20)));
    await stream.until(() => (stream.receivedMs > 0 ? true : undefined), "sound");
    expect(stream.problems).toEqual(["31950: a binary frame"]);
  });

  it.each([
    ["31922", streamTwiml({ socketUrl: "ws://voice.example.com/media/t", redirectUrl: "/b" })],
    ["31920", streamTwiml({ socketUrl: "wss://voice.example.com/media/t", redirectUrl: "/b" }).replace("/t", "/t?a=1")],
    ["12200", streamTwiml({ socketUrl: "wss://voice.example.com/media/t", redirectUrl: " " })],
    ["12200", streamTwiml({ socketUrl: "wss://h/t", redirectUrl: "/b" }).replace("POST", "GET")],
    ["12200", streamTwiml({ socketUrl: "wss://h/t", redirectUrl: "/b" }).replace("<Connect>", '<Connect action="/a">')],
    ["12200", streamTwiml({ socketUrl: "wss://h/t", redirectUrl: "/b" }).replace(" url", ' track="inbound_track" url')],
    ["12200", "<Response><Connect><Siprec/></Connect></Response>"],
  ])("PHONE-9 TwiML that asks for what no stream can do fails with %s", (code, xml) => {
    expect(() => readTwiml(xml)).toThrow(code);
  });
});

describe("a phone that is told to stream", () => {
  const stream = (parameter = ""): string =>
    streamTwiml({ socketUrl: "wss://voice.example.com/media/t1", redirectUrl: "ended?wayIn=media-streams" }).replace(
      /"\/>/,
      `">${parameter}</Stream>`,
    );
  const CALL = { publicOrigin: PUBLIC, sessionToken: "wst_test", authToken: AUTH_TOKEN, query: "?wayIn=media-streams" };

  it("PHONE-20 dials the stream signed, with its parameters, and no request is made when the caller hangs up", async () => {
    const application = await start([stream('<Parameter name="workshop" value="w1"/>')]);
    const phone = await placeCall({ origin: application.origin, ...CALL });
    await application.untilFrames("start", 1);
    expect(application.posts.map(({ url }) => url)).toEqual(["/twilio/voice/wst_test?wayIn=media-streams"]);
    expect(application.handshakes[0]?.url).toBe("/media/t1");
    expect(application.handshakes[0]?.headers["x-twilio-signature"]).toBe(
      signTwilioRequest(AUTH_TOKEN, "wss://voice.example.com/media/t1"),
    );
    expect(application.framesOf("start")[0]?.start).toMatchObject({
      callSid: phone.callSid,
      customParameters: { workshop: "w1" },
    });
    expect(phone.stream.callSid).toBe(phone.callSid);
    await phone.hangUp();
    await phone.over;
    expect([application.posts.length, phone.redirects, phone.errors]).toEqual([1, [], []]);
    expect(() => phone.stream).toThrow("no stream is open");
  });

  it("PHONE-20 follows the redirect when the socket has closed while the phone is up, into another stream too", async () => {
    const application = await start([stream(), stream(), sayTwiml("Goodbye.")]);
    const phone = await placeCall({ origin: application.origin, ...CALL });
    await phone.drop();
    await phone.waitForStream(2);
    expect(phone.redirects[0]).toMatchObject({
      url: `${PUBLIC}/twilio/voice/ended?wayIn=media-streams`,
      form: { CallSid: phone.callSid, CallStatus: "in-progress" },
      verbs: [{ type: "stream" }, { type: "redirect" }],
    });
    application.sockets[1]?.close(1000);
    await phone.over;
    expect(phone.streams).toHaveLength(2);
    expect(phone.spoken).toEqual(["Goodbye."]);
    expect(application.posts.map(({ form }) => form.CallStatus)).toEqual(["ringing", "in-progress", "in-progress"]);
    // Ours dropped the first one; the second was closed as it should be.
    expect(phone.errors).toEqual(["31921"]);
  });

  it("PHONE-20 a stream that is refused, or leads elsewhere, is an error, and the call goes on below", async () => {
    const application = await start([stream(), sayTwiml("Goodbye.")], () => false);
    const phone = await placeCall({ origin: application.origin, ...CALL });
    await phone.over;
    expect([phone.errors, phone.spoken, phone.streams]).toEqual([["31920"], ["Goodbye."], []]);
    const elsewhere = await start([stream().replace("voice.example", "elsewhere.example")]);
    const other = await placeCall({ origin: elsewhere.origin, ...CALL });
    await other.over;
    expect([other.errors, elsewhere.handshakes]).toEqual([["31902"], []]);
  });
});
