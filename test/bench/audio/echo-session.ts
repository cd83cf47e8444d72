/** One session of the upstream: what it says to each event. No network and no timer but those for sound ahead of time. */
import { randomBytes } from "node:crypto";
import { nowMs } from "../stamps.ts";
import { BYTES_PER_MS, type FrameHeader, HEADER_CHARACTERS, readHeader, type SoundFormat } from "./frames.ts";
import { cut } from "./realtime-wire.ts";

/** Over all sessions; told to whoever asks. */
export interface UpstreamCounts {
  open: number;
  sessions: number;
  appends: number;
  /** Sound sent in floods, in bytes of the sound itself. */
  pouredBytes: number;
  /** Appends behind a later one of their session. */
  outOfOrder: number;
  /** Appends with sound of another call than the session's first. */
  mixed: number;
  /** When a caller was last told to have begun to speak, by number of call; the machine's monotonic clock. */
  speechStartedAtMs: Record<number, number>;
}

export interface SessionSocket {
  send(event: string): void;
  bufferedBytes(): number;
}

/** An answer: this much sound, in deltas of so much, all at once. */
const ANSWER_MS = 4_000;
const DELTA_MS = 100;
/** A flood: a second of sound, ten times a second, unless so much of it waits already. */
const FLOOD_DELTA_MS = 1_000;
const FLOOD_EVERY_MS = 100;
const FLOOD_QUEUE_BYTES = 4 * 1024 * 1024;
/** After speech has begun a model still sends what is under way. */
const LATE_DELTAS = 3;

const APPEND = '{"type":"input_audio_buffer.append"';

/** Of servers that we start ourselves: read, not parsed. */
interface ClientEvent {
  readonly type?: string;
  readonly event_id?: string;
  readonly session?: object;
  readonly response?: { readonly metadata?: object | null };
}

let events = 0;
const event = (type: string, fields: object): string =>
  JSON.stringify({ type, event_id: `event_${++events}`, ...fields });

export class EchoSession {
  readonly #socket: SessionSocket;
  readonly #counts: UpstreamCounts;
  readonly #number: number;
  #format: SoundFormat = "pcm16-24k";
  #responses = 0;
  /** Of the response under way: what each of its deltas begins with, but for the event's own id. */
  #deltaFields: string | undefined;
  /** As it was asked for. */
  #metadata: object | null = null;
  #call: number | undefined;
  #lastSeq = -1;
  #flood: NodeJS.Timeout | undefined;

  constructor(socket: SessionSocket, counts: UpstreamCounts) {
    this.#socket = socket;
    this.#counts = counts;
    counts.open += 1;
    counts.sessions += 1;
    this.#number = counts.sessions;
    socket.send(event("session.created", { session: this.#session({}) }));
  }

  receive(text: string): void {
    // Appends come by the thousand: they are cut, everything else is parsed.
    const audio =
      text.startsWith(APPEND) || text.slice(0, 200).includes("input_audio_buffer.append")
        ? cut(text, '"audio":"')
        : undefined;
    if (audio !== undefined) {
      this.#echo(audio);
      return;
    }
    const message: ClientEvent = JSON.parse(text);
    if (message.type === "session.update") {
      if (text.includes('"audio/pcmu"')) this.#format = "mulaw-8k";
      this.#socket.send(event("session.updated", { session: this.#session(message.session ?? {}) }));
    } else if (message.type === "response.create") {
      if (this.#deltaFields === undefined) this.#begin(message.response?.metadata);
      else this.#refuse("conversation_already_has_active_response", message.event_id);
    }
  }

  #refuse(code: string, clientEventId: string | undefined): void {
    const error = { type: "invalid_request_error", code, message: code, param: null, event_id: clientEventId ?? null };
    this.#socket.send(event("error", { error }));
  }

  end(): void {
    this.#counts.open -= 1;
    clearInterval(this.#flood);
  }

  #session(asked: object): object {
    return { object: "realtime.session", id: `sess_${this.#number}`, model: "gpt-realtime-2.1-mini", ...asked };
  }

  #echo(audio: string): void {
    this.#counts.appends += 1;
    this.#delta(audio);
    const header = readHeader(Buffer.from(audio.slice(0, HEADER_CHARACTERS), "base64"));
    if (header === undefined) return;
    this.#check(header);
    if (header.kind === "answer") this.#answer();
    else if (header.kind === "speech") this.#speech(header.call);
    else if (header.kind === "flood") this.#startFlood();
  }

  #check({ call, seq }: FrameHeader): void {
    this.#call ??= call;
    if (call !== this.#call) this.#counts.mixed += 1;
    if (seq <= this.#lastSeq) this.#counts.outOfOrder += 1;
    this.#lastSeq = seq;
  }

  #delta(audio: string): void {
    if (this.#deltaFields === undefined) this.#begin();
    this.#socket.send(
      `{"type":"response.output_audio.delta","event_id":"event_${++events}",${this.#deltaFields},"delta":"${audio}"}`,
    );
  }

  /** A new response with one item, told in OpenAI's order. */
  #begin(metadata: object | null = null): void {
    this.#responses += 1;
    this.#metadata = metadata;
    const place = { response_id: this.#responseId, item_id: this.#itemId, output_index: 0, content_index: 0 };
    this.#deltaFields = JSON.stringify(place).slice(1, -1);
    const item = this.#item("in_progress");
    const { response_id, output_index } = place;
    this.#socket.send(event("response.created", { response: this.#response("in_progress") }));
    this.#socket.send(event("response.output_item.added", { response_id, output_index, item }));
    this.#socket.send(event("conversation.item.added", { previous_item_id: null, item }));
    this.#socket.send(event("response.content_part.added", { ...place, part: { type: "audio", transcript: "" } }));
  }

  #answer(): void {
    const piece = noise(this.#format, DELTA_MS);
    for (let sentMs = 0; sentMs < ANSWER_MS; sentMs += DELTA_MS) this.#delta(piece);
  }

  /** As with `interrupt_response`: the model hears speech, stops, and some of its sound is still on the way. */
  #speech(call: number): void {
    const item = { item_id: `item_speech_${this.#number}_${this.#responses}` };
    this.#socket.send(event("input_audio_buffer.speech_started", { audio_start_ms: 0, ...item }));
    this.#counts.speechStartedAtMs[call] = nowMs();
    const piece = noise(this.#format, DELTA_MS);
    for (let delta = 0; delta < LATE_DELTAS; delta += 1) this.#delta(piece);
    this.#socket.send(event("response.done", { response: this.#response("cancelled") }));
    this.#deltaFields = undefined;
  }

  #startFlood(): void {
    const piece = noise(this.#format, FLOOD_DELTA_MS);
    this.#flood ??= setInterval(() => {
      if (this.#socket.bufferedBytes() > FLOOD_QUEUE_BYTES) return;
      this.#delta(piece);
      this.#counts.pouredBytes += BYTES_PER_MS[this.#format] * FLOOD_DELTA_MS;
    }, FLOOD_EVERY_MS);
  }

  get #responseId(): string {
    return `resp_${this.#number}_${this.#responses}`;
  }

  get #itemId(): string {
    return `item_${this.#number}_${this.#responses}`;
  }

  #item(status: string): object {
    return { id: this.#itemId, object: "realtime.item", type: "message", status, role: "assistant", content: [] };
  }

  #response(status: "in_progress" | "cancelled"): object {
    const isOver = status === "cancelled";
    return {
      object: "realtime.response",
      id: this.#responseId,
      status,
      status_details: isOver ? { type: "cancelled", reason: "turn_detected" } : null,
      output: isOver ? [this.#item("incomplete")] : [],
      conversation_id: `conv_${this.#number}`,
      output_modalities: ["audio"],
      max_output_tokens: "inf",
      metadata: this.#metadata,
      usage: null,
    };
  }
}

const pieces = new Map<string, string>();

/** Random, so that nothing on the way can make it smaller. */
function noise(format: SoundFormat, ms: number): string {
  const known = pieces.get(`${format} ${ms}`);
  if (known !== undefined) return known;
  const piece = randomBytes(BYTES_PER_MS[format] * ms).toString("base64");
  pieces.set(`${format} ${ms}`, piece);
  return piece;
}
