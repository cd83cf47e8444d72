import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import * as z from "zod";
import { PG_ERROR_FIELDS, type PgDatabase, PgError, type PgQuery, type PgResult } from "./pg-database.ts";

/*
 * Neon's SQL over HTTP in front of any PostgreSQL, as driver 1.2.0 speaks it and Neon's proxy answers it
 * (https://github.com/neondatabase/neon, proxy/src/serverless/sql_over_http.rs): the Worker runs the very client that it
 * runs in production. It refuses what that proxy refuses, and fails on wish.
 */

/** What goes wrong until it is changed. */
export interface NeonFaults {
  /**
   * `refuse`: connections are cut. `hang`: a request is never answered. `error-500`: every request is. `lose-reply`: the
   * statements are carried out, and then the connection is cut.
   */
  kind: "none" | "refuse" | "hang" | "error-500" | "lose-reply";
  /** Before every request is looked at. */
  delayMs: number;
}

export interface NeonStandin {
  /** For `DATABASE_HTTP_ENDPOINT`. */
  readonly endpoint: string;
  /** For `DATABASE_URL`: the host means nothing, the password is checked. */
  readonly url: string;
  readonly faults: NeonFaults;
  /** Requests that arrived, and statements that reached the database. */
  readonly counted: { requests: number; statements: number };
  /** Nothing listens on the port any more, and again. */
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

/** What the proxy takes as a request; the answer is limited as well, but a class never gets there. */
const REQUEST_BYTES = 10 * 1024 * 1024;

const ISOLATION = {
  ReadUncommitted: "READ UNCOMMITTED",
  ReadCommitted: "READ COMMITTED",
  RepeatableRead: "REPEATABLE READ",
  Serializable: "SERIALIZABLE",
} as const;

const param = z.union([z.string(), z.null(), z.number().transform(String), z.boolean().transform(String)]);
const query = z
  .object({ query: z.string(), params: z.array(param).default([]) })
  .transform((read): PgQuery => ({ text: read.query, params: read.params }));
const body = z.union([z.object({ queries: z.array(query) }), query]);
const flag = z.enum(["true", "false"]).transform((word) => word === "true");
const headers = z.object({
  "neon-connection-string": z.url({ protocol: /^postgres(ql)?$/ }),
  // The proxy has other forms of a row; the driver asks for none of them.
  "neon-raw-text-output": z.literal("true"),
  "neon-array-mode": z.literal("true"),
  "neon-batch-isolation-level": z
    .enum(["ReadUncommitted", "ReadCommitted", "RepeatableRead", "Serializable"])
    .optional(),
  "neon-batch-read-only": flag.optional(),
  "neon-batch-deferrable": flag.optional(),
});

/** Starts on `port`, or on a free one, of this machine only. */
export async function startNeonStandin(options: {
  readonly database: PgDatabase;
  readonly port?: number | undefined;
}): Promise<NeonStandin> {
  const { database } = options;
  const { password } = database;
  const faults: NeonFaults = { kind: "none", delayMs: 0 };
  const counted = { requests: 0, statements: 0 };
  const sockets = new Set<Socket>();

  const server = createServer((request, response) => {
    counted.requests += 1;
    answer(request, response).catch(() => request.socket.destroy());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    if (faults.kind === "refuse") socket.destroy();
  });
  const up = async (port: number): Promise<number> => {
    if (server.listening) return port;
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return portOf(server.address());
  };
  const down = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const port = await up(options.port ?? 0);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await read(request);
    if (faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.delayMs));
    switch (faults.kind) {
      case "refuse":
        return void request.socket.destroy();
      case "hang":
        return;
      case "error-500":
        return reply(response, 500, { message: "Internal Server Error" });
      case "lose-reply":
        await carryOut(request, bytes);
        return void request.socket.destroy();
      case "none": {
        const { status, content } = await carryOut(request, bytes);
        return reply(response, status, content);
      }
    }
  }

  async function carryOut(request: IncomingMessage, bytes: Buffer | undefined): Promise<Answer> {
    if (request.url !== "/sql") return { status: 404, content: { message: "not found" } };
    if (request.method !== "POST") return { status: 405, content: { message: "method not allowed" } };
    if (bytes === undefined) return { status: 413, content: { message: "request is too large" } };
    const head = headers.safeParse(request.headers);
    const asked = body.safeParse(jsonOf(bytes));
    if (!head.success) return refusal("missing or malformed header");
    if (!asked.success) return refusal("malformed request");
    const address = new URL(head.data["neon-connection-string"]);
    if (decodeURIComponent(address.password) !== password) {
      return refusal(`password authentication failed for user '${address.username}'`, "28P01");
    }
    try {
      if (!("queries" in asked.data)) {
        counted.statements += 1;
        return { status: 200, content: wireOf(await database.run(asked.data)) };
      }
      const { queries } = asked.data;
      counted.statements += queries.length;
      const isolation = head.data["neon-batch-isolation-level"];
      const results = await database.batch(queries, {
        isolation: isolation && ISOLATION[isolation],
        readOnly: head.data["neon-batch-read-only"],
        deferrable: head.data["neon-batch-deferrable"],
      });
      return { status: 200, content: { results: results.map(wireOf) } };
    } catch (error) {
      if (error instanceof PgError) return { status: 400, content: errorOf(error) };
      throw error;
    }
  }

  return {
    endpoint: `http://127.0.0.1:${port}/sql`,
    url: `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1/postgres`,
    faults,
    counted,
    down,
    up: async () => void (await up(port)),
    close: down,
  };
}

interface Answer {
  readonly status: number;
  readonly content: object;
}

function reply(response: ServerResponse, status: number, content: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(content));
}

const wireOf = (result: PgResult): object => ({
  fields: result.fields.map((field) => ({ ...field, format: "text" })),
  rows: result.rows,
  rowAsArray: true,
  command: result.command,
  rowCount: result.rowCount,
});

const errorOf = (error: PgError): object => ({
  message: error.message,
  ...Object.fromEntries(PG_ERROR_FIELDS.map((field) => [field, error.fields[field] ?? null])),
});

/** A refusal of the proxy itself, before any database is asked. */
const refusal = (message: string, code?: string): Answer => ({
  status: 400,
  content: errorOf(new PgError(message, code === undefined ? {} : { code, severity: "FATAL" })),
});

/** The whole body; `undefined` for one that is too large. */
async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length <= REQUEST_BYTES) chunks.push(chunk);
  }
  return length <= REQUEST_BYTES ? Buffer.concat(chunks) : undefined;
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

const portOf = (address: AddressInfo | string | null): number =>
  address !== null && typeof address === "object" ? address.port : 0;
