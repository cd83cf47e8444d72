import * as z from "zod";
import type { AttachedRealtime } from "./realtime.ts";
import { REALTIME_PATH } from "./realtime-door.ts";

export interface Controlled {
  readonly status: number;
  readonly body?: unknown;
}

const key = z.string().optional();
const Transcript = z.strictObject({ text: z.string(), key });
const Act = z.discriminatedUnion("act", [
  z.strictObject({ act: z.literal("expire"), key }),
  z.strictObject({ act: z.literal("reset"), key }),
  z.strictObject({
    act: z.literal("disconnect"),
    key,
    code: z.number().int().min(1_000).max(4_999).default(1_011),
    reason: z.string().max(100).default(""),
  }),
]);

/** A fault is for a session when its path says so. */
export const isForRealtime = (order: unknown): boolean =>
  z.object({ path: z.literal(REALTIME_PATH) }).safeParse(order).success;

/** The stand-in's own routes that are about sessions; `undefined` when the route is none of them. */
export function controlRealtime(
  realtime: AttachedRealtime,
  route: string,
  sessionKey: string | undefined,
  body: unknown,
): Controlled | undefined {
  switch (route) {
    case "GET /standin/realtime":
      return { status: 200, body: realtime.sessions(sessionKey) };
    case "POST /standin/transcripts": {
      const { data, error } = Transcript.safeParse(body);
      if (data === undefined) return refused(error);
      realtime.nextTranscript(data.text, data.key);
      return DONE;
    }
    case "POST /standin/realtime": {
      const { data, error } = Act.safeParse(body);
      if (data === undefined) return refused(error);
      if (data.act === "expire") realtime.expire(data.key);
      else if (data.act === "reset") realtime.reset(data.key);
      else realtime.disconnect(data.code, data.reason, data.key);
      return DONE;
    }
    default:
      return undefined;
  }
}

const DONE: Controlled = { status: 201, body: { ok: true } };
const refused = (error: z.ZodError): Controlled => ({ status: 400, body: { error: z.prettifyError(error) } });
