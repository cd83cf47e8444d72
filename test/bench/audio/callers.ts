/** The measuring end: one caller with sound on each wire, and one that speaks to the upstream without a server. */
import { type RawData, WebSocket } from "ws";
import { nowMs } from "../stamps.ts";
import { BYTES_PER_MS, type SoundFormat } from "./frames.ts";
import { Playback } from "./playback.ts";
import { append, cut, isSpeechStart, REALTIME_PATH, sessionUpdate, soundOf } from "./realtime-wire.ts";

export interface SoundCaller {
  /** From dialling to the answered upgrade. */
  readonly openMs: number;
  readonly openedAtMs: number;
  send(frame: Buffer): void;
  /** From now on reads nothing from its socket, and says nothing of its own. */
  stall(): void;
  /** Hangs up, and waits until the socket is closed. */
  close(): Promise<void>;
  /** Drops the connection. */
  terminate(): void;
}

/** What a caller is told. Each is called with the moment of arrival. */
export interface SoundListener {
  readonly onSound: (bytes: Buffer, atMs: number) => void;
  readonly onClear: (atMs: number) => void;
  /** The socket closed without being asked to. */
  readonly onLost: (closeCode: number) => void;
}

/** The parts in which the wires differ. */
interface Wire {
  /** Sent as soon as the socket is open. */
  readonly opening: readonly string[];
  frame(sound: Buffer): string | Buffer;
  read(frame: Buffer, isBinary: boolean, atMs: number): void;
  /** Sent before the socket is closed. */
  ending(): readonly string[];
  stop(): void;
}

/** How often a page tells what it has played: `REPORT_EVERY_SAMPLES` of its speaker. */
const PLAYED_EVERY_MS = 100;
const CLOSE_TIMEOUT_MS = 3_000;

/** Twilio's end of a media stream: numbers its messages, plays what it gets in real time, and echoes marks when it has. */
export function dialMediaStreams(url: string, callSid: string, listener: SoundListener): Promise<SoundCaller> {
  return dial(url, [], listener, (socket) => {
    const streamSid = `MZ${callSid.slice(2)}`;
    let sequence = 1;
    let chunk = 0;
    const playback = new Playback();
    return {
      opening: [
        JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }),
        JSON.stringify({
          event: "start",
          sequenceNumber: "1",
          start: {
            accountSid: `AC${callSid.slice(2)}`,
            streamSid,
            callSid,
            tracks: ["inbound"],
            mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8_000, channels: 1 },
            customParameters: {},
          },
          streamSid,
        }),
      ],
      frame(sound) {
        sequence += 1;
        chunk += 1;
        const timestamp = (chunk - 1) * (sound.length / BYTES_PER_MS["mulaw-8k"]);
        return `{"event":"media","sequenceNumber":"${sequence}","media":{"track":"inbound","chunk":"${chunk}","timestamp":"${timestamp}","payload":"${sound.toString("base64")}"},"streamSid":"${streamSid}"}`;
      },
      read(frame, isBinary, atMs) {
        const text = isBinary ? "" : frame.toString("latin1");
        const payload = cut(text, '"payload":"');
        if (payload !== undefined) {
          const sound = Buffer.from(payload, "base64");
          playback.add(sound.length / BYTES_PER_MS["mulaw-8k"], atMs);
          listener.onSound(sound, atMs);
        } else if (text.includes('"event":"mark"')) {
          const name = cut(text, '"name":"') ?? "";
          playback.atEnd(atMs, () => {
            sequence += 1;
            const echo = { event: "mark", sequenceNumber: `${sequence}`, streamSid, mark: { name } };
            if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(echo));
          });
        } else if (text.includes('"event":"clear"')) {
          listener.onClear(atMs);
          playback.clear(atMs);
        }
      },
      ending: () => [
        JSON.stringify({ event: "stop", sequenceNumber: `${sequence + 1}`, streamSid, stop: { callSid } }),
      ],
      stop: () => playback.stop(),
    };
  });
}

/**
 * A browser's end of a call. With the subprotocols of our own wire it plays what it gets in real time, says how far it is,
 * and hangs up in words; without them (a bare pass-through) it only sends and receives sound.
 */
export function dialBrowser(
  url: string,
  protocols: readonly string[] | undefined,
  listener: SoundListener,
): Promise<SoundCaller> {
  return dial(url, protocols ?? [], listener, (socket) => {
    const playback = new Playback();
    const tellsPlayed = protocols !== undefined;
    let toldMs = 0;
    const tell = (): void => {
      const positionMs = Math.floor(playback.playedMs(nowMs()));
      if (positionMs === toldMs || socket.readyState !== WebSocket.OPEN) return;
      toldMs = positionMs;
      socket.send(JSON.stringify({ type: "played", positionMs, receivedMs: Math.floor(playback.receivedMs) }));
    };
    const timer = tellsPlayed ? setInterval(tell, PLAYED_EVERY_MS) : undefined;
    return {
      opening: [],
      frame: (sound) => sound,
      read(frame, isBinary, atMs) {
        if (isBinary) {
          playback.add(frame.length / BYTES_PER_MS["pcm16-24k"], atMs);
          listener.onSound(frame, atMs);
        } else if (frame.includes('"type":"clear"')) {
          listener.onClear(atMs);
          if (tellsPlayed) tell();
          playback.clear(atMs);
        }
      },
      ending: () => (tellsPlayed ? ['{"type":"end"}'] : []),
      stop: () => clearInterval(timer),
    };
  });
}

/** No server at all: the upstream's own wire. */
export function dialUpstream(baseUrl: string, format: SoundFormat, listener: SoundListener): Promise<SoundCaller> {
  return dial(`${baseUrl.replace(/^http/, "ws")}${REALTIME_PATH}`, ["realtime"], listener, () => ({
    opening: [sessionUpdate(format)],
    frame: (sound) => append(sound.toString("base64")),
    read(frame, _isBinary, atMs) {
      const text = frame.toString("latin1");
      const audio = soundOf(text);
      if (audio !== undefined) listener.onSound(Buffer.from(audio, "base64"), atMs);
      else if (isSpeechStart(text)) listener.onClear(atMs);
    },
    ending: () => [],
    stop: () => {},
  }));
}

function dial(
  url: string,
  protocols: readonly string[],
  listener: SoundListener,
  wireOn: (socket: WebSocket) => Wire,
): Promise<SoundCaller> {
  const dialledAtMs = nowMs();
  const socket = new WebSocket(url, [...protocols], { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("open", () => {
      const openedAtMs = nowMs();
      socket.off("error", reject);
      socket.on("error", () => socket.terminate());
      resolve(callerOn(socket, wireOn(socket), listener, openedAtMs, openedAtMs - dialledAtMs));
    });
  });
}

function callerOn(
  socket: WebSocket,
  wire: Wire,
  listener: SoundListener,
  openedAtMs: number,
  openMs: number,
): SoundCaller {
  let isHangingUp = false;
  socket.on("message", (data, isBinary) => wire.read(bytesOf(data), isBinary, nowMs()));
  socket.on("close", (code) => {
    wire.stop();
    if (!isHangingUp) listener.onLost(code);
  });
  for (const message of wire.opening) socket.send(message);
  return {
    openMs,
    openedAtMs,
    send: (sound) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(wire.frame(sound));
    },
    stall() {
      isHangingUp = true;
      wire.stop();
      socket.pause();
    },
    close: () =>
      new Promise((resolve) => {
        isHangingUp = true;
        wire.stop();
        if (socket.readyState === WebSocket.CLOSED) return resolve();
        const timeout = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
        socket.once("close", () => {
          clearTimeout(timeout);
          resolve();
        });
        if (socket.readyState === WebSocket.OPEN) for (const message of wire.ending()) socket.send(message);
        socket.close(1000);
      }),
    terminate() {
      isHangingUp = true;
      wire.stop();
      socket.terminate();
    },
  };
}

/** `ws` gives a whole frame as one Buffer unless it is told otherwise. */
const bytesOf = (data: RawData): Buffer => (Buffer.isBuffer(data) ? data : Buffer.alloc(0));
