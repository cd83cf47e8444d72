import { badPattern, invalidValue, missingParameter, notPlayed } from "./openai-errors.ts";
import type { MakeId } from "./openai-responses.ts";
import {
  callIdOf,
  functionNameOf,
  type Json,
  listOf,
  oneOf,
  optionalString,
  recordOf,
  refuse,
  stringOf,
} from "./openai-validate.ts";
import { keys, only } from "./realtime-audio.ts";
import type { Conversation, Item, ItemBody, Part } from "./realtime-conversation.ts";
import { itemExists, noSuchCall, noSuchItem } from "./realtime-errors.ts";

const ITEM_KEYS = {
  message: keys("id", "object", "type", "status", "role", "content"),
  function_call: keys("id", "object", "type", "status", "name", "call_id", "arguments"),
  function_call_output: keys("id", "object", "type", "status", "call_id", "output"),
};
const ITEM_TYPES = ["message", "function_call", "function_call_output"] as const;
const ID_PATTERN = "^[a-zA-Z0-9_-]+$";

/** What there is already: an output needs its call, an id may not come twice. */
type Known = Pick<Conversation, "find" | "hasCall">;

/** An item that a client creates; throws `Refused`. Its path is `item` or, in a response's own input, `response.input[n]`. */
export function readItem(value: unknown, path: string, known: Known, makeId: MakeId): Item {
  const item = recordOf(value, path);
  const type = oneOf(item.type, `${path}.type`, ITEM_TYPES);
  only(item, path, ITEM_KEYS[type]);
  const id = optionalString(item.id, `${path}.id`, 32);
  if (id !== undefined && !new RegExp(ID_PATTERN).test(id)) refuse(badPattern(`${path}.id`, ID_PATTERN));
  if (id !== undefined && known.find(id) !== undefined) refuse(itemExists(id));
  return { id: id ?? makeId("item"), body: readBody(item, type, path, known, makeId), status: "completed" };
}

function readBody(item: Json, type: (typeof ITEM_TYPES)[number], path: string, known: Known, makeId: MakeId): ItemBody {
  switch (type) {
    case "function_call":
      return {
        type,
        name: functionNameOf(item.name, `${path}.name`),
        callId: optionalString(item.call_id, `${path}.call_id`, 64) ?? makeId("call"),
        arguments: stringOf(item.arguments, `${path}.arguments`),
      };
    case "function_call_output": {
      const callId = callIdOf(item.call_id, `${path}.call_id`);
      if (!known.hasCall(callId)) refuse(noSuchCall(callId));
      return { type, callId, output: stringOf(item.output, `${path}.output`) };
    }
    case "message": {
      const role = oneOf(item.role, `${path}.role`, ["user", "assistant", "system"]);
      const content = listOf(item.content, `${path}.content`).map((part, index) =>
        readPart(part, `${path}.content[${index}]`, role),
      );
      return { type, role, content };
    }
  }
}

const PARTS = {
  user: ["input_text", "input_audio", "input_image"],
  system: ["input_text"],
  assistant: ["output_text", "output_audio"],
} as const;

function readPart(value: unknown, path: string, role: keyof typeof PARTS): Part {
  const part = recordOf(value, path);
  const type = stringOf(part.type, `${path}.type`);
  if (!PARTS[role].some((one) => one === type)) refuse(invalidValue(`${path}.type`, type, PARTS[role]));
  // Sound of the agent's cannot be put back; the API then misses the text (github.com/openai/openai-agents-js/issues/963).
  if (type === "output_audio") refuse(missingParameter(`${path}.text`));
  // A client's own recording and images: nothing here could listen or look.
  if (type === "input_audio" || type === "input_image") refuse(notPlayed(`${path}.type`));
  only(part, path, keys("type", "text"));
  const text = stringOf(part.text, `${path}.text`);
  return role === "assistant" ? { type: "output_text", text } : { type: "input_text", text };
}

/** The items that a response is given instead of the conversation, new ones and references to old ones. */
export function readInput(value: unknown, path: string, conversation: Conversation, makeId: MakeId): readonly Item[] {
  const items: Item[] = [];
  const known: Known = {
    find: (id) => conversation.find(id),
    hasCall: (callId) =>
      conversation.hasCall(callId) || items.some(({ body }) => body.type === "function_call" && body.callId === callId),
  };
  for (const [index, one] of listOf(value, path).entries()) {
    const at = `${path}[${index}]`;
    const item = recordOf(one, at);
    if (item.type === "item_reference") {
      only(item, at, keys("type", "id"));
      const id = stringOf(item.id, `${at}.id`);
      items.push(conversation.find(id) ?? refuse(noSuchItem(`${at}.id`, id)));
    } else {
      items.push(readItem(item, at, known, makeId));
    }
  }
  return items;
}
