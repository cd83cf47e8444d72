import type { ConversationItem, RealtimeClientEvent } from "openai/resources/realtime/realtime";
import { LIMITS } from "../limits.ts";
import type { DialledSocket } from "./realtime-dial.ts";
import {
  answerParams,
  BYTES_PER_MS,
  callerItem,
  type Hearing,
  itemsOf,
  sessionOf,
  talkModeOf,
  toolOutputItem,
  wordsToSay,
} from "./realtime-session.ts";
import type { ReceivedSound } from "./received-sound.ts";
import { ResponseQueue } from "./response-queue.ts";
import type { VoiceCommand, VoiceRequest } from "./voice-leg.ts";

/** The `event_id` of the update that sets the session up: without it there is none. */
export const SETUP = "setup";

/** OpenAI refuses to commit less sound (recorded from the live API). */
const SHORTEST_TURN_MS = 100;

/** Everything that is sent to OpenAI on one socket: the set-up, the caller's sound, and what the call wants. */
export class RealtimeWriter {
  readonly queue = new ResponseQueue((event) => this.#send(event));
  /** Pieces of the caller's sound that the socket had no room for. */
  droppedSounds = 0;
  readonly #socket: DialledSocket;
  readonly #request: VoiceRequest;
  readonly #hearing: Hearing;
  readonly #received: ReceivedSound;
  #pushToTalk: boolean;
  /** Sound sent since the caller's last turn, base64. */
  #turnCharacters = 0;

  constructor(socket: DialledSocket, request: VoiceRequest, hearing: Hearing, received: ReceivedSound) {
    this.#socket = socket;
    this.#request = request;
    this.#hearing = hearing;
    this.#received = received;
    this.#pushToTalk = request.pushToTalk;
  }

  setUp(): void {
    this.#send({ type: "session.update", event_id: SETUP, session: sessionOf(this.#request, this.#hearing) });
  }

  /** What was said before this session. */
  seed(): void {
    for (const item of itemsOf(this.#request.history)) this.#createItem(item);
  }

  /** Frame path. The sound is base64, as each wire has seen to, so that it needs no escaping. */
  sound(audioBase64: string): void {
    if (this.#socket.bufferedAmount > LIMITS.sendQueueCloseBytes) {
      this.droppedSounds += 1;
      return;
    }
    this.#turnCharacters += audioBase64.length;
    this.#socket.send(`{"type":"input_audio_buffer.append","audio":"${audioBase64}"}`);
  }

  do(command: VoiceCommand): void {
    switch (command.type) {
      case "say":
        this.queue.say(wordsToSay(command.text));
        return;
      case "answer":
        this.queue.answer(answerParams(this.#request.instructions, command));
        return;
      case "caller-text":
        this.#createItem(callerItem(command.text));
        return;
      case "tool-output":
        this.#createItem(toolOutputItem(command.toolCallId, command.output));
        return;
      case "cancel":
        this.queue.cancel();
        return;
      case "truncate":
        this.#truncate(command.itemId, command.heardMs);
        return;
      case "turn-end":
        this.#endTurn();
        return;
      case "discard-input":
        if (this.#pushToTalk) this.#discardInput();
        return;
      case "push-to-talk":
        this.#pushToTalk = command.on;
        this.#send({ type: "session.update", session: talkModeOf(this.#request, this.#hearing, command.on) });
        return;
    }
  }

  /** The same id for item and event: a refusal names the event. */
  #createItem(item: ConversationItem): void {
    const id = this.queue.nextItemId();
    this.#send({ type: "conversation.item.create", event_id: id, item: { ...item, id } });
  }

  /** At most what has come of it: OpenAI refuses more, and then remembers all. */
  #truncate(itemId: string, heardMs: number): void {
    const receivedMs = this.#received.msOf(itemId);
    if (receivedMs === 0) return;
    const endMs = Math.max(0, Math.min(Math.floor(heardMs), receivedMs));
    this.#send({ type: "conversation.item.truncate", item_id: itemId, content_index: 0, audio_end_ms: endMs });
  }

  #endTurn(): void {
    if (!this.#pushToTalk) return;
    const turnMs = (this.#turnCharacters * 3) / 4 / BYTES_PER_MS[this.#request.format];
    if (turnMs < SHORTEST_TURN_MS) {
      this.#discardInput();
      return;
    }
    this.#turnCharacters = 0;
    this.#send({ type: "input_audio_buffer.commit" });
    this.queue.answer({});
  }

  #discardInput(): void {
    this.#turnCharacters = 0;
    this.#send({ type: "input_audio_buffer.clear" });
  }

  #send(event: RealtimeClientEvent): void {
    this.#socket.send(JSON.stringify(event));
  }
}
