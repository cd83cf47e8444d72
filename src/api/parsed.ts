import * as z from "zod";
import { Failure } from "../failure.ts";

/** Fields of an agent's configuration, in our words and in the predecessor's: what breaks one is `bad_config`. */
const CONFIG_FIELDS = new Set<PropertyKey | undefined>([
  "prompt",
  "greeting",
  "voice",
  "tools",
  "tool",
  "language",
  "turnEnd",
  "patience",
  "systemPrompt",
  "ivrGreeting",
  "selectedVoice",
]);

/**
 * Parses what came from outside. The first broken rule becomes the failure's `field`: a path of the schema's own names
 * and words of ours. The library's own messages are never used: one of them quotes field names as they came in.
 *
 * @throws Failure `bad_config` for a field of the agent's configuration, else `bad_request`.
 */
export function parsed<Value>(schema: z.ZodType<Value>, input: unknown): Value {
  const result = schema.safeParse(input, { error: wordsFor });
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0] ?? { path: [], message: "is not valid" };
  const reason = CONFIG_FIELDS.has(path[0]) ? "bad_config" : "bad_request";
  throw new Failure(reason, `${dotted(path) || "body"}: ${message}`);
}

const TYPE_WORDS = new Map<string, string>([
  ["string", "must be text"],
  ["object", "must be an object"],
  ["array", "must be a list"],
  ["number", "must be a number"],
  ["int", "must be a whole number"],
]);

/** A rule that has words of its own keeps them: the library asks here for the others. */
const wordsFor: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined ? "is missing" : (TYPE_WORDS.get(issue.expected) ?? "is of another type");
    case "unrecognized_keys":
      return `holds a field that is not known here${knownFields(issue.inst)}`;
    case "too_big":
      return issue.origin === "string"
        ? `must be at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`;
    case "too_small":
      return issue.origin === "string" ? "must not be empty" : `must be at least ${issue.minimum}`;
    case "invalid_value":
      return `must be one of ${issue.values.join(", ")}`;
    default:
      return "is not valid";
  }
};

function knownFields(schema: unknown): string {
  const names = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  return names.length > 0 ? `; known are ${names.join(", ")}` : "";
}

/** `tools[2].function.name`; a segment that is a path already is taken as it is. */
const dotted = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, segment) => {
    if (typeof segment === "number") return `${text}[${segment}]`;
    const name = String(segment);
    return text === "" || name.startsWith("[") ? text + name : `${text}.${name}`;
  }, "");
