/**
 * The schema of a tool's arguments as a table of rows, and as fields to fill in. The schema itself stays the truth: a row
 * is changed within it, so that whatever else its student wrote there survives. Pure.
 */

type Json = Readonly<Record<string, unknown>>;

export const PARAMETER_TYPES = ["string", "number", "integer", "boolean"] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  readonly description: string;
  readonly required: boolean;
}

export const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const propertiesOf = (schema: unknown): Json =>
  isRecord(schema) && isRecord(schema.properties) ? schema.properties : {};
const requiredOf = (schema: unknown): readonly unknown[] =>
  isRecord(schema) && Array.isArray(schema.required) ? schema.required : [];
const typeOf = (property: unknown): ParameterType | undefined =>
  PARAMETER_TYPES.find((type) => isRecord(property) && property.type === type);

/** The rows of a flat schema; `null`: some of it would not fit into a row. */
export function parametersOf(schema: unknown): readonly Parameter[] | null {
  const required = requiredOf(schema);
  const rows: Parameter[] = [];
  for (const [name, property] of Object.entries(propertiesOf(schema))) {
    const type = typeOf(property);
    if (!type || !isRecord(property)) return null;
    const { description } = property;
    rows.push({
      name,
      type,
      description: typeof description === "string" ? description : "",
      required: required.includes(name),
    });
  }
  return rows;
}

/**
 * What OpenAI takes as a name, beginning with a letter: a name of digits would change its place, and `__proto__` its
 * meaning.
 */
const PARAMETER_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Whether a parameter may be called so beside the others. */
export const isFreeName = (schema: unknown, name: string): boolean =>
  PARAMETER_NAME.test(name) && !Object.hasOwn(propertiesOf(schema), name);

/** The schema with one row changed, in its place. Another type forgets the bounds and choices of the old one. */
export function withParameter(schema: unknown, name: string, change: Partial<Parameter>): Json {
  const changed = (property: unknown): Json => {
    const { description: _, ...rest } = isRecord(property) ? property : {};
    const said = change.description ?? (isRecord(property) ? property.description : undefined);
    const kept = change.type === undefined || change.type === typeOf(property) ? rest : { type: change.type };
    return said === undefined || said === "" ? kept : { ...kept, description: said };
  };
  const called = change.name ?? name;
  const isRequired = change.required ?? requiredOf(schema).includes(name);
  const required = requiredOf(schema).filter((other) => other !== name);
  return {
    ...(isRecord(schema) ? schema : {}),
    type: "object",
    properties: Object.fromEntries(
      Object.entries(propertiesOf(schema)).map(([key, property]) =>
        key === name ? [called, changed(property)] : [key, property],
      ),
    ),
    required: isRequired ? [...required, called] : required,
  };
}

/** The schema with one row more, under a name that is free. */
export function withNewParameter(schema: unknown): Json {
  let name = "value";
  for (let number = 2; !isFreeName(schema, name); number += 1) name = `value_${number}`;
  const properties = { ...propertiesOf(schema), [name]: { type: "string" } };
  return { ...(isRecord(schema) ? schema : {}), type: "object", properties };
}

export function withoutParameter(schema: unknown, name: string): Json {
  const properties = Object.fromEntries(Object.entries(propertiesOf(schema)).filter(([key]) => key !== name));
  const required = requiredOf(schema).filter((other) => other !== name);
  return { ...(isRecord(schema) ? schema : {}), properties, required };
}

/** One argument, to be filled in before a tool is run. */
export interface ArgumentField {
  readonly name: string;
  /** `json`: whatever none of the others can hold. */
  readonly kind: "text" | "number" | "boolean" | "choice" | "json";
  readonly choices: readonly string[];
  readonly description: string;
  readonly required: boolean;
  /** To begin with, as it is written in the field. */
  readonly sample: string;
}

export function argumentFieldsOf(schema: unknown): readonly ArgumentField[] {
  const required = requiredOf(schema);
  return Object.entries(propertiesOf(schema)).map(([name, property]) => {
    const choices = choicesOf(property);
    const kind = choices.length > 0 ? "choice" : kindOf(property);
    const sample = sampleOf(property, name);
    return {
      name,
      kind,
      choices,
      description: isRecord(property) && typeof property.description === "string" ? property.description : "",
      required: required.includes(name),
      sample: kind === "json" ? JSON.stringify(sample) : String(sample),
    };
  });
}

const choicesOf = (property: unknown): readonly string[] =>
  isRecord(property) && Array.isArray(property.enum) && property.enum.every((value) => typeof value === "string")
    ? property.enum
    : [];

function kindOf(property: unknown): ArgumentField["kind"] {
  const type = typeOf(property);
  if (type === undefined) return "json";
  return type === "string" ? "text" : type === "boolean" ? "boolean" : "number";
}

/** Believable by their names. */
const SAMPLES: readonly (readonly [RegExp, string])[] = [
  [/e-?mail/i, "ada@example.com"],
  [/phone|mobile/i, "+1 555 0100"],
  [/date|day/i, "2026-12-01"],
  [/time|hour/i, "18:30"],
  [/city|place|location|where/i, "Lisbon"],
  [/name|who|guest|customer/i, "Ada"],
  [/url|link/i, "https://example.com"],
  [/id|number|code/i, "1042"],
];

/** A value that fits: what the schema itself gives, then what its words give, then one of its type. */
function sampleOf(property: unknown, name: string): unknown {
  if (!isRecord(property)) return "";
  const { default: standard, examples, enum: choices, description } = property;
  const given = standard ?? property.const ?? first(examples) ?? first(choices);
  if (given !== undefined) return given;
  switch (property.type) {
    case "number":
    case "integer":
      return typeof property.minimum === "number" ? property.minimum : 1;
    case "boolean":
      return true;
    case "array":
      return [sampleOf(property.items, name)];
    case "object":
      return Object.fromEntries(
        Object.entries(propertiesOf(property)).map(([key, inner]) => [key, sampleOf(inner, key)]),
      );
    default: {
      const example = typeof description === "string" ? /e\.g\.,?\s+([^,;()]+)/.exec(description)?.[1] : undefined;
      return example?.trim().replace(/\.$/, "") ?? SAMPLES.find(([pattern]) => pattern.test(name))?.[1] ?? "something";
    }
  }
}

const first = (values: unknown): unknown => (Array.isArray(values) ? values[0] : undefined);

export type Arguments =
  | { readonly ok: true; readonly value: Json }
  /** The field that does not hold what its kind asks for. */
  | { readonly ok: false; readonly name: string };

/** What was filled in, as the model would send it; what is empty and not required is left out. */
export function argumentsOf(fields: readonly ArgumentField[], texts: ReadonlyMap<string, string>): Arguments {
  const entries: (readonly [string, unknown])[] = [];
  for (const { name, kind, required, sample } of fields) {
    const text = texts.get(name) ?? sample;
    if (text.trim() === "" && !(required && kind === "text")) {
      if (required) return { ok: false, name };
      continue;
    }
    const value = readAs(kind, text);
    if (value === undefined) return { ok: false, name };
    entries.push([name, value]);
  }
  return { ok: true, value: Object.fromEntries(entries) };
}

/** `undefined`: it is not one. */
function readAs(kind: ArgumentField["kind"], text: string): unknown {
  if (kind === "text" || kind === "choice") return text;
  if (kind === "boolean") return text === "true";
  const value = parsedJson(text);
  return kind === "number" && typeof value !== "number" ? undefined : value;
}

/** `undefined`: it is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
