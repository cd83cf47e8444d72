import type { PromptItem } from "./openai-prompt.ts";
import type { ItemJson } from "./realtime-shapes.ts";

export type Part =
  | { readonly type: "input_text"; readonly text: string }
  | { readonly type: "output_text"; text: string }
  /** `heard` is what the model understood; `transcript` what the transcription has told the client so far. */
  | { readonly type: "input_audio"; readonly heard: string; readonly ms: number; transcript: string | null }
  /** `said` is what the model knows that it said; `ms` the sound that was sent of it. Both shrink by truncation. */
  | { readonly type: "output_audio"; said: string; ms: number; transcript: string };

export type ItemBody =
  | { readonly type: "message"; readonly role: "system" | "user" | "assistant"; readonly content: Part[] }
  | { readonly type: "function_call"; readonly name: string; readonly callId: string; arguments: string }
  | { readonly type: "function_call_output"; readonly callId: string; readonly output: string };

export interface Item {
  readonly id: string;
  readonly body: ItemBody;
  status: "in_progress" | "completed" | "incomplete";
}

/** An item as events show it: without sound. */
export function itemJson({ id, body, status }: Item): ItemJson {
  const head = { id, object: "realtime.item", status } as const;
  switch (body.type) {
    case "message":
      return messageJson(head, body);
    case "function_call":
      return { ...head, type: body.type, name: body.name, call_id: body.callId, arguments: body.arguments };
    case "function_call_output":
      return { ...head, type: body.type, call_id: body.callId, output: body.output };
  }
}

type Head = Pick<Item, "id" | "status"> & { readonly object: "realtime.item" };

/** Each role has parts of its own; no others were let in. */
function messageJson(head: Head, { type, role, content }: Extract<ItemBody, { type: "message" }>): ItemJson {
  switch (role) {
    case "system":
      return { ...head, type, role, content: content.flatMap((part) => (part.type === "input_text" ? [part] : [])) };
    case "user":
      return { ...head, type, role, content: content.flatMap((part) => (isInput(part) ? [inputJson(part)] : [])) };
    case "assistant":
      return { ...head, type, role, content: content.flatMap((part) => (isInput(part) ? [] : [outputJson(part)])) };
  }
}

type InputPart = Extract<Part, { type: "input_text" | "input_audio" }>;
export type OutputPart = Exclude<Part, InputPart>;
const isInput = (part: Part): part is InputPart => part.type === "input_text" || part.type === "input_audio";

const inputJson = (part: InputPart) =>
  part.type === "input_text" ? { type: part.type, text: part.text } : { type: part.type, transcript: part.transcript };

const outputJson = (part: OutputPart) =>
  part.type === "output_text" ? { type: part.type, text: part.text } : { type: part.type, transcript: part.transcript };

/** What an item says, as the model knows it. */
export function textOfItem({ body }: Item): string {
  if (body.type === "function_call") return body.arguments;
  if (body.type === "function_call_output") return body.output;
  return body.content
    .map((part) => {
      switch (part.type) {
        case "input_audio":
          return part.heard;
        case "output_audio":
          return part.said;
        default:
          return part.text;
      }
    })
    .join("");
}

export const audioMsOfItem = ({ body }: Item): number =>
  body.type === "message" ? body.content.reduce((sum, part) => sum + ("ms" in part ? part.ms : 0), 0) : 0;

/** The conversation in the words of the brain. */
export const promptItemsOf = (items: readonly Item[]): readonly PromptItem[] => items.map(promptItemOf);

function promptItemOf(item: Item): PromptItem {
  const { body } = item;
  switch (body.type) {
    case "function_call":
      return { kind: "tool-call", callId: body.callId, name: body.name, arguments: body.arguments };
    case "function_call_output":
      return { kind: "tool-output", callId: body.callId, output: body.output };
    case "message":
      return { kind: body.role === "assistant" ? "agent" : body.role, text: textOfItem(item) };
  }
}

/** The items of a session in their order, which is not always the order in which they came. */
export class Conversation {
  #items: Item[] = [];

  get items(): readonly Item[] {
    return this.#items;
  }

  get lastId(): string | null {
    return this.#items.at(-1)?.id ?? null;
  }

  find(id: string): Item | undefined {
    return this.#items.find((item) => item.id === id);
  }

  hasCall(callId: string): boolean {
    return this.#items.some(({ body }) => body.type === "function_call" && body.callId === callId);
  }

  /**
   * Puts an item behind another one, at the front (`"root"`) or, without `behind`, at the end. Returns the item before it.
   * The other one must be there.
   */
  add(item: Item, behind?: string): string | null {
    const at = behind === undefined ? this.#items.length : this.#items.findIndex(({ id }) => id === behind) + 1;
    this.#items.splice(at, 0, item);
    return this.#items[at - 1]?.id ?? null;
  }

  /** The item before this one. */
  before(id: string): string | null {
    return this.#items[this.#items.findIndex((item) => item.id === id) - 1]?.id ?? null;
  }

  delete(id: string): boolean {
    const rest = this.#items.filter((item) => item.id !== id);
    const wasThere = rest.length < this.#items.length;
    this.#items = rest;
    return wasThere;
  }
}

/**
 * Shortens what the agent said to what was heard: the sound to `endMs`, the words to the same share. The transcript goes:
 * nobody knows the very word. Takes what it is given; whether it may be is checked before.
 */
export function truncate(part: Extract<Part, { type: "output_audio" }>, endMs: number): void {
  const words = part.said.split(/(?<=\s)/);
  part.said =
    part.ms === 0
      ? ""
      : words
          .slice(0, Math.floor((words.length * endMs) / part.ms))
          .join("")
          .trimEnd();
  part.ms = endMs;
  part.transcript = "";
}
