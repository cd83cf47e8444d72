import { createParser } from "eventsource-parser";
import * as z from "zod";
import type { OpenAiStandin } from "./openai.ts";

/** Asking the stand-in without the SDK: what is refused, and what exactly was on the wire. */
export const KEY = "sk-test-0123456789";

const ErrorReply = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});

export interface Refused {
  readonly status: number;
  readonly error: z.infer<typeof ErrorReply>["error"];
  readonly headers: Headers;
}

export function post(standin: OpenAiStandin, path: string, body: unknown, key = KEY, signal?: AbortSignal) {
  return fetch(`${standin.baseUrl}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** The refusal of a reply; throws when it is none in OpenAI's form. */
export async function refusedBy(response: Response): Promise<Refused> {
  const { error } = ErrorReply.parse(await response.json());
  return { status: response.status, error, headers: response.headers };
}

export interface SseEvent {
  readonly event: string | undefined;
  readonly data: string;
}

/** Every server-sent event of a body that ends by itself. */
export async function eventsOf(response: Response): Promise<SseEvent[]> {
  const events: SseEvent[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => events.push({ event, data }) });
  parser.feed(await response.text());
  return events;
}

const Delta = z.object({ type: z.literal("response.output_text.delta"), delta: z.string() });

/** The words of a Responses stream, unreadable and unknown events left out. */
export const textOf = (events: readonly SseEvent[]): string =>
  events.map(({ data }) => Delta.safeParse(parsed(data)).data?.delta ?? "").join("");

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
