import type { ModelEvent, ModelRequest } from "../../src/model/model-leg.ts";
import { openAiClient } from "../../src/model/openai-client.ts";
import { responsesLeg } from "../../src/model/responses.ts";
import { ApiKey } from "../../src/vault/api-key.ts";
import { ManualClock } from "../standins/clock.ts";

export const KEY = "sk-proj-CANARY-0123456789";

export const REQUEST: ModelRequest = {
  instructions: "Be kind.",
  history: [{ kind: "caller", text: "Hi" }],
  tools: [],
};

export const delta = (text: string): string =>
  `event: response.output_text.delta\ndata: ${JSON.stringify({ type: "response.output_text.delta", delta: text })}\n\n`;

export const COMPLETED = `event: response.completed\ndata: ${JSON.stringify({
  type: "response.completed",
  response: { usage: { input_tokens: 9, output_tokens: 3 } },
})}\n\n`;

/** One request as it reached the network, and the stream that answers it. */
export interface Exchange {
  readonly url: string;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  readonly signal: AbortSignal | null | undefined;
}

/** OpenAI as a list of answers, and a leg that talks to it; every chunk is sent by hand. */
export class Scripted {
  readonly clock = new ManualClock();
  readonly exchanges: Exchange[] = [];
  readonly batches: (readonly ModelEvent[])[] = [];
  readonly abort = new AbortController();
  #send: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly #answers: (() => Response)[];

  constructor(...answers: (() => Response)[]) {
    this.#answers = answers;
  }

  get events(): readonly ModelEvent[] {
    return this.batches.flat();
  }

  /** A stream that the test feeds. */
  readonly stream = (): Response => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#send = controller;
      },
      cancel: () => {
        this.#send = undefined;
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };

  async send(bytes: string | Uint8Array): Promise<void> {
    this.#send?.enqueue(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    await settled();
  }

  async end(): Promise<void> {
    this.#send?.close();
    await settled();
  }

  async break(): Promise<void> {
    this.#send?.error(new TypeError("Network connection lost."));
    await settled();
  }

  /** Asks; the returned promise is that of the whole response. */
  async ask(request: ModelRequest = REQUEST, model = "gpt-6-luna"): Promise<{ over: Promise<void> }> {
    const apiKey = ApiKey.parse(KEY);
    if (!apiKey) throw new Error("not a key");
    const fetcher: typeof fetch = async (input, init) => {
      this.exchanges.push({
        url: urlOf(input),
        headers: new Headers(init?.headers),
        body: JSON.parse(typeof init?.body === "string" ? init.body : "null"),
        signal: init?.signal,
      });
      const answer = this.#answers.shift();
      if (!answer)
        return new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
      return answer();
    };
    const client = openAiClient(apiKey, "https://api.openai.example/v1", fetcher);
    const startTimer = (run: () => void, afterMs: number) => this.clock.startTimer(run, afterMs);
    const leg = responsesLeg({ client, model, cacheKey: "call", startTimer, nowMs: this.clock.now });
    const over = leg.respond(request, this.abort.signal, (events) => this.batches.push(events));
    await settled();
    return { over };
  }
}

/** Lets everything run that waits for nothing but promises and already-due callbacks. */
export const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
};

export const refusing =
  (status: number, error: object, headers: Record<string, string> = {}): (() => Response) =>
  () =>
    Response.json({ error: { message: `${KEY} is not right`, ...error } }, { status, headers });

export const urlOf = (input: RequestInfo | URL): string => (input instanceof Request ? input.url : input.toString());
