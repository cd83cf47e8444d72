import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { type RawData, WebSocket } from "ws";
import { type Clock, systemClock } from "./clock.ts";
import { readOutbound } from "./twilio-media-frames.ts";
import { BYTES_PER_MS, type HeardSound, MediaPlayer, type StreamTime } from "./twilio-media-player.ts";
import { signTwilioRequest } from "./twilio-web.ts";
import { Until } from "./until.ts";

export interface MediaOptions {
  /** Where the socket is dialled, `ws://127.0.0.1:…`. */
  readonly url: string;
  /** The URL as the TwiML wrote it, which is what is signed. Default: `url`. */
  readonly signedUrl?: string;
  /** Without it the handshake is not signed. */
  readonly authToken?: string;
  readonly callSid?: string;
  readonly accountSid?: string;
  readonly streamSid?: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Milliseconds of the stream in one of the clock; sound is sent and played so much faster. Default 1. */
  readonly pace?: number;
}

export interface MediaClear {
  /** Since the stream began, as all times here. */
  readonly atMs: number;
  /** Sound that waited and will not be heard. */
  readonly voidMs: number;
  /** How much of all sound had come before the last mark that had been sent back by then. */
  readonly markedMs: number;
}

export interface MediaClose {
  readonly code: number;
  readonly reason: string;
}

/** The handshake failed. `code` as in Twilio's error dictionary: 31920 answered otherwise, 31902 not at all. */
export class MediaRefused extends Error {
  readonly code: "31920" | "31902";
  readonly status: number | undefined;

  constructor(status: number | undefined) {
    super(status === undefined ? "no answer" : `answered with ${status}`);
    this.code = status === undefined ? "31902" : "31920";
    this.status = status;
  }
}

const FRAME_MS = 20;
const FRAME_BYTES = FRAME_MS * BYTES_PER_MS;
const SILENCE = Buffer.alloc(FRAME_BYTES, 0xff);
const WAIT_MS = 10_000;
/** A peer that does not answer our close frame is dropped after this. */
const CLOSE_MS = 2_000;

/** Opens a stream as Twilio does for `<Connect><Stream>`. Throws {@link MediaRefused}. */
export async function openMediaStream(options: MediaOptions): Promise<MediaStream> {
  const { url, signedUrl = url, authToken } = options;
  const signature = authToken === undefined ? {} : { "x-twilio-signature": signTwilioRequest(authToken, signedUrl) };
  const socket = new WebSocket(url, { headers: signature, perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve(new MediaStream(socket, options)));
    socket.once("unexpected-response", (request, response) => {
      reject(new MediaRefused(response.statusCode));
      request.destroy();
    });
    socket.once("error", () => reject(new MediaRefused(undefined)));
  });
}

/**
 * Twilio's end of a media stream: 50 frames a second, of silence where nobody speaks; what comes back is played in its
 * time. Collects what Twilio would not take in `problems`, and passes it over.
 */
export class MediaStream {
  readonly callSid: string;
  readonly streamSid: string;
  readonly problems: string[] = [];
  readonly clears: MediaClear[] = [];
  /** Names of the marks that came, and of those echoed. */
  readonly marks: string[] = [];
  readonly echoed: string[] = [];
  /** All sound that came, with the time of its arrival. */
  readonly received: HeardSound[] = [];
  /** All sound that left, silence too, with its time stamp. */
  readonly sent: HeardSound[] = [];
  /** Resolves, never rejects, when the socket is gone. */
  readonly closed: Promise<MediaClose>;
  /** The caller has hung up: it was not the application that ended the stream. */
  isHungUp = false;

  readonly #socket: WebSocket;
  readonly #accountSid: string;
  readonly #time: StreamTime;
  readonly #player: MediaPlayer;
  readonly #waiting = new Until();
  #close: MediaClose | undefined;
  #sequence = 0;
  #chunk = 0;
  /** Time of the next frame of the caller. */
  #frameAtMs = 0;
  #toSay: { readonly mulaw: Buffer; readonly said: () => void }[] = [];
  #toSkip = 0;
  /** How much sound had come before each mark. */
  readonly #markedMs: number[] = [];
  #isStalled = false;
  #cancelTick: () => void = () => undefined;

  constructor(socket: WebSocket, options: MediaOptions) {
    const { clock = systemClock, pace = 1, accountSid = `AC${"0".repeat(32)}`, parameters = {} } = options;
    this.#accountSid = accountSid;
    this.callSid = options.callSid ?? `CA${randomBytes(16).toString("hex")}`;
    this.streamSid = options.streamSid ?? `MZ${randomBytes(16).toString("hex")}`;
    this.#socket = socket;
    const startedAtMs = clock.now();
    this.#time = { clock, pace, now: () => (clock.now() - startedAtMs) * pace };
    this.#player = new MediaPlayer(
      this.#time,
      (name) => this.#echo(name),
      () => this.#waiting.changed(),
    );
    socket.on("message", (frame, isBinary) => this.#receive(frame, isBinary));
    // What went wrong with an open socket is told by its close.
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        this.#close = { code, reason: reason.toString("utf8") };
        this.#player.stop();
        this.#cancelTick();
        for (const { said } of this.#toSay.splice(0)) said();
        this.#waiting.changed();
        resolve(this.#close);
      });
    });
    this.#sendFrame({ event: "connected", protocol: "Call", version: "1.0.0" });
    this.#send("start", {
      start: {
        accountSid,
        streamSid: this.streamSid,
        callSid: this.callSid,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8_000, channels: 1 },
        customParameters: parameters,
      },
    });
    this.#tick();
  }

  /** What the caller has been played so far, in order. */
  get heard(): readonly HeardSound[] {
    return this.#player.heard;
  }

  get heardMs(): number {
    return this.#player.heardMs;
  }

  get heardMulaw(): Buffer {
    return Buffer.concat(this.heard.map(({ mulaw }) => mulaw));
  }

  get receivedMs(): number {
    return this.received.reduce((sum, { mulaw }) => sum + mulaw.length, 0) / BYTES_PER_MS;
  }

  /** Milliseconds of sound that wait to be played. */
  get queuedMs(): number {
    return this.#close ? 0 : this.#player.queuedMs;
  }

  /** Milliseconds since the stream began. */
  get nowMs(): number {
    return this.#time.now();
  }

  /** The caller speaks; resolves when the last frame of it was sent, or cannot be any more. */
  speak(mulaw: Uint8Array): Promise<void> {
    return new Promise((said) => {
      this.#toSay.push({ mulaw: Buffer.from(mulaw), said });
    });
  }

  /** The next frames are lost on their way, with the sound in them; the time of the stream goes on. */
  skip(frames: number): void {
    this.#toSkip += frames;
  }

  /** Sends no frames, while time goes on; what is to be said waits until {@link resume}. */
  stall(): void {
    this.#isStalled = true;
  }

  resume(): void {
    this.#isStalled = false;
  }

  press(digit: string): void {
    this.#send("dtmf", { dtmf: { track: "inbound_track", digit } });
  }

  /** The caller hangs up. */
  async hangUp(): Promise<void> {
    this.isHungUp = true;
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#send("stop", { stop: { accountSid: this.#accountSid, callSid: this.callSid } });
    }
    this.#socket.close(1000);
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    await this.closed;
    clearTimeout(timer);
  }

  /** The connection breaks without a word. */
  async drop(): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }

  /** Any frame, as it is. */
  sendRaw(frame: string | Uint8Array): void {
    this.#socket.send(frame);
  }

  /** Resolves with what `read` returns once that is not undefined; it is asked again whenever anything happens. */
  until<Value>(read: () => Value | undefined, what: string, timeoutMs = WAIT_MS): Promise<Value> {
    const account = (): string | undefined =>
      this.#close && `the stream is closed: ${JSON.stringify({ ...this.#close, problems: this.problems })}`;
    return this.#waiting.until(read, what, account, timeoutMs);
  }

  /** Until so much sound has been played in all. */
  async untilHeard(ms: number, timeoutMs = WAIT_MS): Promise<void> {
    await this.until(() => (this.heardMs >= ms ? true : undefined), `${ms} ms of sound to be heard`, timeoutMs);
  }

  /** Until so many times our sound was cleared. */
  untilClear(count = 1, timeoutMs = WAIT_MS): Promise<MediaClear> {
    return this.until(() => this.clears[count - 1], `clear ${count}`, timeoutMs);
  }

  /** Until something was heard and nothing waits: a pause, or the end of what was said. */
  async untilQuiet(timeoutMs = WAIT_MS): Promise<void> {
    const isQuiet = (): boolean => this.received.length > 0 && this.queuedMs === 0;
    await this.until(() => (isQuiet() ? true : undefined), "silence after sound", timeoutMs);
  }

  /** Sends the frames that are due. Late timers are made up for, so that there are 50 in a second. */
  #tick(): void {
    for (; this.#frameAtMs <= this.#time.now(); this.#frameAtMs += FRAME_MS) this.#sendSound();
    this.#waiting.changed();
    const waitMs = Math.max(0, this.#frameAtMs - this.#time.now()) / this.#time.pace;
    this.#cancelTick = this.#time.clock.startTimer(() => this.#tick(), waitMs);
  }

  #sendSound(): void {
    if (this.#isStalled) return;
    const mulaw = this.#nextSound();
    if (this.#toSkip > 0) {
      this.#toSkip -= 1;
      return;
    }
    this.#chunk += 1;
    this.sent.push({ atMs: this.#frameAtMs, mulaw });
    const payload = mulaw.toString("base64");
    this.#send("media", {
      media: { track: "inbound", chunk: `${this.#chunk}`, timestamp: `${this.#frameAtMs}`, payload },
    });
  }

  #nextSound(): Buffer {
    const [saying] = this.#toSay;
    if (!saying) return SILENCE;
    const sound = saying.mulaw.subarray(0, FRAME_BYTES);
    if (saying.mulaw.length > FRAME_BYTES) {
      this.#toSay[0] = { mulaw: saying.mulaw.subarray(FRAME_BYTES), said: saying.said };
      return sound;
    }
    this.#toSay.shift();
    saying.said();
    return Buffer.concat([sound, SILENCE], FRAME_BYTES);
  }

  #receive(data: RawData, isBinary: boolean): void {
    const text = Buffer.isBuffer(data) ? data.toString("utf8") : "";
    const frame = readOutbound(text, isBinary, this.streamSid);
    const atMs = this.#time.now();
    switch (frame.type) {
      case "problem":
        this.problems.push(frame.problem);
        break;
      case "sound":
        this.received.push({ atMs, mulaw: frame.mulaw });
        this.#player.play(frame.mulaw);
        break;
      case "mark":
        this.marks.push(frame.name);
        this.#markedMs.push(this.receivedMs);
        this.#player.mark(frame.name);
        break;
      case "clear":
        this.#clear(atMs);
        break;
    }
    this.#waiting.changed();
  }

  #clear(atMs: number): void {
    // What is due by now is played first; the marks that come back after that were not reached.
    const { queuedMs: voidMs } = this.#player;
    const markedMs = this.#markedMs[this.echoed.length - 1] ?? 0;
    this.#player.clear();
    this.clears.push({ atMs, voidMs, markedMs });
  }

  #echo(name: string): void {
    this.echoed.push(name);
    this.#send("mark", { mark: { name } });
  }

  #send(event: string, fields: Readonly<Record<string, unknown>>): void {
    this.#sequence += 1;
    this.#sendFrame({ event, sequenceNumber: `${this.#sequence}`, ...fields, streamSid: this.streamSid });
  }

  #sendFrame(frame: object): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}
