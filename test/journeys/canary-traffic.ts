import { RelayRefused } from "../../src/cli/relay-refusal.ts";
import { connectRelay, type RelayClient } from "../standins/twilio.ts";
import type { WebhookBehaviour } from "../standins/webhook.ts";
import type { Room } from "./room.ts";

/** Something that left the server. */
export interface Seen {
  readonly where: string;
  readonly text: string;
}

/** What a request has beside its method and path: a body, and headers by name. */
interface Init {
  readonly body?: unknown;
  /** The one reply that is meant to hold a secret. */
  readonly exempt?: boolean;
  readonly [header: string]: unknown;
}

const bytesOf = (body: unknown): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.isBuffer(body) ? body : Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));

/** Uses a room from outside and keeps all that came out of it: statuses, headers, bodies, frames, close reasons. */
export class Traffic {
  readonly seen: Seen[] = [];
  readonly #room: Room;

  constructor(room: Room) {
    this.#room = room;
  }

  /** One request; the reply is kept unless `exempt`. A string is sent as it is, anything else as JSON. */
  async ask(
    request: string,
    { body, exempt = false, ...headers }: Init = {},
  ): Promise<{ readonly status: number; readonly text: string }> {
    const [method = "GET", path = "/"] = request.split(" ");
    const reply = await fetch(this.#room.url + path, {
      method,
      redirect: "manual",
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
      },
      ...(body === undefined ? {} : { body: bytesOf(body) }),
    });
    const text = await reply.text();
    const head = [...reply.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    if (!exempt) this.seen.push({ where: `reply to ${method}`, text: `${reply.status}\n${head}\n\n${text}` });
    return { status: reply.status, text };
  }

  /** A student's socket; `undefined` when the handshake was refused, which is kept too. */
  async dial(path: string, headers: Readonly<Record<string, string>>): Promise<RelayClient | undefined> {
    try {
      const client = await connectRelay(`${this.#room.url.replace("http", "ws")}${path}`, {
        headers,
        onFrame: (_, text) => this.seen.push({ where: "frame", text }),
      });
      void client.closed.then(({ code, reason }) => this.seen.push({ where: "close", text: `${code} ${reason}` }));
      return client;
    } catch (thrown) {
      if (!(thrown instanceof RelayRefused)) throw thrown;
      this.seen.push({ where: "refused handshake", text: `${thrown.status} ${thrown.code} ${thrown.sentence}` });
      return undefined;
    }
  }
}

/** Every way in which a student's webhook behaves. */
export const WEBHOOKS: readonly WebhookBehaviour[] = [
  ...(["ok", "hang", "drip", "redirect", "bomb", "big", "notjson", "reset", "gone"] as const),
  ...(["slow/50", "status/401", "status/500"] as const),
];
/** Every way in which a request to OpenAI fails. Each quotes the key, where OpenAI has a field for it. */
export const troubles = (secret: string): Record<string, unknown>[] => [
  ...[400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 503].map((status) => ({
    ...{ kind: "status", status, times: 2, message: `Incorrect API key provided: ${secret}.` },
    ...(status === 401 ? { code: secret, type: secret } : {}),
  })),
  { kind: "hang" },
  { kind: "stall" },
  { kind: "reset" },
  { kind: "malformed-event" },
  { kind: "deep-event" },
  { kind: "oversized-event" },
  { kind: "error-event", message: secret, code: secret, type: secret },
  { kind: "error-event", message: secret, shape: "flat" },
  { kind: "failed", message: secret, code: secret },
  { kind: "incomplete" },
  { kind: "no-terminal" },
];
/** Words in a key by which the stand-in knows what is wrong with it. */
export const ROLES = ["rejected", "nocredit", "restricted", "nolist", "ratelimit", "slow"];

/** What the instructor can ask about money. */
const MONEY = "/api/workshop/workshops/default";
export const MONEY_REPLIES = [
  "/api/workshop/workshops",
  `${MONEY}/spend`,
  `${MONEY}/ledger.csv`,
  `${MONEY}/export.csv`,
];

/** Amounts and names that are none. */
const hostileMoney = (secret: string, student: Init, instructor: Init): [request: string, init: Init][] => [
  ...[secret, [secret], { [secret]: 1 }].map((amount): [string, Init] => [
    "PATCH /api/me",
    { body: { ownCapMicroUsd: amount }, ...student },
  ]),
  ...[secret, { poolMicroUsd: secret }, { models: [secret] }, { [secret]: 1 }].map((lending): [string, Init] => [
    `PATCH ${MONEY}`,
    { body: { lending }, ...instructor },
  ]),
  [`POST ${MONEY}/top-up`, { body: { microUsd: secret }, ...instructor }],
  ...["spend", "ledger.csv"].map((name): [string, Init] => [
    `GET /api/workshop/workshops/${secret}/${name}`,
    instructor,
  ]),
];

/** Bodies, headers and addresses that a parser, a database or a runtime might quote when it refuses them. */
export function hostileRequests(secret: string, student: Init, instructor: Init): [request: string, init: Init][] {
  const bearer = { authorization: `Bearer ${secret}` };
  const bodies: unknown[] = [
    secret,
    `{"openaiApiKey": ${secret}}`,
    `{"openaiApiKey": "${secret}`,
    `"${secret}"`,
    [secret],
    { [secret]: secret },
    { sessionToken: [secret], openaiApiKey: { nested: secret } },
    { sessionToken: "ws_canary_whole", openaiApiKey: `${secret}\u0000` },
    { sessionToken: "ws_canary_whole", openaiApiKey: `${secret} ${secret}` },
    { sessionToken: "ws_canary_whole", studentEmail: secret.repeat(20), tools: secret },
    { sessionToken: "ws_canary_whole", tools: [{ type: "function", function: { name: `${secret}!` } }] },
    { sessionToken: "ws_canary_whole", systemPrompt: `${secret}\ud800` },
    { joinCode: secret, name: secret, [secret]: 1 },
    { name: { first: secret }, prompt: 7, [secret]: null },
    secret.repeat(2_500),
    Buffer.concat([Buffer.from(`{"name":"${secret}`), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    `${"[".repeat(5_000)}"${secret}"${"]".repeat(5_000)}`,
  ];
  const routes = ["POST /api/student-config-save", "POST /api/join", "PATCH /api/me", "PUT /api/me/key"];
  const addresses = [
    "GET /api/me",
    `GET /api/me?key=${secret}`,
    `GET /api/me/calls?limit=${secret}`,
    `GET /api/me/calls/${secret}`,
    `DELETE /api/me/calls/${secret}`,
    `GET /api/${secret}`,
    `GET /api/get-student-ai-settings?sessionToken=${secret}`,
    `POST /twilio/voice/${secret}`,
    `GET /ws/${secret}`,
    `GET /ws/${secret}/${secret}`,
    "GET /healthz",
  ];
  const heads = [
    bearer,
    { cookie: `__Host-callroom=${secret}` },
    { origin: `https://${secret}.example` },
    { "content-encoding": secret },
    { "content-type": `application/${secret}` },
    { "x-request-id": secret },
    { "x-twilio-signature": secret },
  ];
  return [
    // A stranger's body is not read: these come from a student.
    ...routes.flatMap((route) => bodies.map((body): [string, Init] => [route, { body, ...student }])),
    ...addresses.flatMap((address) => heads.map((head): [string, Init] => [address, head])),
    ...hostileMoney(secret, student, instructor),
  ];
}
