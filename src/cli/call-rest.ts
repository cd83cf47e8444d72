import * as z from "zod";
import { KEY_SOURCES } from "../protocol/call-record.ts";
import { parseJson } from "./relay-refusal.ts";

/** What the terminal call asks a Callroom over REST. Replies are those of `protocol/rest.ts`, as far as they are shown. */

/** The call cannot be made or went wrong; the message is a sentence for the person at the terminal. */
export class CallTrouble extends Error {
  override readonly name = "CallTrouble";
}

const REQUEST_MS = 10_000;

const Instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const Failed = z.object({ success: z.literal(false), error: z.string() });
const Joined = z.object({ success: z.literal(true), sessionToken: z.string().min(1) });
const Me = z.object({
  success: z.literal(true),
  name: z.string().nullable(),
  config: z.object({ greeting: z.string().nullable() }),
});
const Call = z.object({
  id: z.string(),
  startedAt: Instant,
  endedAt: Instant.nullable(),
  endReason: z.string().nullable(),
  keySource: z.enum(KEY_SOURCES),
  model: z.string(),
  usage: z.object({
    responses: z.number(),
    inputTokens: z.number(),
    inputAudioTokens: z.number().default(0),
    cachedInputTokens: z.number(),
    outputTokens: z.number(),
    outputAudioTokens: z.number().default(0),
    estimated: z.boolean(),
  }),
  costMicroUsd: z.number().nullable().default(null),
});
/** An older Callroom has no bill. */
const Bill = z
  .object({ phoneMicroUsd: z.number().nullable() })
  .nullish()
  .transform((bill) => bill ?? null);
const ToolCall = z.object({
  name: z.string(),
  arguments: z.string(),
  output: z.string().nullable(),
  outcome: z.enum(["pending", "ok", "failed"]),
  durationMs: z.number().nullable(),
});
const Prepared = z.object({
  success: z.literal(true),
  callId: z.string(),
  ticket: z.string().min(1),
  url: z.url({ protocol: /^wss?$/ }),
});
const Calls = z.object({ success: z.literal(true), calls: z.array(Call) });
const CallAndTurns = z.object({
  success: z.literal(true),
  call: Call,
  turns: z.array(z.object({ toolCall: ToolCall.nullable() })),
  bill: Bill,
});

export type ShownCall = z.infer<typeof Call>;
export type ShownBill = z.infer<typeof Bill>;
export type PreparedCall = z.infer<typeof Prepared>;
export type ShownToolCall = z.infer<typeof ToolCall>;

/** One Callroom, by its origin; every method throws only {@link CallTrouble}. */
export class CallRest {
  readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  /** Joins a workshop and returns the new student's session token. */
  async join(joinCode: string, name: string): Promise<string> {
    const body = JSON.stringify({ joinCode, name });
    const reply = await this.#ask(Joined, "/api/join", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    return reply.sessionToken;
  }

  /** Who holds the token, and whether their agent speaks first. */
  async me(sessionToken: string): Promise<{ readonly name: string | undefined; readonly greets: boolean }> {
    const { name, config } = await this.#ask(Me, "/api/me", { headers: bearer(sessionToken) });
    return { name: name ?? undefined, greets: Boolean(config.greeting) };
  }

  /** Makes a call with sound ready, and says where its socket is and what opens it. */
  async prepareCall(sessionToken: string): Promise<PreparedCall> {
    return this.#ask(Prepared, "/api/calls", { method: "POST", headers: bearer(sessionToken) });
  }

  /** The latest calls. */
  async calls(sessionToken: string): Promise<readonly ShownCall[]> {
    return (await this.#ask(Calls, "/api/me/calls", { headers: bearer(sessionToken) })).calls;
  }

  async call(
    sessionToken: string,
    callId: string,
  ): Promise<{ call: ShownCall; bill: ShownBill; toolCalls: readonly ShownToolCall[] }> {
    const path = `/api/me/calls/${encodeURIComponent(callId)}`;
    const { call, turns, bill } = await this.#ask(CallAndTurns, path, { headers: bearer(sessionToken) });
    return { call, bill, toolCalls: turns.flatMap(({ toolCall }) => toolCall ?? []) };
  }

  async #ask<Schema extends z.ZodType>(schema: Schema, path: string, init: RequestInit): Promise<z.infer<Schema>> {
    const reply = await fetch(`${this.origin}${path}`, { ...init, signal: AbortSignal.timeout(REQUEST_MS) })
      .then(async (response) => ({ status: response.status, body: await response.text() }))
      .catch(() => undefined);
    if (!reply) throw new CallTrouble(nothingAnswers(this.origin));
    const value = parseJson(reply.body);
    const failed = Failed.safeParse(value);
    if (failed.success) throw new CallTrouble(failed.data.error);
    const read = schema.safeParse(value);
    if (read.success) return read.data;
    throw new CallTrouble(
      `${this.origin} does not answer like a Callroom (status ${reply.status} for ${path.replace(/\/calls\/.+/, "/calls/…")}).`,
    );
  }
}

export const nothingAnswers = (origin: string): string =>
  `Nothing answers at ${origin}. Start it with npm run dev in another terminal, or name another with --url.`;

const bearer = (sessionToken: string): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${sessionToken}`,
});
