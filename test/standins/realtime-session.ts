import { unknownParameter } from "./openai-errors.ts";
import { isRecord, type Json, optionalString, Refused, refuse, stringOf } from "./openai-validate.ts";
import { DEFAULT_CONFIG, type SessionConfig, updateConfig } from "./realtime-config.ts";
import type { SessionContext, SessionDeps } from "./realtime-context.ts";
import { Conversation } from "./realtime-conversation.ts";
import { notJsonEvent, notText, sessionExpired, unknownEvent } from "./realtime-errors.ts";
import { InputBuffer } from "./realtime-input.ts";
import { ItemDesk } from "./realtime-item-desk.ts";
import { Responses } from "./realtime-responses.ts";
import type { SessionJson } from "./realtime-shapes.ts";
import { Timers } from "./realtime-timers.ts";

/** What a client may send, and the fields of each besides `type` and `event_id`. */
const CLIENT_EVENTS: Readonly<Record<string, readonly string[]>> = {
  "session.update": ["session"],
  "input_audio_buffer.append": ["audio"],
  "input_audio_buffer.commit": [],
  "input_audio_buffer.clear": [],
  "conversation.item.create": ["item", "previous_item_id"],
  "conversation.item.truncate": ["item_id", "content_index", "audio_end_ms"],
  "conversation.item.delete": ["item_id"],
  "conversation.item.retrieve": ["item_id"],
  "response.create": ["response"],
  "response.cancel": ["response_id"],
};
const EVENT_NAMES = Object.keys(CLIENT_EVENTS);

/** One session: takes the client's events in their order, and refuses those that the API refuses. */
export class RealtimeSession {
  readonly #context: SessionContext;
  readonly #input: InputBuffer;
  readonly #responses: Responses;
  readonly #expiresAtMs: number;
  #config: SessionConfig = DEFAULT_CONFIG;
  #hasSpoken = false;
  #isMute = false;

  constructor(deps: SessionDeps) {
    const conversation = new Conversation();
    this.#context = {
      ...deps,
      conversationId: deps.makeId("conv"),
      conversation,
      items: new ItemDesk(conversation, deps.wire, deps.record, deps.makeId),
      timers: new Timers(deps.clock),
      config: () => this.#config,
      facts: () => ({
        model: deps.record.model ?? "",
        isReasoningModel: deps.isReasoningModel,
        hasSpoken: this.#hasSpoken,
        isResponding: this.#responses.isActive,
      }),
      hasSpoken: () => {
        this.#hasSpoken = true;
      },
      takeFault: (...kinds) => {
        const fault = deps.faults.take(deps.record.key, ...kinds);
        if (fault !== undefined) deps.record.faults.push(fault.kind);
        return fault;
      },
    };
    this.#responses = new Responses(this.#context, (idleMs) => {
      this.#input.timeOut(idleMs);
      this.#responses.askWhetherThere();
    });
    this.#input = new InputBuffer(this.#context, {
      onSpeechStart: () => {
        this.#responses.stopIdle();
        if (this.#config.audio.input.turn_detection?.interrupt_response === true) this.#responses.interrupt();
      },
      onTurnEnd: () => {
        if (this.#config.audio.input.turn_detection?.create_response !== true) return;
        this.#guarded({ type: "turn-end", id: null }, () => this.#responses.createByServer());
      },
    });
    const lifeMs = this.#context.takeFault("session-max")?.ms ?? deps.sessionMaxMs;
    this.#expiresAtMs = deps.clock.now() + lifeMs;
    this.#context.timers.start(() => this.expire(), lifeMs);
    this.#context.timers.repeat(() => deps.wire.ping(), deps.pingEveryMs);
  }

  /** The first event. */
  begin(): void {
    const mute = this.#context.takeFault("mute");
    if (mute?.sendsCreated !== false) this.#context.wire.event("session.created", { session: this.#json() });
    if (mute === undefined) return;
    this.#isMute = true;
    this.#context.wire.mute();
  }

  /** One message of the client's. */
  receive(message: Buffer, isBinary: boolean): void {
    const about: About = { type: isBinary ? "binary" : "unreadable", id: null };
    this.#guarded(about, () => {
      if (isBinary) refuse(notText());
      const event = parseEvent(message);
      about.type = stringOf(event.type, "type");
      about.id = optionalString(event.event_id, "event_id", 512) ?? null;
      const fields = CLIENT_EVENTS[about.type] ?? refuse(unknownEvent(about.type, EVENT_NAMES));
      const { received } = this.#context.record;
      received[about.type] = (received[about.type] ?? 0) + 1;
      const unknown = Object.keys(event).find((name) => !["type", "event_id", ...fields].includes(name));
      if (unknown !== undefined) refuse(unknownParameter(unknown));
      if (!this.#isMute) this.#handle(about.type, event);
    });
    this.#context.changed();
  }

  /** The session has reached its age. */
  expire(): void {
    this.#context.wire.end(sessionExpired(Math.round(this.#context.sessionMaxMs / 60_000)));
  }

  /** The socket is gone: no timer and no answer outlives it. */
  stop(): void {
    this.#responses.stop();
    this.#context.timers.stopAll();
  }

  #handle(type: string, event: Json): void {
    const { items } = this.#context;
    const answers = this.#responses;
    switch (type) {
      case "session.update":
        this.#update(event.session);
        break;
      case "input_audio_buffer.append":
        this.#input.append(event);
        break;
      case "input_audio_buffer.commit":
        answers.stopIdle();
        this.#input.commit();
        break;
      case "input_audio_buffer.clear":
        this.#input.clear();
        break;
      case "conversation.item.create":
        answers.stopIdle();
        items.create(event);
        break;
      case "conversation.item.truncate":
        items.truncate(event);
        break;
      case "conversation.item.delete":
        items.delete(event);
        break;
      case "conversation.item.retrieve":
        items.retrieve(event);
        break;
      case "response.create":
        answers.create(event.response);
        break;
      case "response.cancel":
        answers.cancel(event);
        break;
    }
  }

  #update(session: unknown): void {
    const { wire, facts, record } = this.#context;
    record.updates.push(session);
    const before = this.#config;
    this.#config = updateConfig(session, before, facts());
    this.#input.configure(before.audio.input, this.#config.audio.input);
    wire.event("session.updated", { session: this.#json() });
  }

  #json(): SessionJson {
    const { record } = this.#context;
    const head = { object: "realtime.session", id: record.sessionId, model: record.model ?? "" };
    const tail = { expires_at: Math.floor(this.#expiresAtMs / 1_000) };
    return { type: "realtime", ...head, ...this.#config, ...tail };
  }

  /** Runs what may be refused; the refusal becomes an `error` event, and the session goes on. */
  #guarded(about: About, run: () => void): void {
    try {
      run();
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      const { record, wire } = this.#context;
      record.refused.push({ type: about.type, code: thrown.refusal.error.code });
      wire.refusal(thrown.refusal, about.id);
    }
  }
}

/** Which event a refusal is about, as far as it was read. */
interface About {
  type: string;
  id: string | null;
}

function parseEvent(message: Buffer): Json {
  try {
    const event: unknown = JSON.parse(message.toString("utf8"));
    if (isRecord(event)) return event;
  } catch {
    // Refused like JSON that is no object.
  }
  return refuse(notJsonEvent());
}
