import { expect } from "vitest";
import * as z from "zod";
import { newCore } from "./canaries.ts";
import { eventually, type Room } from "./room.ts";
import { VoiceCaller } from "./voice-caller.ts";

/** A class that is closed: one of its students is a canary, whose every word can be looked for afterwards. */

const Joined = z.object({ sessionToken: z.string(), recoveryPhrase: z.string(), name: z.string() });
const Prepared = z.object({ callId: z.string(), ticket: z.string(), url: z.string() });
const Closing = z.object({
  closedAt: z.string(),
  keysAt: z.string(),
  keysDeletedAt: z.string().nullable(),
  eraseAt: z.string(),
  erasedAt: z.string().nullable(),
});
const Made = z.object({ workshop: z.object({ id: z.string(), joinCode: z.string(), closing: Closing.nullable() }) });

export const INSTRUCTOR_TOKEN = "instructor-token-of-the-tests";
export const TWILIO_AUTH_TOKEN = "twilio-auth-token-of-the-tests";

/** One request to a room; `by`: a session token, or the instructor's. */
export async function ask(
  room: Room,
  request: string,
  { by, body }: { readonly by?: string; readonly body?: unknown } = {},
): Promise<{ readonly status: number; readonly text: string; readonly json: unknown }> {
  const [method = "GET", path = "/"] = request.split(" ");
  const reply = await fetch(room.url + path, {
    method,
    headers: {
      ...(by === undefined ? {} : { authorization: `Bearer ${by}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await reply.text();
  const isJson = reply.headers.get("content-type")?.startsWith("application/json");
  return { status: reply.status, text, json: isJson ? JSON.parse(text) : undefined };
}

export async function asInstructor(room: Room, request: string, body?: unknown): Promise<unknown> {
  const [method, path] = request.split(" ");
  const reply = await ask(room, `${method} /api/workshop/workshops${path}`, {
    by: INSTRUCTOR_TOKEN,
    ...(body === undefined ? {} : { body }),
  });
  expect([request, reply.status]).toEqual([request, 200]);
  return reply.json ?? reply.text;
}

export async function newWorkshop(
  room: Room,
  name: string,
): Promise<{ readonly id: string; readonly joinCode: string }> {
  return Made.parse(await asInstructor(room, "POST ", { name })).workshop;
}

/** Closes a workshop at these dates, `null` for now; returns how that stands. */
export async function closed(room: Room, id: string, keysAt: string | null, eraseAt: string | null) {
  return Made.parse(await asInstructor(room, `POST /${id}/close`, { keysAt, eraseAt })).workshop.closing;
}

export interface ClassMember {
  readonly sessionToken: string;
  readonly recoveryPhrase: string;
  readonly name: string;
  readonly key: string;
}

/** Joins with a key of their own. */
export async function member(room: Room, joinCode: string, name: string, key: string, email?: string) {
  const joined = Joined.parse((await ask(room, "POST /api/join", { body: { joinCode, name, email } })).json);
  const put = await ask(room, "PUT /api/me/key", { by: joined.sessionToken, body: { openaiApiKey: key } });
  expect(put.status).toBe(200);
  return { ...joined, key };
}

/** A call in text: says each line, and is answered. */
export async function writes(room: Room, sessionToken: string, lines: readonly string[]) {
  const client = await room.call(sessionToken, `/ws/${sessionToken}`, { authorization: `Bearer ${sessionToken}` });
  await client.nextTurn();
  for (const line of lines) {
    client.say(line);
    await client.nextTurn();
  }
  return client;
}

/** A call with sound, in which something was typed and answered. */
export async function speaks(room: Room, sessionToken: string, line: string): Promise<VoiceCaller> {
  const reply = await ask(room, "POST /api/calls", { by: sessionToken, body: {} });
  const caller = new VoiceCaller(Prepared.parse(reply.json));
  await caller.begun();
  caller.send({ type: "text", text: line });
  await caller.until(() => caller.answers.length > 0, "an answer");
  return caller;
}

/** Everything that a student can leave behind, each of it with something of its own to be found by. */
export class Canary {
  readonly cores = {
    name: newCore(),
    email: newCore(),
    prompt: newCore(),
    greeting: newCore(),
    tool: newCore(),
    "tool's reply": newCore(),
    "tool's argument": newCore(),
    key: newCore(),
    "written words": newCore(),
    "spoken words": newCore(),
    "words of a call that goes on": newCore(),
  };
  sessionToken = "";
  recoveryPhrase = "";
  webhookSecret = "";

  get key(): string {
    return `sk-proj-${this.cores.key}`;
  }

  /** What must not be found anywhere. */
  get planted(): Readonly<Record<string, string | Buffer>> {
    const secret = this.webhookSecret.replace("whsec_", "");
    return {
      ...this.cores,
      "session token": this.sessionToken.replace("wst_", ""),
      "webhook secret": secret,
      "webhook secret's bytes": Buffer.from(secret, "base64"),
    };
  }

  async joins(room: Room, joinCode: string): Promise<void> {
    const { cores } = this;
    const joined = await member(room, joinCode, `Ada ${cores.name}`, this.key, `${cores.email}@example.org`);
    Object.assign(this, { sessionToken: joined.sessionToken, recoveryPhrase: joined.recoveryPhrase });
    const tool = {
      type: "function",
      function: { name: `look_up_${cores.tool}`, description: "Looks it up.", parameters: { type: "object" } },
      mock: { reply: { found: cores["tool's reply"] } },
    };
    const body = { prompt: `You are ${cores.prompt}.`, greeting: `Hello, I am ${cores.greeting}.`, tools: [tool] };
    expect((await ask(room, "PATCH /api/me", { by: this.sessionToken, body })).status).toBe(200);
    const made = await ask(room, "POST /api/me/webhook-secret", { by: this.sessionToken });
    this.webhookSecret = z.object({ webhookSecret: z.string() }).parse(made.json).webhookSecret;
  }

  /** Two calls that end, one in text with a tool, one with sound. */
  async calls(room: Room): Promise<void> {
    const { cores } = this;
    const toolCalls = [{ name: `look_up_${cores.tool}`, arguments: { word: cores["tool's argument"] } }];
    await room.fault({ kind: "answer", key: this.key, toolCalls });
    const text = await writes(room, this.sessionToken, [`Please look up ${cores["written words"]}.`]);
    await text.hangUp();
    const sound = await speaks(room, this.sessionToken, `Now about ${cores["spoken words"]}.`);
    await sound.hangUp();
    await eventually(
      async () =>
        (await room.sql("select 1 from calls where session_token = $1 and ended_at is not null", [this.sessionToken]))
          .length === 2,
      "the calls in Postgres",
    );
  }
}
