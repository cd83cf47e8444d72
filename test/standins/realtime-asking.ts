import { WebSocket } from "ws";
import * as z from "zod";
import type { OpenAiStandin } from "./openai.ts";
import { KEY } from "./openai-asking.ts";
import { BYTES_PER_MS, type SoundFormat, silence, toneSpeaker } from "./speech.ts";
import { Until } from "./until.ts";

/** Talking to the Realtime stand-in without an SDK: every event as it was on the wire. */
const ServerEvent = z.looseObject({ type: z.string(), event_id: z.string() });
export type ServerEvent = z.infer<typeof ServerEvent>;

export interface Connecting {
  readonly key?: string | null;
  readonly model?: string | null;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: string[];
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A client of one session. Everything that arrives is kept in `events`, what is no event in `strange`. */
export class RealtimeTester {
  readonly events: ServerEvent[] = [];
  readonly strange: string[] = [];
  pings = 0;
  closed: Closed | undefined;
  readonly key: string;
  readonly socket: WebSocket;
  readonly #until = new Until();
  /** Events that `next` has returned, so that it returns each once. */
  #read = 0;

  constructor(standin: OpenAiStandin, connecting: Connecting = {}) {
    const { key = KEY, model = "gpt-realtime-2.1-mini", query, headers = {}, protocols = ["realtime"] } = connecting;
    this.key = key ?? "";
    const search = query ?? (model === null ? "" : `?model=${model}`);
    this.socket = new WebSocket(`${standin.baseUrl.replace("http", "ws")}/realtime${search}`, protocols, {
      headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
    });
    this.socket.on("open", () => this.#until.changed());
    this.socket.on("message", (message) => this.#arrived(Buffer.isBuffer(message) ? message.toString("utf8") : ""));
    this.socket.on("ping", () => {
      this.pings += 1;
      this.#until.changed();
    });
    this.socket.on("close", (code, reason) => {
      this.closed = { code, reason: String(reason) };
      this.#until.changed();
    });
    // The close that follows an error says the same.
    this.socket.on("error", () => {});
  }

  send(type: string, fields: object = {}): void {
    this.socket.send(JSON.stringify({ type, ...fields }));
  }

  /** Speaks: sound of the given length, cut into frames of 20 ms, and then as much silence. */
  speak(speechMs: number, silenceMs: number, format: SoundFormat = "pcm16-24k"): void {
    void toneSpeaker.speak("x".repeat(Math.round(speechMs / 60)), { format }).then((sound) => {
      this.append(sound, format);
      this.append(silence(silenceMs)[format], format);
    });
  }

  append(sound: Uint8Array, format: SoundFormat): void {
    const frame = 20 * BYTES_PER_MS[format];
    for (let at = 0; at < sound.length; at += frame) {
      const audio = Buffer.from(sound.subarray(at, at + frame)).toString("base64");
      this.send("input_audio_buffer.append", { audio });
    }
  }

  /** The next event of this type that was not returned before; those between are passed over. */
  async next(type: string): Promise<ServerEvent> {
    return this.#until.until(
      () => {
        const at = this.events.findIndex((event, index) => index >= this.#read && event.type === type);
        if (at === -1) return undefined;
        this.#read = at + 1;
        return this.events[at];
      },
      type,
      () => this.closed && `closed with ${this.closed.code} after ${this.types().slice(-5).join(", ")}`,
      5_000,
    );
  }

  /** Resolves when `read` finds something. */
  until<Value>(read: () => Value | undefined, what: string): Promise<Value> {
    return this.#until.until(read, what, () => undefined, 5_000);
  }

  end(): Promise<Closed> {
    return this.until(() => this.closed, "the close");
  }

  /** Events so far by type; neighbours of the same type once. */
  types(): string[] {
    return this.events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]);
  }

  of(type: string): ServerEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  /** The sound of an item, or all. */
  sound(itemId?: string): Buffer {
    const deltas = this.of("response.output_audio.delta").filter((event) => !itemId || event.item_id === itemId);
    return Buffer.concat(deltas.map(({ delta }) => Buffer.from(z.string().parse(delta), "base64")));
  }

  #arrived(text: string): void {
    const event = ServerEvent.safeParse(jsonOf(text));
    if (event.success) this.events.push(event.data);
    else this.strange.push(text);
    this.#until.changed();
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A session that is set as asked and ready. */
export async function openSession(
  standin: OpenAiStandin,
  session: object = {},
  connecting: Connecting = {},
): Promise<RealtimeTester> {
  const tester = new RealtimeTester(standin, connecting);
  await tester.next("session.created");
  tester.send("session.update", { session: { type: "realtime", ...session } });
  await tester.next("session.updated");
  return tester;
}
