/**
 * The least a server in Node can do: one socket in, one request out, each delta passed on at once. No history, no
 * tools, no keys, no storage: the practical limit of that runtime. Prints `{"port":…}` when ready.
 */
import { Agent, createServer, request } from "node:http";
import { type WebSocket, WebSocketServer } from "ws";
import { AnswerReader, answerRequest, promptIn, textFrame } from "./answer-stream.ts";

const upstream = `${process.argv[2]}/responses`;
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

const server = createServer((_, response) => response.end("ok"));
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on("connection", (socket) => {
  socket.on("message", (data) => {
    const prompt = promptIn(Buffer.isBuffer(data) ? data.toString() : "{}");
    if (prompt !== undefined) passOn(prompt, socket);
  });
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 1_024 }, () => {
  const address = server.address();
  if (address !== null && typeof address !== "string") console.log(JSON.stringify({ port: address.port }));
});

function passOn(prompt: string, socket: WebSocket): void {
  const headers = { "content-type": "application/json", authorization: "Bearer sk-bench" };
  const outgoing = request(upstream, { agent, method: "POST", headers }, (incoming) => {
    const answer = new AnswerReader();
    incoming.setEncoding("utf8");
    incoming.on("data", (chunk: string) => {
      const { deltas, done } = answer.read(chunk);
      for (const delta of deltas) socket.send(textFrame(delta, false));
      if (done) socket.send(textFrame("", true));
    });
  });
  outgoing.on("error", () => socket.close(1011));
  outgoing.end(answerRequest(prompt));
}
