import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { eventually, type Room } from "./room.ts";

/** What can be seen of a room from outside: at OpenAI's door, in Postgres, in its data folder, in its log. */

const Entry = z.object({
  path: z.literal("/v1/responses"),
  key: z.string(),
  status: z.number(),
  aborted: z.boolean(),
  body: z.object({ prompt_cache_key: z.string(), input: z.array(z.record(z.string(), z.unknown())) }),
});

export interface AskedOfOpenAi {
  readonly key: string;
  readonly callId: string;
  readonly status: number;
  readonly aborted: boolean;
  /** What the model was told, an item each: `caller: …`, `agent: …`, `tool-call: …`, `tool-output: …`. */
  readonly history: readonly string[];
}

/** Requests for an answer, oldest first: of one key, or of all. */
export async function askedOfOpenAi(room: Room, key?: string): Promise<AskedOfOpenAi[]> {
  return (await room.journal(key)).flatMap((entry) => {
    const read = Entry.safeParse(entry);
    if (!read.success) return [];
    const { body, ...asked } = read.data;
    return [{ ...asked, callId: body.prompt_cache_key, history: body.input.map(wordsOf) }];
  });
}

function wordsOf(item: Record<string, unknown>): string {
  if (item.type === "function_call") return `tool-call: ${item.name}`;
  if (item.type === "function_call_output") return `tool-output: ${item.output}`;
  return `${item.role === "user" ? "caller" : "agent"}: ${item.content}`;
}

const Turn = z.object({
  seq: z.number(),
  speaker: z.enum(["caller", "agent", "tool"]),
  text: z.string(),
  heard_text: z.string().nullable(),
  failure: z.string().nullable(),
});
const Call = z.object({
  id: z.string(),
  ended_at: z.date().nullable(),
  end_reason: z.string().nullable(),
  key_source: z.string(),
});

export type ArchivedTurn = z.infer<typeof Turn>;
export type ArchivedCall = z.infer<typeof Call> & { readonly turns: readonly ArchivedTurn[] };

/** A student's calls as Postgres has them, oldest first, each with its turns in order. */
export async function archived(room: Room, sessionToken: string): Promise<ArchivedCall[]> {
  const calls = z
    .array(Call)
    .parse(await room.sql("select * from calls where session_token = $1 order by started_at, id", [sessionToken]));
  const turns = await room.sql(
    "select t.* from turns t join calls c on c.id = t.call_id where c.session_token = $1 order by t.call_id, t.seq",
    [sessionToken],
  );
  return calls.map((call) => ({
    ...call,
    turns: z.array(Turn).parse(turns.filter((turn) => turn.call_id === call.id)),
  }));
}

/** Waits until Postgres has so many calls of a student, all of them ended. */
export function ended(room: Room, sessionToken: string, count = 1, withinMs?: number): Promise<ArchivedCall[]> {
  return eventually(
    async () => {
      const calls = await archived(room, sessionToken);
      return calls.length === count && calls.every(({ ended_at }) => ended_at !== null) && calls;
    },
    `${count} ended calls of ${sessionToken} in Postgres`,
    withinMs,
  );
}

/** `speaker: text` of each turn. */
export const spoken = (call: ArchivedCall): string[] => call.turns.map(({ speaker, text }) => `${speaker}: ${text}`);

/** Names of the objects of a class that have ever been woken: each has a file in the data folder. */
export function objectsIn(room: Room, className: "CallObject" | "WorkshopObject"): string[] {
  const folder = join(room.dataDir, "objects/v3/do", `callroom-${className}`);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
}

/** Events that the Worker logged under this name. */
export function logged(room: Room, event: string): Record<string, unknown>[] {
  return room.log.flatMap((line) => {
    const json = jsonOf(line);
    return json?.event === event ? [json] : [];
  });
}

function jsonOf(line: string): Record<string, unknown> | undefined {
  try {
    return Object(JSON.parse(line));
  } catch {
    return undefined;
  }
}
