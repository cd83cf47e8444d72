import { WebSocket } from "ws";
import { openVoice, type RealtimeVoice, type VoiceOptions } from "../../src/model/realtime.ts";
import type { DialFailure, DialledSocket, SocketListener } from "../../src/model/realtime-dial.ts";
import type { SoundFormat, VoiceCommand, VoiceEvent, VoiceRequest } from "../../src/model/voice-leg.ts";
import { type Clock, ManualClock, systemClock } from "../standins/clock.ts";
import { type OpenAiStandin, type RealtimeOptions, startOpenAiStandin } from "../standins/openai.ts";
import { KEY } from "../standins/openai-asking.ts";
import { BYTES_PER_MS, silence, toneSpeaker } from "../standins/speech.ts";
import { Until } from "../standins/until.ts";

export const REQUEST: VoiceRequest = {
  instructions: "You are Juno.",
  voice: "marin",
  tools: [],
  format: "pcm16-24k",
  turnEnd: "pause",
  patience: "normal",
  pushToTalk: false,
  history: [],
};

export type EventOf<Type extends VoiceEvent["type"]> = Extract<VoiceEvent, { type: Type }>;

interface Sound {
  readonly responseId: string;
  readonly itemId: string;
  readonly audio: Buffer;
}

export interface CallerOptions {
  readonly key?: string;
  readonly model?: string;
  readonly clock?: Clock;
  readonly language?: string;
  readonly dial?: VoiceOptions["dial"];
}

/** A call's side of a session with the stand-in: everything that was reported, in its order. */
export class Caller {
  readonly events: VoiceEvent[] = [];
  readonly sounds: Sound[] = [];
  /** Events and sounds as they came: types, and `sound` for a piece. */
  readonly order: string[] = [];
  readonly voice: RealtimeVoice;
  /** Called with each event, as a call would be. */
  react: (event: VoiceEvent) => void = () => {};
  readonly #format: SoundFormat;
  readonly #until = new Until();

  constructor(standin: OpenAiStandin | undefined, request: Partial<VoiceRequest> = {}, options: CallerOptions = {}) {
    const { key = KEY, model = "gpt-realtime-2.1-mini", clock = systemClock, language } = options;
    this.#format = request.format ?? REQUEST.format;
    this.voice = openVoice(
      {
        dial: options.dial ?? ((signal) => dialByWs(standin?.baseUrl ?? "", key, model, signal)),
        request: { ...REQUEST, ...request },
        transcriptionModel: "gpt-4o-mini-transcribe",
        language,
        startTimer: (run, afterMs) => clock.startTimer(run, afterMs),
        nowMs: () => clock.now(),
      },
      {
        onEvent: (event) => {
          this.events.push(event);
          this.order.push(event.type);
          this.react(event);
          this.#until.changed();
        },
        onSound: (responseId, itemId, audioBase64) => {
          this.sounds.push({ responseId, itemId, audio: Buffer.from(audioBase64, "base64") });
          this.order.push("sound");
          this.#until.changed();
        },
      },
    );
  }

  of<Type extends VoiceEvent["type"]>(type: Type): EventOf<Type>[] {
    return this.events.filter((event): event is EventOf<Type> => event.type === type);
  }

  /** The event of this type that is the `count`th, the first unless told otherwise. */
  next<Type extends VoiceEvent["type"]>(type: Type, count = 1): Promise<EventOf<Type>> {
    return this.until(() => this.of(type)[count - 1], `${type} ${count}`);
  }

  until<Value>(read: () => Value | undefined, what: string): Promise<Value> {
    return this.#until.until(read, what, () => undefined, 5_000);
  }

  do(...commands: VoiceCommand[]): void {
    for (const command of commands) this.voice.do(command);
  }

  /** Speaks, and is then silent, in frames of 20 ms. */
  async speak(speechMs: number, silenceMs = 700): Promise<void> {
    const sound = await toneSpeaker.speak("x".repeat(Math.round(speechMs / 60)), { format: this.#format });
    this.send(Buffer.concat([sound, silence(silenceMs)[this.#format]]));
  }

  send(sound: Buffer): void {
    const frame = 20 * BYTES_PER_MS[this.#format];
    for (let at = 0; at < sound.length; at += frame) {
      this.voice.append(sound.subarray(at, at + frame).toString("base64"));
    }
  }

  /** Milliseconds of sound reported, of an item or of all. */
  soundMs(itemId?: string): number {
    const bytes = this.sounds
      .filter((sound) => itemId === undefined || sound.itemId === itemId)
      .reduce((sum, { audio }) => sum + audio.length, 0);
    return bytes / BYTES_PER_MS[this.#format];
  }
}

/** As `dialRealtime`, by the `ws` library: Node's fetch cannot be upgraded. */
export function dialByWs(
  baseUrl: string,
  key: string,
  model: string,
  signal: AbortSignal,
): Promise<DialledSocket | DialFailure> {
  const socket = new WebSocket(`${baseUrl.replace("http", "ws")}/realtime?model=${model}`, ["realtime"], {
    headers: { authorization: `Bearer ${key}` },
  });
  signal.addEventListener("abort", () => {
    if (socket.readyState === WebSocket.CONNECTING) socket.terminate();
  });
  return new Promise((resolve) => {
    socket.on("error", () => resolve({ reason: "upstream_unavailable", mayReconnect: true, status: 0 }));
    socket.on("open", () => {
      // What comes before somebody listens waits in the network.
      socket.pause();
      resolve(dialled(socket));
    });
  });
}

const dialled = (socket: WebSocket): DialledSocket => ({
  send: (text) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
  },
  close: (code) => socket.close(code),
  get bufferedAmount() {
    return socket.bufferedAmount;
  },
  listen: ({ onMessage, onClose }) => {
    socket.on("message", (message) => onMessage(Buffer.isBuffer(message) ? message.toString("utf8") : ""));
    socket.on("close", (code, reason) => onClose(code, String(reason)));
    socket.resume();
  },
});

/** A socket whose other side the test plays: what was sent as text, and `tell` for what comes. */
export class ScriptedSocket implements DialledSocket {
  readonly sent: string[] = [];
  bufferedAmount = 0;
  isClosed = false;
  #onMessage: (text: string) => void = () => {};

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.isClosed = true;
  }

  listen({ onMessage }: SocketListener): void {
    this.#onMessage = onMessage;
  }

  tell(type: string, fields: object = {}): void {
    this.receive(JSON.stringify({ type, ...fields }));
  }

  receive(text: string): void {
    this.#onMessage(text);
  }

  /** What was sent since the update that sets the session up. */
  get events(): unknown[] {
    return this.sent.slice(1).map((text): unknown => JSON.parse(text));
  }
}

/** A caller on a scripted socket, whose session is ready. */
export async function scripted(clock: Clock = new ManualClock()): Promise<[Caller, ScriptedSocket]> {
  const socket = new ScriptedSocket();
  const caller = new Caller(undefined, {}, { dial: () => Promise.resolve(socket), clock });
  // The dial is awaited twice.
  await new Promise(setImmediate);
  socket.tell("session.updated", { session: { audio: { input: { turn_detection: { type: "server_vad" } } } } });
  return [caller, socket];
}

/** Stand-ins of one test file, closed after each test. */
export class Standins {
  readonly #open: OpenAiStandin[] = [];

  /** Answers at once unless told otherwise. */
  async start(realtime: RealtimeOptions = {}): Promise<OpenAiStandin> {
    const standin = await startOpenAiStandin({
      tokensPerSecond: 0,
      realtime: { ttfbMs: 0, pace: 0, transcriptionMs: 0, speaker: toneSpeaker, ...realtime },
    });
    this.#open.push(standin);
    return standin;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((standin) => standin.close()));
  }
}
