import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { protocol } from "@electric-sql/pglite";
import { COPY_FROM_STDIN, COPY_REFUSED, type PgliteSession, statusAfter } from "./pglite-session.ts";

/*
 * PGlite for psql and other clients of PostgreSQL's wire protocol
 * (https://www.postgresql.org/docs/current/protocol-flow.html). Written here because `@electric-sql/pglite-socket` 0.2.17
 * passes on message by message: a query of the Worker then comes between a client's Parse and Bind, and the client runs
 * it. No password is asked for; it listens on this machine only.
 */

export interface PsqlServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Codes of the packets that come before a session, where a protocol version stands otherwise. */
const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;

/** Messages after which a client waits: a query, a sync, a flush, a function call, the end of a copy. */
const AWAIT_REPLY = new Set("QSHFcf");

/** A setting of one client is everybody's, as the session is: with the last client all of them go. */
const FORGET_SETTINGS = protocol.serialize.query("DISCARD ALL");

/** Sent in the place of a copy: PostgreSQL itself then says no, as befits the state of the transaction. */
const REFUSE_COPY = protocol.serialize.query(
  `do $$ begin raise exception using errcode = '0A000', message = '${COPY_REFUSED}'; end $$`,
);

/** @throws the error of `listen`: `EADDRINUSE` when the port is taken. */
export async function servePsql(
  database: { readonly session: PgliteSession },
  options: { readonly port: number; readonly host?: string },
): Promise<PsqlServer> {
  const { session } = database;
  const sockets = new Set<Socket>();
  const conversations = new Set<Promise<void>>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const conversation = converse(socket, session).finally(() => {
      socket.destroy();
      sockets.delete(socket);
      conversations.delete(conversation);
    });
    conversations.add(conversation);
  });
  const { port, host = "127.0.0.1" } = options;
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(conversations);
      await closed;
    },
  };

  async function converse(socket: Socket, shared: PgliteSession): Promise<void> {
    const owner = {};
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.once("close", () => shared.leave(owner));
    try {
      await answerAll(socket, shared, owner);
    } catch {
      // The client went away, or sent what PGlite cannot take: either way the connection ends.
    }
    if (shared.isHeldBy(owner)) {
      // After an error PostgreSQL takes nothing but a sync; a client may have gone before it sent one.
      await shared.exchange(owner, protocol.serialize.sync());
      await shared.rollBack(owner);
    }
    if (sockets.size === 1 && (await shared.take(owner))) await shared.exchange(owner, FORGET_SETTINGS);
    shared.release(owner);
  }
}

async function answerAll(socket: Socket, session: PgliteSession, owner: object): Promise<void> {
  let received = Buffer.alloc(0);
  let together: Buffer[] = [];
  let hasStarted = false;
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const length = hasStarted ? lengthOfMessage(received) : lengthOfStartup(received);
      if (length === undefined || received.length < length) break;
      const message = received.subarray(0, length);
      received = received.subarray(length);

      if (hasStarted) {
        const type = String.fromCharCode(message[0] ?? 0);
        if (type === "X") return;
        together.push(COPY_FROM_STDIN.test(sqlOf(type, message)) ? Buffer.from(REFUSE_COPY) : message);
        if (!AWAIT_REPLY.has(type)) continue;
      } else {
        const code = message.readInt32BE(4);
        if (code === CANCEL_REQUEST) return;
        if (code === SSL_REQUEST || code === GSS_REQUEST) {
          socket.write("N");
          continue;
        }
        hasStarted = true;
        together.push(message);
      }

      if (!(await session.take(owner))) return;
      const reply = await session.exchange(owner, Buffer.concat(together));
      together = [];
      socket.write(reply);
      if (statusAfter(reply) === "I") session.release(owner);
    }
  }
}

/** The SQL of a query, or of a parse, where it follows the statement's name. */
function sqlOf(type: string, message: Buffer): string {
  if (type === "Q") return message.toString("utf8", 5);
  return type === "P" ? message.toString("utf8", message.indexOf(0, 5) + 1) : "";
}

const lengthOfStartup = (received: Buffer): number | undefined =>
  received.length < 8 ? undefined : received.readInt32BE(0);

const lengthOfMessage = (received: Buffer): number | undefined =>
  received.length < 5 ? undefined : 1 + received.readInt32BE(1);
