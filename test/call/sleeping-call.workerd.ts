import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { CallStart } from "../../src/call/call-start.ts";
import { PASS_HEADER, TICKET_HEADER } from "../../src/call/caller-sockets.ts";
import { callIdFrom, parseSessionToken, type SessionToken } from "../../src/protocol/ids.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { seal } from "../../src/vault/seal.ts";
import { COMPLETED, delta, urlOf } from "../model/scripted-openai.ts";
import { Until } from "../standins/until.ts";

export const KEY = "sk-proj-sleeping-0123456789";
const WAIT_MS = 5_000;

const randomBytes = (count: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(count));

/** A call in its object, with a caller's socket, that can be put to sleep at any moment. */
export class SleepingCall {
  readonly callId = callIdFrom(randomBytes(16));
  /** Finished turns of the agent, as the caller got them. */
  readonly turns: string[] = [];
  readonly errors: string[] = [];
  readonly #until = new Until();
  readonly #closed = Promise.withResolvers<number>();
  #words = "";
  #socket: WebSocket | undefined;

  /** A new one each time: one that has met a dead object stays broken. */
  get stub() {
    return env.CALL.get(env.CALL.idFromName(this.callId));
  }

  /** Of a student of its own. */
  get sessionToken(): SessionToken {
    const sessionToken = parseSessionToken(`ws_${this.callId}`);
    if (!sessionToken) throw new Error("not a session token");
    return sessionToken;
  }

  async #start(changed: Partial<CallStart>): Promise<CallStart> {
    const { sessionToken } = this;
    const keys = await loadMasterKeys(env.ENCRYPTION_KEY, []);
    const binding = { purpose: "openai-key", sessionToken } as const;
    const secretBinding = { ...binding, purpose: "webhook-secret" } as const;
    return {
      version: 2,
      callId: this.callId,
      sessionToken,
      workshopId: null,
      studentId: null,
      studentName: null,
      fromPage: false,
      wayIn: "conversation-relay",
      lending: null,
      ownCapMicroUsd: null,
      prompt: null,
      greeting: "Hello, this is Juno.",
      voice: null,
      toolsJson: [],
      keySource: "student",
      sealedKey: await seal(keys, binding, KEY, randomBytes),
      sealedWebhookSecret: await seal(
        keys,
        secretBinding,
        `whsec_${btoa("a secret of the tests, 32 bytes!")}`,
        randomBytes,
      ),
      model: "gpt-6-luna",
      transcriptionModel: null,
      language: null,
      turnEnd: null,
      patience: null,
      startedAtMs: Date.now(),
      callMaxMs: 900_000,
      resumable: false,
      carrierGreets: false,
      phoneCallId: null,
      ownHost: "callroom.example",
      ...changed,
    };
  }

  /** Makes a call with sound that waits for its caller. */
  async prepare(changed: Partial<CallStart> = {}): Promise<string> {
    return this.stub.prepare(await this.#start({ wayIn: "browser", resumable: true, ...changed }));
  }

  /** The caller of such a call comes. */
  async join(ticketId: string): Promise<void> {
    const upgrade = new Request("https://call/", { headers: { upgrade: "websocket", [TICKET_HEADER]: ticketId } });
    const { webSocket } = await this.stub.fetch(upgrade);
    if (!webSocket) throw new Error("the call let nobody in");
    webSocket.accept();
    this.#socket = webSocket;
  }

  /** Begins the call, or comes back to it. */
  async begin(changed: Partial<CallStart> = {}): Promise<void> {
    const whole = await this.#start(changed);
    const pass = crypto.randomUUID();
    const upgrade = new Request("https://call/", { headers: { upgrade: "websocket", [PASS_HEADER]: pass } });
    const { stub } = this;
    const [, response] = await Promise.all([stub.begin(whole, null, pass), stub.fetch(upgrade)]);
    const socket = response.webSocket;
    if (!socket) throw new Error("the object let nobody in");
    socket.accept();
    socket.addEventListener("message", ({ data }) => this.#hear(String(data)));
    socket.addEventListener("close", ({ code }) => this.#closed.resolve(code));
    this.#socket = socket;
    this.send({ type: "setup", callSid: whole.phoneCallId ?? "", accountSid: "", customParameters: {} });
  }

  send(frame: object): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  say(text: string): void {
    this.send({ type: "prompt", voicePrompt: text, last: true });
  }

  /** The caller leaves on purpose. */
  hangUp(): void {
    this.#socket?.close(1000);
  }

  /** The code that its socket is closed with. */
  get closeCode(): Promise<number> {
    return this.#closed.promise;
  }

  /** Until so many turns have come in all; resolves with the last of them. */
  turn(count: number): Promise<string> {
    const turn = (): string | undefined => this.turns[count - 1];
    return this.#until.until(turn, `turn ${count} of the agent`, () => undefined, WAIT_MS);
  }

  /** Takes the object out of memory once it has nothing under way, and says how many ms that took; its sockets stay. */
  sleep(): Promise<number> {
    return this.#replaced(() => evictDurableObject(this.stub, { webSockets: "hibernate" }));
  }

  /** Ends the object where it stands, with its sockets and whatever it was waiting for. */
  die(): Promise<number> {
    const abort = (): Promise<void> => runInDurableObject(this.stub, (_, state) => state.abort("as a crash would"));
    return this.#replaced(() => abort().catch(() => {}));
  }

  async #replaced(how: () => Promise<void>): Promise<number> {
    const before = await this.#instance();
    const startedAtMs = performance.now();
    await how();
    const tookMs = performance.now() - startedAtMs;
    if ((await this.#instance()) === before) throw new Error("the object is still in memory");
    return tookMs;
  }

  #instance(): Promise<unknown> {
    return runInDurableObject(this.stub, (instance) => instance);
  }

  #hear(text: string): void {
    const frame: Record<string, unknown> = Object(JSON.parse(text));
    if (frame.type === "error") this.errors.push(String(frame.code));
    if (frame.type !== "text") return;
    this.#words += String(frame.token);
    if (frame.last !== true) return;
    this.turns.push(this.#words);
    this.#words = "";
    this.#until.changed();
  }
}

/** What reaches the network from within workerd: OpenAI, one webhook, and a database that takes everything. */
export class Network {
  readonly asked: { readonly authorization: string | null; readonly input: readonly string[] }[] = [];
  readonly webhookIds: string[] = [];
  readonly #answers: string[] = [];
  /** What the webhook answers; at first never. Made anew in the object's own context, as a real answer is. */
  webhook: () => Promise<Response> = () => new Promise(() => {});
  /** As Neon's endpoint answers an insert. */
  database: () => Promise<Response> = async () => Response.json({ results: [NO_ROWS, NO_ROWS], ...NO_ROWS });

  /** What OpenAI says next, in this order. */
  answerWith(...answers: readonly string[]): void {
    this.#answers.push(...answers);
  }

  readonly fetch: typeof fetch = async (input, init) => {
    if (urlOf(input).endsWith("/sql")) return this.database();
    const request = new Request(input, init);
    const { hostname } = new URL(request.url);
    if (hostname === "hooks.example") {
      this.webhookIds.push(request.headers.get("webhook-id") ?? "");
      return this.webhook();
    }
    const body: { input: Record<string, unknown>[] } = await request.json();
    this.asked.push({ authorization: request.headers.get("authorization"), input: body.input.map(wordsOf) });
    return new Response(this.#answers.shift() ?? words("I have nothing to say."), {
      headers: { "content-type": "text/event-stream" },
    });
  };
}

const NO_ROWS = { fields: [], rows: [], rowAsArray: true, command: "INSERT", rowCount: 1 };

export const words = (text: string): string => delta(text) + COMPLETED;

export const toolCall = (name: string): string => {
  const item = { type: "function_call", call_id: "call_1", name, arguments: "{}" };
  const done = { type: "response.output_item.done", item };
  return `event: ${done.type}\ndata: ${JSON.stringify(done)}\n\n${COMPLETED}`;
};

function wordsOf(item: Record<string, unknown>): string {
  if (item.type === "function_call") return `tool-call: ${item.name}`;
  if (item.type === "function_call_output") return `tool-output: ${item.output}`;
  return `${item.role === "user" ? "caller" : "agent"}: ${item.content}`;
}
