import { LIMITS } from "../limits.ts";
import { VOICES } from "../protocol/agent-config.ts";
import { parseSessionToken } from "../protocol/ids.ts";
import { parseTools, type Tool } from "../protocol/tools.ts";
import { webhookUrlProblem } from "../protocol/webhook-url.ts";
import type { AdoptedStudent } from "../store/adopting.ts";
import { storableJson } from "../store/columns.ts";
import type { PredecessorRow } from "../store/predecessor-table.ts";
import { jsonOf } from "../store/reading.ts";

/*
 * One row of the predecessor's, looked at as the predecessor's save would be: what that would refuse is not taken and is
 * told. Nothing is ever cut to fit.
 */

/** What is the matter with one field, in words of ours: never with a value. */
export interface FieldProblem {
  /** The predecessor's name of the column. */
  readonly column: keyof typeof WORDS;
  readonly problem: string;
  /** It is taken all the same. */
  readonly isTaken: boolean;
}

export type RowReading =
  | {
      readonly student: Omit<AdoptedStudent, "key">;
      readonly problems: readonly FieldProblem[];
    }
  /** Its student could not come in. */
  | { readonly student: undefined; readonly problem: string };

const WORDS = {
  student_email: "e-mail address",
  student_name: "name",
  system_prompt: "prompt",
  ivr_greeting: "greeting",
  selected_voice: "voice",
  tools: "tools",
  created_at: "date of creation",
  updated_at: "date of the last save",
} as const;

/** Of texts, in bytes of UTF-8: what the predecessor's save takes. */
const MOST_BYTES = {
  student_email: LIMITS.emailCharacters,
  student_name: LIMITS.nameBytes,
  system_prompt: LIMITS.promptBytes,
  ivr_greeting: LIMITS.greetingBytes,
  selected_voice: LIMITS.voiceCharacters,
} as const;

export function readRow(row: PredecessorRow): RowReading {
  const token = parseSessionToken(row.token);
  // Every client takes a dot, or two, out of an address.
  if (token === undefined || token === "." || token === "..")
    return { student: undefined, problem: tokenProblem(row.token) };
  const problems: FieldProblem[] = [];
  const text = (column: keyof typeof MOST_BYTES, value: string | null): string | null => {
    if (value === null || Buffer.byteLength(value) <= MOST_BYTES[column]) return value;
    const most = MOST_BYTES[column].toLocaleString("en");
    problems.push({ column, problem: `the ${WORDS[column]} is longer than ${most} bytes`, isTaken: false });
    return null;
  };
  const date = (column: "created_at" | "updated_at", value: string | null): string | null => {
    if (value === null || isInstant(value)) return value;
    problems.push({ column, problem: `the ${WORDS[column]} is no date`, isTaken: false });
    return null;
  };
  const student = {
    token,
    email: text("student_email", row.email),
    name: text("student_name", row.name),
    prompt: text("system_prompt", row.prompt),
    greeting: text("ivr_greeting", row.greeting),
    voice: text("selected_voice", row.voice),
    toolsJson: readTools(row.tools, problems),
    createdAt: date("created_at", row.createdAt),
    updatedAt: date("updated_at", row.updatedAt),
  };
  if (student.voice !== null && VOICES.every((known) => known !== student.voice)) {
    const problem = "the voice is none of OpenAI's: a call with sound needs another";
    problems.push({ column: "selected_voice", problem, isTaken: true });
  }
  return { student, problems };
}

function tokenProblem(token: string | null): string {
  if (token === null || token === "") return "there is no session token";
  return "the session token is longer than 200 characters, or has one that no address can have";
}

/** PostgreSQL also has years of five digits, years before Christ and `infinity`. */
const isInstant = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d{1,6})?\+00$/.test(text) && !Number.isNaN(Date.parse(`${text}:00`));

/** The tools that the page will show, in the form they had; `null`: there are none. */
function readTools(text: string | null, problems: FieldProblem[]): unknown[] | null {
  const say = (problem: string, isTaken = false): void => {
    problems.push({ column: "tools", problem, isTaken });
  };
  if (text === null || text.trim() === "") return null;
  // Some have JSON in JSON.
  const value = jsonOf(jsonOf(text));
  if (value === null) {
    if (!/^\s*(null|"\s*null\s*")\s*$/.test(text)) say("the tools are not JSON");
    return null;
  }
  if (!Array.isArray(value)) {
    say("the tools are not a list");
    return null;
  }
  const taken = new Map<string, unknown>();
  let tooMany = 0;
  for (const [index, entry] of value.entries()) {
    const read = parseTools([entry], LIMITS);
    const tool = read.ok ? read.value[0] : undefined;
    if (!read.ok) say(`${read.path.replace("tools[0]", `tools[${index}]`)} ${read.problem}`);
    else if (!tool) continue;
    else if (taken.has(tool.name)) say(`tools[${index}].function.name is used by another tool`);
    else if (taken.size >= LIMITS.tools) tooMany += 1;
    else {
      taken.set(tool.name, entry);
      const problem = trouble(tool, entry);
      if (problem !== undefined) say(`tools[${index}]${problem}`, true);
    }
  }
  if (tooMany > 0) say(`there are ${tooMany} tools more than ${LIMITS.tools}`);
  return [...taken.values()];
}

/** What is wrong with a tool that is taken: its student can put it right on the page. */
function trouble({ answer }: Tool, entry: unknown): string | undefined {
  if (storableJson(entry) !== JSON.stringify(entry)) return " had a character that cannot be stored";
  if (answer.mode !== "webhook") return undefined;
  const rules = { urlCharacters: LIMITS.urlCharacters, ownHost: undefined, standinOrigin: undefined };
  const problem = webhookUrlProblem(answer.url, rules);
  return problem === undefined ? undefined : `.function.webhook_url ${problem}: calls refuse it until it is changed`;
}
