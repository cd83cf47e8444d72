import { missingParameter } from "./openai-errors.ts";
import type { MakeId } from "./openai-responses.ts";
import { type Json, optionalInteger, optionalString, refuse, stringOf } from "./openai-validate.ts";
import {
  audioMsOfItem,
  type Conversation,
  type Item,
  itemJson,
  type Part,
  textOfItem,
  truncate,
} from "./realtime-conversation.ts";
import { alreadyShorter, noSuchItem, notTruncatable } from "./realtime-errors.ts";
import { readItem } from "./realtime-items.ts";
import type { OpenRecord } from "./realtime-journal.ts";
import type { Wire } from "./realtime-wire.ts";

/** The conversation as the client works on it, with the events that confirm it. */
export class ItemDesk {
  readonly #conversation: Conversation;
  readonly #wire: Wire;
  readonly #record: OpenRecord;
  readonly #makeId: MakeId;

  constructor(conversation: Conversation, wire: Wire, record: OpenRecord, makeId: MakeId) {
    this.#conversation = conversation;
    this.#wire = wire;
    this.#record = record;
    this.#makeId = makeId;
  }

  /** Puts a whole item at its place and announces it. */
  add(item: Item, by: "client" | "server", behind?: string): void {
    const shown = { previous_item_id: this.#conversation.add(item, behind), item: itemJson(item) };
    this.#wire.event("conversation.item.added", shown);
    this.#wire.event("conversation.item.done", shown);
    this.note(item, by);
  }

  /** Writes an item into the record, or what has become of it. */
  note(item: Item, by: "client" | "server"): void {
    const { items } = this.#record;
    const text = textOfItem(item);
    const audioMs = audioMsOfItem(item);
    const known = items.find(({ itemId }) => itemId === item.id);
    if (known !== undefined) Object.assign(known, { text, audioMs });
    else items.push({ itemId: item.id, kind: kindOf(item), by, text, audioMs });
  }

  /** `conversation.item.create`. */
  create(event: Json): void {
    const behind = optionalString(event.previous_item_id, "previous_item_id");
    const item = readItem(event.item, "item", this.#conversation, this.#makeId);
    if (behind !== undefined && behind !== "root" && this.#conversation.find(behind) === undefined) {
      refuse(noSuchItem("previous_item_id", behind));
    }
    this.add(item, "client", behind);
  }

  /** `conversation.item.delete`. */
  delete(event: Json): void {
    const { id } = this.#named(event);
    this.#conversation.delete(id);
    this.#wire.event("conversation.item.deleted", { item_id: id });
  }

  /** `conversation.item.retrieve`. Without sound, which is not kept. */
  retrieve(event: Json): void {
    this.#wire.event("conversation.item.retrieved", { item: itemJson(this.#named(event)) });
  }

  /** `conversation.item.truncate`. */
  truncate(event: Json): void {
    const itemId = stringOf(event.item_id, "item_id");
    const contentIndex = required(event, "content_index");
    const audioEndMs = required(event, "audio_end_ms");
    const item = this.#conversation.find(itemId);
    const part = item === undefined ? undefined : spokenPart(item, contentIndex);
    const sentMs = item === undefined ? null : (part?.ms ?? 0);
    const isRefused = part === undefined || audioEndMs > part.ms;
    this.#record.truncations.push({ itemId, audioEndMs, sentMs, isRefused });
    if (item === undefined) refuse(noSuchItem("item_id", itemId));
    if (part === undefined) refuse(notTruncatable());
    if (isRefused) refuse(alreadyShorter(part.ms, audioEndMs));
    truncate(part, audioEndMs);
    this.note(item, "server");
    this.#wire.event("conversation.item.truncated", {
      item_id: itemId,
      content_index: contentIndex,
      audio_end_ms: audioEndMs,
    });
  }

  #named(event: Json): Item {
    const id = stringOf(event.item_id, "item_id");
    return this.#conversation.find(id) ?? refuse(noSuchItem("item_id", id));
  }
}

const required = (event: Json, name: string): number =>
  optionalInteger(event[name], name, 0) ?? refuse(missingParameter(name));

const kindOf = ({ body }: Item): string => (body.type === "message" ? body.role : body.type);

/** What the agent said with its voice; before its first sound there is nothing to truncate. */
function spokenPart({ body }: Item, contentIndex: number): Extract<Part, { type: "output_audio" }> | undefined {
  const part = body.type === "message" ? body.content[contentIndex] : undefined;
  return part?.type === "output_audio" && part.ms > 0 ? part : undefined;
}
