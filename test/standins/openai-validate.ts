import {
  badFunctionSchema,
  badPattern,
  invalidType,
  invalidValue,
  missingParameter,
  type Refusal,
  refusal,
  shutDownModel,
  tooLong,
  tooManyItems,
  tooSmall,
  unknownModel,
  unsupportedEffort,
  unsupportedParameter,
} from "./openai-errors.ts";
import { EFFORTS, type Effort, findModel, isShutDown, type TextTraits } from "./openai-models.ts";
import type { PromptTool, ToolChoice } from "./openai-prompt.ts";

export type Json = Readonly<Record<string, unknown>>;

/** A request that OpenAI would refuse; caught where it is answered. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.error.message);
    this.refusal = refusal;
  }
}

export function refuse(refusal: Refusal): never {
  throw new Refused(refusal);
}

export const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Null counts as absent, as it does at OpenAI for every optional parameter. */
const absent = (value: unknown): value is null | undefined => value === undefined || value === null;

/** A value's kind in the words of OpenAI's `invalid_type`. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "number") return Number.isInteger(value) ? "an integer" : "a decimal number";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

const wrongType = (path: string, expected: string, value: unknown): never =>
  refuse(invalidType(path, expected, kindOf(value)));

export function stringOf(value: unknown, path: string, maximum = 10_485_760): string {
  if (value === undefined) return refuse(missingParameter(path));
  if (typeof value !== "string") return wrongType(path, "a string", value);
  return value.length > maximum ? refuse(tooLong(path, maximum, value.length)) : value;
}

export const optionalString = (value: unknown, path: string, maximum?: number): string | undefined =>
  absent(value) ? undefined : stringOf(value, path, maximum);

export function optionalFlag(value: unknown, path: string): boolean | undefined {
  if (absent(value)) return undefined;
  return typeof value === "boolean" ? value : wrongType(path, "a boolean", value);
}

export function optionalInteger(value: unknown, path: string, minimum: number): number | undefined {
  if (absent(value)) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) return wrongType(path, "an integer", value);
  return value < minimum ? refuse(tooSmall(path, minimum, value)) : value;
}

export function recordOf(value: unknown, path: string): Json {
  if (value === undefined) return refuse(missingParameter(path));
  return isRecord(value) ? value : wrongType(path, "an object", value);
}

export function listOf(value: unknown, path: string, maximum = Number.POSITIVE_INFINITY): readonly unknown[] {
  if (value === undefined) return refuse(missingParameter(path));
  if (!Array.isArray(value)) return wrongType(path, "an array of objects", value);
  return value.length > maximum ? refuse(tooManyItems(path, maximum, value.length)) : value;
}

export function oneOf<Value extends string>(value: unknown, path: string, values: readonly Value[]): Value {
  const text = stringOf(value, path);
  return values.find((one) => one === text) ?? refuse(invalidValue(path, text, values));
}

/** Refuses the first key that is not in the list. */
export function onlyKeys(record: Json, keys: ReadonlySet<string>, refusalOf: (name: string) => Refusal): void {
  for (const name of Object.keys(record)) if (!keys.has(name)) refuse(refusalOf(name));
}

/** Ids of tool calls: any text of 1 to 64 characters. */
export const callIdOf = (value: unknown, path: string): string => {
  const id = stringOf(value, path, 64);
  return id === "" ? refuse(invalidValue(path, id, ["a non-empty string"])) : id;
};

const NAME = "^[a-zA-Z0-9_-]+$";
const NAME_PATTERN = new RegExp(NAME);

export function functionNameOf(value: unknown, path: string): string {
  const name = stringOf(value, path, 64);
  return NAME_PATTERN.test(name) ? name : refuse(badPattern(path, NAME));
}

/** A function's definition, flat (Responses) or inside `function` (Chat): the caller says at which path it lies. */
export function functionOf(definition: Json, path: string): PromptTool {
  const name = functionNameOf(definition.name, `${path}.name`);
  const description = optionalString(definition.description, `${path}.description`) ?? "";
  const isStrict = optionalFlag(definition.strict, `${path}.strict`) === true;
  const parameters = absent(definition.parameters) ? {} : recordOf(definition.parameters, `${path}.parameters`);
  const problem = problemOfSchema(parameters, isStrict);
  if (problem !== undefined) refuse(badFunctionSchema(`${path}.parameters`, name, problem));
  return { name, description, parameters };
}

/** OpenAI checks the outermost type always, and in strict mode every object of the schema. */
function problemOfSchema(schema: Json, isStrict: boolean): string | undefined {
  if (Object.keys(schema).length === 0) return undefined;
  if (schema.type !== "object") {
    const got = typeof schema.type === "string" ? schema.type : "None";
    return `schema must be a JSON Schema of 'type: "object"', got 'type: "${got}"'.`;
  }
  return isStrict ? strictProblem(schema, []) : undefined;
}

function strictProblem(schema: Json, context: readonly string[]): string | undefined {
  const at = `In context=(${context.map((step) => `'${step}'`).join(", ")})`;
  if (isRecord(schema.items)) return strictProblem(schema.items, [...context, "items"]);
  if (schema.type !== "object") return undefined;
  if (schema.additionalProperties !== false) {
    return `${at}, 'additionalProperties' is required to be supplied and to be false.`;
  }
  const properties = isRecord(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  const missing = Object.keys(properties).find((name) => !required.includes(name));
  if (missing !== undefined) {
    return `${at}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`;
  }
  for (const [name, inner] of Object.entries(properties)) {
    const problem = isRecord(inner) ? strictProblem(inner, [...context, "properties", name]) : undefined;
    if (problem !== undefined) return problem;
  }
  return undefined;
}

export interface FoundModel {
  readonly id: string;
  readonly traits: TextTraits;
}

/** The text model of that name; 404 when it is unknown, shut down by now, or no text model. */
export function modelOf(id: string, nowMs: number): FoundModel {
  const model = findModel(id);
  if (model?.traits === undefined) return refuse(unknownModel(id));
  return isShutDown(model, nowMs) ? refuse(shutDownModel(id)) : { id, traits: model.traits };
}

/** The effort asked for, or the model's own; refused when the model does not take the parameter or the value. */
export function effortOf(value: unknown, path: string, model: FoundModel): Effort {
  if (absent(value)) return model.traits.defaultEffort;
  const effort = oneOf(value, path, EFFORTS);
  if (model.traits.efforts.length === 0) return refuse(unsupportedParameter(path));
  return model.traits.efforts.includes(effort)
    ? effort
    : refuse(unsupportedEffort(path, model.id, effort, model.traits.efforts));
}

/** A thinking model takes no sampling parameters. */
export function refuseSampling(body: Json, model: FoundModel, effort: Effort): void {
  if (model.traits.efforts.length === 0 || effort === "none") return;
  for (const name of ["temperature", "top_p", "top_logprobs"]) {
    if (!absent(body[name])) refuse(unsupportedParameter(name));
  }
}

const CHOICES = ["none", "auto", "required"] as const;

/** @param named reads a choice given as an object, which differs between the endpoints. */
export function toolChoiceOf(
  value: unknown,
  tools: readonly PromptTool[],
  named: (choice: Json) => string,
): ToolChoice {
  if (absent(value)) return "auto";
  if (!isRecord(value)) return oneOf(value, "tool_choice", CHOICES);
  const name = named(value);
  if (tools.some((tool) => tool.name === name)) return { name };
  return refuse(refusal(400, "Tool choice 'function' not found in 'tools' parameter.", { param: "tool_choice" }));
}
