import type { IncomingMessage } from "node:http";
import * as z from "zod";

const REFUSAL_BYTES = 64 * 1024;
const FailureBody = z.object({ error: z.string(), code: z.string() });

/** The handshake was not answered with a socket. `status` is undefined when nothing answered at all. */
export class RelayRefused extends Error {
  readonly status: number | undefined;
  /** The server's own sentence and code, when it sent them. */
  readonly sentence: string | undefined;
  readonly code: string | undefined;

  constructor(status: number | undefined, body?: z.infer<typeof FailureBody>) {
    super(status === undefined ? "nothing answers" : `the handshake was answered with status ${status}`);
    this.name = "RelayRefused";
    this.status = status;
    this.sentence = body?.error;
    this.code = body?.code;
  }
}

/** What the server says instead of opening a socket. */
export async function readRefusal(response: IncomingMessage): Promise<RelayRefused> {
  response.setEncoding("utf8");
  let body = "";
  for await (const piece of response) {
    body += String(piece);
    if (body.length > REFUSAL_BYTES) break;
  }
  return new RelayRefused(response.statusCode, FailureBody.safeParse(parseJson(body)).data);
}

/** The value of a text of JSON; undefined for any other text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
