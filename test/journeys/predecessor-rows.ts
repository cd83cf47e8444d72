import { createCipheriv } from "node:crypto";
import type { PGlite } from "@electric-sql/pglite";
import { seeded } from "../vault/samples.ts";

/*
 * A database as the predecessor left it, made again from its seed: its table with columns of its own, and keys in every
 * state in which they were found. Sealed here with Node's cipher, not with the one under test.
 */

/** What lies in the key's column. */
export const KEY_STATES = [
  "sealed-16",
  "sealed-12",
  "plaintext",
  "bit-flipped",
  "tag-cut",
  "other-key",
  "garbage",
  "no-key-inside",
  "empty",
  "null",
] as const;
export type KeyState = (typeof KEY_STATES)[number];

/** Of ten rows, so many. */
const SHARE: readonly KeyState[] = ["sealed-16", "sealed-16", "sealed-16", "sealed-16", "sealed-12", "sealed-12"];
const BROKEN: readonly KeyState[] = ["bit-flipped", "tag-cut", "other-key", "garbage", "no-key-inside"];

export interface OldRow {
  readonly token: string;
  readonly state: KeyState;
  /** The key that its student entered; `null`: none, or one that nobody can get at any more. */
  readonly apiKey: string | null;
  readonly stored: string | null;
  readonly email: string | null;
  readonly name: string | null;
  readonly prompt: string | null;
  readonly greeting: string | null;
  readonly voice: string | null;
  readonly tools: readonly unknown[] | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface OldDeployment {
  readonly masterKeyHex: string;
  readonly rows: readonly OldRow[];
}

export function makeOldDeployment(seed: number, count: number): OldDeployment {
  const random = seeded(seed);
  const masterKeyHex = bytes(random, 32).toString("hex");
  const strangeHex = bytes(random, 32).toString("hex");
  const rows = Array.from({ length: count }, (_, at): OldRow => {
    const state = stateOf(at);
    const apiKey = `sk-proj-${bytes(random, 30).toString("base64url")}-${at}`;
    const isReadable = state === "sealed-16" || state === "sealed-12" || state === "plaintext";
    const createdMs = Date.UTC(2025, 1, 1) + Math.floor(random() * 2e10);
    return {
      token: tokenOf(random, at),
      state,
      apiKey: isReadable ? apiKey : null,
      stored: storedOf(state, apiKey, { masterKeyHex, strangeHex, random }),
      email: at % 5 === 0 ? null : `student${at % 400}@example.org`,
      name: at % 7 === 0 ? null : ["Ada", "Zoë", "李雷", "Amélie O'Neil", "Bob\tTab"][at % 5]!,
      prompt: at % 4 === 0 ? null : `You are agent ${at}. Say "hello" — kindly. 🙂\n${"x".repeat(at % 900)}`,
      greeting: at % 3 === 0 ? null : `Hello, this is agent ${at}.`,
      voice: at % 6 === 0 ? null : ["alloy", "cedar", "marin"][at % 3]!,
      tools: toolsOf(at),
      createdAt: pgTime(createdMs, at),
      updatedAt: pgTime(createdMs + Math.floor(random() * 1e9), (at * 7) % 1000),
    };
  });
  return { masterKeyHex, rows };
}

/** Every state of a broken key, and the others in their shares. */
function stateOf(at: number): KeyState {
  const place = at % 10;
  if (place < SHARE.length) return SHARE[place]!;
  if (place === 6) return at % 20 === 6 ? "plaintext" : "empty";
  if (place === 7) return BROKEN[Math.floor(at / 10) % BROKEN.length]!;
  return "null";
}

function storedOf(
  state: KeyState,
  apiKey: string,
  { masterKeyHex, strangeHex, random }: { masterKeyHex: string; strangeHex: string; random: () => number },
): string | null {
  const sealed = (hex: string, ivBytes: number, text = apiKey): string => sealOld(hex, bytes(random, ivBytes), text);
  switch (state) {
    case "sealed-16":
      return sealed(masterKeyHex, 16);
    case "sealed-12":
      return sealed(masterKeyHex, 12);
    case "plaintext":
      return apiKey;
    case "bit-flipped": {
      const [iv, tag, ciphertext = ""] = sealed(masterKeyHex, 16).split(":");
      const broken = Buffer.from(ciphertext, "base64");
      broken[3]! ^= 1;
      return [iv, tag, broken.toString("base64")].join(":");
    }
    case "tag-cut": {
      const [iv, tag = "", ciphertext] = sealed(masterKeyHex, 16).split(":");
      return [iv, Buffer.from(tag, "base64").subarray(0, 12).toString("base64"), ciphertext].join(":");
    }
    case "other-key":
      return sealed(strangeHex, 16);
    case "garbage":
      return "undefined";
    case "no-key-inside":
      return sealed(masterKeyHex, 16, "my key is at home");
    case "empty":
      return "";
    case "null":
      return null;
  }
}

/** AES-256-GCM as the predecessor wrote it: no additional data, standard base64. */
export function sealOld(masterKeyHex: string, iv: Buffer, plaintext: string): string {
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(masterKeyHex, "hex"), iv);
  const ciphertext = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final()]);
  return [iv, cipher.getAuthTag(), ciphertext].map((part) => part.toString("base64")).join(":");
}

function tokenOf(random: () => number, at: number): string {
  const hex = bytes(random, 16).toString("hex");
  const shapes = [
    `ws_${hex}`,
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`,
    `session.${at}~${hex.slice(0, 6)}`,
  ];
  return shapes[at % shapes.length]!;
}

const TOOL = {
  type: "function",
  function: {
    name: "get_order",
    description: "An order by its number.",
    parameters: { type: "object", properties: { number: { type: "string" } }, required: ["number"] },
    webhook_url: "https://shop.example.org/orders",
  },
};

const toolsOf = (at: number): readonly unknown[] | null =>
  [null, [], [TOOL], [TOOL, { ...TOOL, function: { ...TOOL.function, name: `tool_${at}` } }]][at % 4]!;

/** As `timestamp` prints it, with so many microseconds more. */
const pgTime = (ms: number, micros: number): string =>
  `${new Date(ms).toISOString().slice(0, -1).replace("T", " ")}${String(micros % 1000).padStart(3, "0")}`;

const bytes = (random: () => number, count: number): Buffer =>
  Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)));

/** Its table and rows, as its own migrations and saves left them. */
export async function fillOldDatabase(pglite: PGlite, { rows }: Pick<OldDeployment, "rows">): Promise<void> {
  await pglite.exec(`create table student_configs (
    id serial, session_token varchar(255) primary key, student_email text, student_name text, openai_api_key text,
    system_prompt text, ivr_greeting text, selected_voice varchar(100), tools jsonb, voice_settings jsonb,
    is_active boolean not null default true, created_at timestamp default now(), updated_at timestamp default now())`);
  await pglite.query(
    `insert into student_configs (session_token, student_email, student_name, openai_api_key, system_prompt,
       ivr_greeting, selected_voice, tools, voice_settings, created_at, updated_at)
     select r.token, r.email, r.name, r.stored, r.prompt, r.greeting, r.voice, r.tools, '{"speed": 1.1}',
       r."createdAt"::timestamp, r."updatedAt"::timestamp
     from jsonb_to_recordset($1::jsonb) as r(token text, email text, name text, stored text, prompt text,
       greeting text, voice text, tools jsonb, "createdAt" text, "updatedAt" text)`,
    [JSON.stringify(rows)],
  );
}
