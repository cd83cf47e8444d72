import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** `pass`: as if it were not there. `refuse`: nothing listens. `hang`: connections open, and no byte goes through. */
export type ProxyMode = "pass" | "refuse" | "hang";

export interface TcpProxy {
  readonly port: number;
  /** Cuts what is open, except that `hang` keeps it open and silent. What hung is cut by the next mode, not delivered. */
  become(mode: ProxyMode): Promise<void>;
  close(): Promise<void>;
}

/** A piece of network that fails on wish, between a client and a server on this machine that know nothing of it. */
export async function startTcpProxy(target: { readonly port: number }): Promise<TcpProxy> {
  let mode: ProxyMode = "pass";
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((client) => {
    keep(client);
    if (mode === "hang") return;
    const upstream = keep(connect(target.port, "127.0.0.1"));
    client.pipe(upstream).pipe(client);
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => client.destroy());
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const stopListening = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    cut();
    await closed;
  };
  let port = 0;
  const listen = async (): Promise<void> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (typeof address === "object" && address) port = address.port;
  };
  await listen();
  return {
    port,
    become: async (next) => {
      mode = next;
      if (next === "refuse") return stopListening();
      if (next === "hang") for (const socket of sockets) socket.unpipe().pause();
      else cut();
      if (!server.listening) await listen();
    },
    close: stopListening,
  };
}
