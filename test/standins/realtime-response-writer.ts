import { tokensOf } from "./openai-prompt.ts";
import type { MakeId } from "./openai-responses.ts";
import type { SessionContext } from "./realtime-context.ts";
import { type Item, type ItemBody, itemJson, type Part } from "./realtime-conversation.ts";
import type { ResponseRequest } from "./realtime-response-request.ts";
import type { RealtimeUsage } from "./realtime-usage.ts";

export interface Outcome {
  readonly status: "completed" | "cancelled" | "failed" | "incomplete";
  readonly reason?: "turn_detected" | "client_cancelled" | "max_output_tokens";
  readonly error?: { readonly type: string; readonly code: string; readonly message: string };
}

type Message = Extract<ItemBody, { type: "message" }>;

/** Writes one response in the API's words and order, and keeps its items in the conversation. */
export class ResponseWriter {
  readonly responseId: string;
  readonly #context: SessionContext;
  readonly #request: ResponseRequest;
  readonly #conversationId: string;
  readonly #makeId: MakeId;
  readonly #items: Item[] = [];
  #open: { readonly item: Item; readonly part: Part } | undefined;

  constructor(context: SessionContext, request: ResponseRequest) {
    this.#context = context;
    this.#request = request;
    this.#makeId = context.makeId;
    this.#conversationId = context.conversationId;
    this.responseId = context.makeId("resp");
  }

  created(): void {
    this.#context.wire.event("response.created", { response: this.#json("in_progress", null, null) });
  }

  openMessage(modality: "audio" | "text"): void {
    const part: Part =
      modality === "text"
        ? { type: "output_text", text: "" }
        : { type: "output_audio", said: "", ms: 0, transcript: "" };
    // The part joins the item when it is announced: the item is shown without any content first.
    const body: Message = { type: "message", role: "assistant", content: [] };
    const item = this.#add(body);
    body.content.push(part);
    this.#open = { item, part };
    this.#event("response.content_part.added", { part: partShown(part) });
  }

  textDelta(delta: string): void {
    const part = this.#open?.part;
    if (part?.type !== "output_text") return;
    part.text += delta;
    this.#event("response.output_text.delta", { delta, obfuscation: padding(delta) });
  }

  /** Words first, then the sound they belong to, as the API's transcript runs ahead of its voice. */
  audioDelta(words: string, sound: Uint8Array, ms: number): void {
    const part = this.#open?.part;
    if (part?.type !== "output_audio") return;
    part.said += words;
    part.transcript += words;
    part.ms += ms;
    if (words !== "")
      this.#event("response.output_audio_transcript.delta", { delta: words, obfuscation: padding(words) });
    const bytes = Buffer.from(sound.buffer, sound.byteOffset, sound.byteLength);
    this.#event("response.output_audio.delta", { delta: bytes.toString("base64") });
    this.#context.record.audioOut.bytes += sound.byteLength;
    this.#context.record.audioOut.ms += ms;
  }

  /** Ends the message that is open, whole or cut; without one it does nothing. */
  closeMessage(status: "completed" | "incomplete"): void {
    if (this.#open === undefined) return;
    const { item, part } = this.#open;
    if (part.type === "output_text") {
      this.#event("response.output_text.done", { text: part.text });
    } else if (part.type === "output_audio") {
      this.#event("response.output_audio.done", {});
      this.#event("response.output_audio_transcript.done", { transcript: part.transcript });
    }
    this.#event("response.content_part.done", { part: partShown(part) });
    this.#finish(item, status, 1);
    this.#open = undefined;
  }

  /** One tool call from its beginning to its end, announced in both events. */
  toolCall(name: string, args: string, isTwice: boolean): void {
    const body: Extract<ItemBody, { type: "function_call" }> = {
      type: "function_call",
      name,
      callId: this.#makeId("call"),
      arguments: "",
    };
    const item = this.#add(body);
    const at = {
      response_id: this.responseId,
      item_id: item.id,
      output_index: this.#items.length - 1,
      call_id: body.callId,
    };
    const { wire } = this.#context;
    for (const delta of tokensOf(args)) {
      wire.event("response.function_call_arguments.delta", { ...at, delta, obfuscation: padding(delta) });
    }
    body.arguments = args;
    const times = isTwice ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      wire.event("response.function_call_arguments.done", { ...at, name, arguments: args });
    }
    this.#finish(item, "completed", times);
  }

  /** @param usage `undefined` leaves the field away, as a faulty server does. */
  done(outcome: Outcome, usage: RealtimeUsage | null | undefined): void {
    const { status, ...details } = outcome;
    const shown = status === "completed" ? null : { type: status, ...details };
    const { usage: _left, ...response } = this.#json(status, shown, null);
    this.#context.wire.event("response.done", { response: usage === undefined ? response : { ...response, usage } });
    const limits = [{ name: "tokens", limit: 15_000_000, remaining: 14_990_000, reset_seconds: 0.04 }];
    this.#context.wire.event("rate_limits.updated", { rate_limits: limits });
  }

  #add(body: ItemBody): Item {
    const { wire, conversation } = this.#context;
    const item: Item = { id: this.#makeId("item"), body, status: "in_progress" };
    this.#items.push(item);
    const shown = { output_index: this.#items.length - 1, item: itemJson(item) };
    wire.event("response.output_item.added", { response_id: this.responseId, ...shown });
    if (this.#request.isOutOfBand) return item;
    const previous = conversation.add(item);
    wire.event("conversation.item.added", { previous_item_id: previous, item: shown.item });
    this.#context.items.note(item, "server");
    return item;
  }

  #finish(item: Item, status: Item["status"], times: number): void {
    const { wire, conversation } = this.#context;
    item.status = status;
    const shown = itemJson(item);
    // Deleted by the client meanwhile: it does not come back.
    if (conversation.find(item.id) !== undefined) {
      wire.event("conversation.item.done", { previous_item_id: conversation.before(item.id), item: shown });
      this.#context.items.note(item, "server");
    }
    const output_index = this.#items.indexOf(item);
    for (let time = 0; time < times; time += 1) {
      wire.event("response.output_item.done", { response_id: this.responseId, output_index, item: shown });
    }
  }

  /** An event about the part that is open. */
  #event(type: string, fields: object): void {
    const at = {
      response_id: this.responseId,
      item_id: this.#open?.item.id,
      output_index: this.#items.length - 1,
      content_index: 0,
    };
    this.#context.wire.event(type, { ...at, ...fields });
  }

  #json(status: string, details: object | null, usage: RealtimeUsage | null) {
    const { config, output, metadata, isOutOfBand } = this.#request;
    return {
      object: "realtime.response",
      id: this.responseId,
      status,
      status_details: details,
      output: this.#items.map(itemJson),
      conversation_id: isOutOfBand ? null : this.#conversationId,
      output_modalities: config.output_modalities,
      max_output_tokens: config.max_output_tokens,
      audio: { output: { format: output.format, voice: output.voice } },
      usage,
      metadata,
    };
  }
}

/** Parts are called otherwise in their own events than in items. */
const partShown = (part: Part): object =>
  "text" in part ? { type: "text", text: part.text } : { type: "audio", transcript: part.transcript };

/** The API pads deltas of words to hide their length; what is in it means nothing. */
const padding = (delta: string): string => "abcdefghijklmnop".slice(delta.length % 16);
