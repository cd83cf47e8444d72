import type { Purpose } from "./openai-brain-tools.ts";

type Json = Readonly<Record<string, unknown>>;

/** Most facts of one result that are said aloud, and most characters of a text in it. */
const FACTS = 4;
const TEXT_CHARACTERS = 160;

/** A tool's output in spoken words. Takes any text: JSON of any shape, or none. */
export function sayResult(purpose: Purpose, output: string): string {
  if (purpose === "end-call") return "It was nice talking to you. Goodbye!";
  if (purpose === "hand-over") return "One moment please, a person takes over now.";
  const value = parsed(output);
  const error = errorIn(value);
  if (error !== undefined) return `I'm sorry, that did not work. ${error}`.trim();
  if (purpose === "time") return sayTime(value) ?? sayAnything(value);
  if (purpose === "dice") return sayDice(value) ?? sayAnything(value);
  return sayAnything(value);
}

/** A failure a tool reports of itself, as a sentence; a text that is not one is only said when it is short. */
function errorIn(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  const { error } = value;
  const failed =
    (error !== undefined && error !== null && error !== false) || value.ok === false || value.success === false;
  if (!failed) return undefined;
  const text = isRecord(error) ? error.message : error;
  return typeof text === "string" && text !== "" ? sentence(`It says: ${shortened(text)}`) : "";
}

function sayTime(value: unknown): string | undefined {
  const texts = typeof value === "string" ? [value] : isRecord(value) ? Object.values(value).filter(isText) : [];
  // A spoken or local form before a time of another zone.
  const times = texts.flatMap((text) => clockTimeIn(text) ?? []);
  const time = times.find((one) => !one.isUtc) ?? times[0];
  if (time === undefined) return undefined;
  const zone = texts.find((text) => /^[A-Za-z_]+\/[A-Za-z_/+-]+$/.test(text));
  const place = zone?.split("/").at(-1)?.replaceAll("_", " ");
  const day = texts.map((text) => /\b(mon|tues|wednes|thurs|fri|satur|sun)day\b/i.exec(text)?.[0]).find((one) => one);
  return sentence(`It is ${time.spoken}${day ? ` on ${day}` : ""}${place ? ` in ${place}` : ""}`);
}

function clockTimeIn(text: string): { readonly spoken: string; readonly isUtc: boolean } | undefined {
  const found = /(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?[\s\u202f]*([AaPp])?\.?([Mm])?/.exec(text);
  if (found === null) return undefined;
  const [, hours = "", minutes = "", half] = found;
  const hour = Number(hours);
  const isMorning = half === undefined ? hour < 12 : half.toLowerCase() === "a";
  const spoken = `${half === undefined ? hour % 12 || 12 : hour}:${minutes} ${isMorning ? "AM" : "PM"}`;
  return { spoken, isUtc: /\dZ$/.test(text) };
}

function sayDice(value: unknown): string | undefined {
  const rolls = Array.isArray(value)
    ? value.filter(isNumber)
    : isRecord(value)
      ? Object.values(value).find((one): one is number[] => Array.isArray(one) && one.every(isNumber))
      : isNumber(value)
        ? [value]
        : undefined;
  if (rolls === undefined || rolls.length === 0) return undefined;
  const total = rolls.reduce((sum, roll) => sum + roll, 0);
  return rolls.length === 1
    ? `You rolled a ${total}.`
    : `You rolled ${listed(rolls.map(String))}, which makes ${total}.`;
}

function sayAnything(value: unknown): string {
  if (isText(value)) return value.trim() === "" ? "That is done." : sentence(shortened(value.trim()));
  if (isNumber(value)) return `The answer is ${value}.`;
  if (typeof value === "boolean") return value ? "Yes, that is so." : "No, that is not so.";
  if (Array.isArray(value)) {
    if (value.length === 0) return "I found nothing.";
    const things = value
      .slice(0, FACTS)
      .map((one) => (isRecord(one) ? factsOf(one).slice(0, 2).join(", ") : said(one)));
    return sentence(`I found ${value.length === 1 ? "one thing" : `${value.length} things`}: ${listed(things)}`);
  }
  const facts = isRecord(value) ? factsOf(value) : [];
  return facts.length === 0 ? "That is done." : sentence(capitalised(listed(facts.slice(0, FACTS))));
}

/** `{"temperature_c": 21}` as "the temperature c is 21"; flags that only say that all went well are left out. */
function factsOf(record: Json): string[] {
  return Object.entries(record).flatMap(([name, value]) => {
    if (value === null || value === undefined || (value === true && /^(ok|success)$/i.test(name))) return [];
    if (isRecord(value)) return factsOf(value);
    return [`the ${spokenName(name)} ${Array.isArray(value) ? "are" : "is"} ${said(value)}`];
  });
}

const said = (value: unknown): string =>
  Array.isArray(value) ? listed(value.slice(0, FACTS).map(said)) : isRecord(value) ? "there" : shortened(String(value));

export const spokenName = (name: string): string =>
  name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .toLowerCase();

export const listed = (things: readonly string[]): string =>
  things.length < 2 ? things.join("") : `${things.slice(0, -1).join(", ")} and ${things.at(-1)}`;

export const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);

export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const shortened = (text: string): string =>
  text.length <= TEXT_CHARACTERS ? text : `${text.slice(0, TEXT_CHARACTERS).replace(/\s+\S*$/, "")} and so on`;

function parsed(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return output;
  }
}

const isText = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
