import { tokensOf } from "./openai-prompt.ts";
import type { MakeId } from "./openai-responses.ts";
import type { SessionContext } from "./realtime-context.ts";
import { type Item, type ItemBody, itemJson, type OutputPart } from "./realtime-conversation.ts";
import type { ResponseRequest } from "./realtime-response-request.ts";
import type { ResponseJson } from "./realtime-shapes.ts";
import type { RealtimeUsage } from "./realtime-usage.ts";

export interface Outcome {
  readonly status: "completed" | "cancelled" | "failed" | "incomplete";
  readonly reason?: "turn_detected" | "client_cancelled" | "max_output_tokens";
  readonly error?: { readonly type: string; readonly code: string; readonly message: string };
}

type StatusDetails = NonNullable<ResponseJson["status_details"]>;
type Message = Extract<ItemBody, { type: "message" }>;

/** The message that is being written, and where it is in the response. */
interface OpenMessage {
  readonly item: Item;
  readonly part: OutputPart;
  readonly at: {
    readonly response_id: string;
    readonly item_id: string;
    readonly output_index: number;
    readonly content_index: number;
  };
}

/** Writes one response in the API's words and order, and keeps its items in the conversation. */
export class ResponseWriter {
  readonly responseId: string;
  readonly #context: SessionContext;
  readonly #request: ResponseRequest;
  readonly #conversationId: string;
  readonly #makeId: MakeId;
  readonly #items: Item[] = [];
  #open: OpenMessage | undefined;

  constructor(context: SessionContext, request: ResponseRequest) {
    this.#context = context;
    this.#request = request;
    this.#makeId = context.makeId;
    this.#conversationId = context.conversationId;
    this.responseId = context.makeId("resp");
  }

  created(): void {
    this.#context.wire.event("response.created", { response: { ...this.#json("in_progress", null), usage: null } });
  }

  openMessage(modality: "audio" | "text"): void {
    const part: OutputPart =
      modality === "text"
        ? { type: "output_text", text: "" }
        : { type: "output_audio", said: "", ms: 0, transcript: "" };
    // The part joins the item when it is announced: the item is shown without any content first.
    const body: Message = { type: "message", role: "assistant", content: [] };
    const item = this.#add(body);
    body.content.push(part);
    const place = { output_index: this.#items.length - 1, content_index: 0 };
    this.#open = { item, part, at: { response_id: this.responseId, item_id: item.id, ...place } };
    this.#context.wire.event("response.content_part.added", { ...this.#open.at, part: partShown(part) });
  }

  textDelta(delta: string): void {
    if (this.#open?.part.type !== "output_text") return;
    const { part, at } = this.#open;
    part.text += delta;
    this.#context.wire.event("response.output_text.delta", { ...at, delta, obfuscation: padding(delta) });
  }

  /** Words first, then the sound they belong to, as the API's transcript runs ahead of its voice. */
  audioDelta(words: string, sound: Uint8Array, ms: number): void {
    if (this.#open?.part.type !== "output_audio") return;
    const { part, at } = this.#open;
    const { wire, record } = this.#context;
    part.said += words;
    part.transcript += words;
    part.ms += ms;
    if (words !== "") {
      const padded = { delta: words, obfuscation: padding(words) };
      wire.event("response.output_audio_transcript.delta", { ...at, ...padded });
    }
    const bytes = Buffer.from(sound.buffer, sound.byteOffset, sound.byteLength);
    wire.event("response.output_audio.delta", { ...at, delta: bytes.toString("base64") });
    record.audioOut.bytes += sound.byteLength;
    record.audioOut.ms += ms;
  }

  /** Ends the message that is open, whole or cut; without one it does nothing. */
  closeMessage(status: "completed" | "incomplete"): void {
    if (this.#open === undefined) return;
    const { item, part, at } = this.#open;
    const { wire } = this.#context;
    if (part.type === "output_text") {
      wire.event("response.output_text.done", { ...at, text: part.text });
    } else {
      wire.event("response.output_audio.done", at);
      wire.event("response.output_audio_transcript.done", { ...at, transcript: part.transcript });
    }
    wire.event("response.content_part.done", { ...at, part: partShown(part) });
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

  /** @param told instead of the usage, as a faulty server does: anything, and `undefined` leaves the field away. */
  done(outcome: Outcome, usage: RealtimeUsage | null, told?: { readonly usage: unknown }): void {
    const { wire } = this.#context;
    const { status, ...details } = outcome;
    const response = this.#json(status, status === "completed" ? null : { type: status, ...details });
    if (told) wire.strange("response.done", { response: { ...response, ...told } });
    else wire.event("response.done", { response: { ...response, usage } });
    const tokens = { name: "tokens", limit: 15_000_000, remaining: 14_990_000, reset_seconds: 0.04 } as const;
    wire.event("rate_limits.updated", { rate_limits: [tokens] });
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

  /** Without usage, which depends on the event. */
  #json(status: Outcome["status"] | "in_progress", details: StatusDetails | null): ResponseJson {
    const { config, output, metadata, isOutOfBand } = this.#request;
    const voice = typeof output.voice === "string" ? output.voice : output.voice.id;
    return {
      object: "realtime.response",
      id: this.responseId,
      status,
      status_details: details,
      output: this.#items.map(itemJson),
      conversation_id: isOutOfBand ? null : this.#conversationId,
      output_modalities: config.output_modalities,
      max_output_tokens: config.max_output_tokens,
      audio: { output: { format: output.format, voice } },
      metadata,
    };
  }
}

/** Parts are called otherwise in their own events than in items. */
const partShown = (part: OutputPart) =>
  part.type === "output_text"
    ? ({ type: "text", text: part.text } as const)
    : ({ type: "audio", transcript: part.transcript } as const);

/** The API pads deltas of words to hide their length; what is in it means nothing. */
const padding = (delta: string): string => "abcdefghijklmnop".slice(delta.length % 16);
