import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";
import { type Clock, systemClock } from "./clock.ts";
import { gzipBomb } from "./webhook-bomb.ts";

/** How a tool's webhook behaves, as the path of its URL. `slow/1500` answers after 1.5 s, `status/503` with that status. */
export type WebhookBehaviour =
  | "ok"
  | "hang"
  | "drip"
  | "redirect"
  | "bomb"
  | "big"
  | "notjson"
  | "reset"
  | "gone"
  | `slow/${number}`
  | `status/${number}`;

/** `unchecked`: the stand-in knows no secret. `unsigned`: a header of Standard Webhooks is missing. */
export type SignatureVerdict = "valid" | "invalid" | "unsigned" | "unchecked";

/** One request as it arrived. */
export interface WebhookCall {
  readonly atMs: number;
  /** When the last byte had left, or the client had gone; `null` while it is going on. */
  readonly endedAtMs: number | null;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyText: string;
  /** The parsed body; `null` when it was no JSON. */
  readonly body: unknown;
  /** Requests going on when this one arrived, itself included. */
  readonly concurrency: number;
  readonly signature: SignatureVerdict;
  /** The client went away before the last byte of the reply had left. */
  readonly aborted: boolean;
}

export interface WebhookStandinOptions {
  readonly port?: number;
  /** `whsec_…`; signatures are checked against it. May also come later, by `expectSecret`. */
  readonly secret?: string;
  /** What the bomb inflates to, 1 GiB unless told otherwise; a multiple of 1 MiB. */
  readonly bombBytes?: number;
  readonly clock?: Clock;
}

export interface WebhookStandin {
  readonly origin: string;
  urlFor(behaviour: WebhookBehaviour): string;
  /** Requests so far, oldest first. */
  calls(): WebhookCall[];
  /** The next request that arrives from now on, body read. */
  nextCall(): Promise<WebhookCall>;
  /** Resolves once no request is going on, aborted ones included. */
  settled(): Promise<void>;
  expectSecret(secret: string | undefined): void;
  clear(): void;
  close(): Promise<void>;
}

type Writable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

const DRIP_MS = 200;
const BIG_BYTES = 10 * 1024 * 1024;
const BOMB_BYTES = 1024 ** 3;
/** The metadata service of the large clouds: what a redirect would be abused for. */
const METADATA_URL = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";

/** Starts a server that plays a student's webhook, well or badly behaved by its path. */
export async function startWebhookStandin(options: WebhookStandinOptions = {}): Promise<WebhookStandin> {
  const clock = options.clock ?? systemClock;
  let secret = options.secret;
  let calls: Writable<WebhookCall>[] = [];
  let open = 0;
  let onNext: ((call: WebhookCall) => void)[] = [];
  let onIdle: (() => void)[] = [];
  let bomb: Buffer | undefined;
  const manners: Manners = {
    clock,
    bomb: () => {
      bomb ??= gzipBomb(options.bombBytes ?? BOMB_BYTES);
      return bomb;
    },
  };

  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    open += 1;
    const call: Writable<WebhookCall> = {
      atMs: clock.now(),
      endedAtMs: null,
      method: request.method ?? "",
      path: request.url ?? "",
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      bodyText: "",
      body: null,
      concurrency: open,
      signature: "unchecked",
      aborted: false,
    };
    calls.push(call);
    response.on("close", () => {
      call.endedAtMs = clock.now();
      call.aborted = !response.writableFinished && !call.path.startsWith("/reset");
      open -= 1;
      if (open === 0) for (const resolve of onIdle.splice(0)) resolve();
    });
    call.bodyText = await textOf(request);
    call.body = parseJson(call.bodyText);
    call.signature = verdictOf(secret, call);
    for (const resolve of onNext.splice(0)) resolve({ ...call });
    behave(call, response, manners);
  };

  const server = createServer((request, response) => {
    receive(request, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  return {
    origin,
    urlFor: (behaviour) => `${origin}/${behaviour}`,
    calls: () => calls.map((call) => ({ ...call })),
    nextCall: () => new Promise((resolve) => onNext.push(resolve)),
    settled: () => (open === 0 ? Promise.resolve() : new Promise((resolve) => onIdle.push(resolve))),
    expectSecret: (next) => {
      secret = next;
    },
    clear: () => {
      calls = [];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        onNext = [];
        onIdle = [];
      }),
  };
}

interface Manners {
  readonly clock: Clock;
  readonly bomb: () => Buffer;
}

/** Replies as the path says; an unknown path is 404. */
function behave(call: WebhookCall, response: ServerResponse, { clock, bomb }: Manners): void {
  const [, behaviour = "", detail = ""] = call.path.replace(/[?#].*$/, "").split("/");
  const json = (status: number, body: unknown): void => {
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  };
  switch (behaviour) {
    case "ok":
      json(200, { ok: true, received: call.body });
      return;
    case "slow":
      response.on(
        "close",
        clock.startTimer(() => json(200, { ok: true, afterMs: Number(detail) }), Number(detail)),
      );
      return;
    case "hang":
      return;
    case "drip":
      response.writeHead(200, { "content-type": "application/json" });
      drip(response, clock);
      return;
    case "redirect":
      response.writeHead(302, { location: METADATA_URL }).end();
      return;
    case "status":
      json(statusIn(detail), { error: `status ${detail}, as asked` });
      return;
    case "bomb":
      response.writeHead(200, {
        "content-type": "application/json",
        "content-encoding": "gzip",
        "content-length": bomb().byteLength,
      });
      response.end(bomb());
      return;
    case "big":
      // Its length is not announced: a cap has to count what it reads.
      response.writeHead(200, { "content-type": "application/json" }).end(`"${"a".repeat(BIG_BYTES - 2)}"`);
      return;
    case "notjson":
      response.writeHead(200, { "content-type": "text/html" }).end("<html>this is <b>not</b> JSON</html>");
      return;
    case "reset":
      // With a reset and not an orderly end, so that the client cannot take it for an empty reply.
      response.socket?.resetAndDestroy();
      return;
    case "gone":
      json(410, { error: "gone" });
      return;
    default:
      json(404, { error: "no such behaviour" });
  }
}

/** One byte at a time, for ever: every pause alone is short enough for a timeout that only looks at pauses. */
function drip(response: ServerResponse, clock: Clock): void {
  let cancel = (): void => {};
  const next = (): void => {
    response.write(" ");
    cancel = clock.startTimer(next, DRIP_MS);
  };
  response.on("close", () => cancel());
  next();
}

function statusIn(detail: string): number {
  const status = Number(detail);
  return Number.isInteger(status) && status >= 200 && status <= 599 ? status : 400;
}

/** The judgement of the library that receivers use; it also refuses a time stamp more than five minutes off. */
function verdictOf(secret: string | undefined, { headers, bodyText }: WebhookCall): SignatureVerdict {
  if (secret === undefined) return "unchecked";
  const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
  if (names.some((name) => headers[name] === undefined)) return "unsigned";
  try {
    new Webhook(secret).verify(bodyText, { ...headers }, { jsonParse: false });
    return "valid";
  } catch {
    return "invalid";
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
