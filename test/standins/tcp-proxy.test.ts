import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

let echo: Server;
let proxy: TcpProxy;
beforeEach(async () => {
  echo = createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(0, "127.0.0.1");
  await once(echo, "listening");
  const address = echo.address();
  proxy = await startTcpProxy({ port: typeof address === "object" && address ? address.port : 0 });
});
afterEach(async () => {
  await proxy.close();
  echo.close();
});

/** Sends a word on a new connection: what comes back first, the word or the end. */
async function say(word: string): Promise<string> {
  const socket = connect(proxy.port, "127.0.0.1");
  const outcome = Promise.race([
    once(socket, "data").then(([data]) => String(data)),
    once(socket, "close").then(() => "closed"),
  ]).catch((thrown: unknown) => String(Object(thrown).code));
  socket.write(word);
  return outcome.finally(() => socket.destroy());
}

describe("the faulty piece of network", () => {
  it("PROXY-1 passes both ways, on many connections at once", async () => {
    expect(await Promise.all(["one", "two", "three"].map(say))).toEqual(["one", "two", "three"]);
  });

  it("PROXY-2 refuses, and passes again on the same port", async () => {
    await proxy.become("refuse");
    expect(await say("hello")).toBe("ECONNREFUSED");
    await proxy.become("pass");
    expect(await say("hello")).toBe("hello");
  });

  it("PROXY-3 hangs until it changes, and delivers nothing of what hung", async () => {
    const heard: string[] = [];
    const open = (): Socket =>
      connect(proxy.port, "127.0.0.1")
        .on("data", (data) => heard.push(String(data)))
        .on("error", () => {});
    const before = open();
    before.write("before");
    await once(before, "data");
    await proxy.become("hang");
    const during = open();
    await once(during, "connect");
    during.write("during");
    before.write("during");
    // All of it is on this machine and in this process: a few rounds of the event loop bring whatever comes.
    for (let round = 0; round < 10; round += 1) await new Promise((resolve) => setImmediate(resolve));
    const closed = Promise.all([once(before, "close"), once(during, "close")]);
    await proxy.become("pass");
    await closed;
    expect(heard).toEqual(["before"]);
    expect(await say("again")).toBe("again");
  });
});
