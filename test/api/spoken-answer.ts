/** 100 ms of sound, PCM16 at 24 kHz; no two samples alike. */
export const SPOKEN: Uint8Array = Uint8Array.from({ length: 4_800 }, (_, at) => at % 251);

/** An upgraded answer of OpenAI's Realtime API, as workerd's fetch has it, to whom every response is {@link SPOKEN}. */
export function spokenAnswer(ending: Ending = {}): Response & { readonly webSocket: SpeakingSocket } {
  return Object.assign(new Response(null), { webSocket: new SpeakingSocket(ending) });
}

/** What stands in the end of a response. */
export interface Ending {
  readonly status?: string;
  readonly status_details?: object;
  readonly usage?: object;
}

export class SpeakingSocket {
  readonly sent: Record<string, unknown>[] = [];
  isClosed = false;
  readonly #listeners: ((event: object) => void)[] = [];
  readonly #ending: Ending;

  constructor(ending: Ending) {
    this.#ending = ending;
  }

  accept(): void {}

  close(): void {
    this.isClosed = true;
  }

  addEventListener(type: string, listener: (event: object) => void): void {
    if (type === "message") this.#listeners.push(listener);
  }

  send(text: string): void {
    const event: Record<string, unknown> = JSON.parse(text);
    this.sent.push(event);
    if (event.type === "session.update") this.#tell("session.updated", { session: { audio: { input: {} } } });
    if (event.type === "response.create") this.#speak(event.response);
  }

  #speak(asked: unknown): void {
    const metadata = typeof asked === "object" && asked !== null && "metadata" in asked ? asked.metadata : null;
    const response = { id: "resp_1", metadata };
    this.#tell("response.created", { response });
    const delta = Buffer.from(SPOKEN).toString("base64");
    if (this.#ending.status !== "failed")
      this.#tell("response.output_audio.delta", { response_id: "resp_1", item_id: "item_1", delta });
    this.#tell("response.done", { response: { ...response, status: "completed", ...this.#ending } });
  }

  #tell(type: string, fields: object): void {
    queueMicrotask(() => {
      for (const listener of this.#listeners) listener({ data: JSON.stringify({ type, ...fields }) });
    });
  }
}
