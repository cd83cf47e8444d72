/**
 * The least a Durable Object per call can do: one socket in, one request out, each delta passed on at once. No history,
 * no tools, no keys, no storage: the practical limit of the runtime that Callroom runs in.
 */
import { DurableObject } from "cloudflare:workers";
import { AnswerReader, answerRequest, promptIn, textFrame } from "../answer-stream.ts";
import type { BareSoundCall } from "./sound.ts";

export { BareSoundCall } from "./sound.ts";

interface BareEnv {
  readonly CALL: DurableObjectNamespace<BareCall>;
  readonly SOUND_CALL: DurableObjectNamespace<BareSoundCall>;
  readonly OPENAI_BASE_URL: string;
}

export class BareCall extends DurableObject<BareEnv> {
  override fetch(): Response {
    const { 0: theirs, 1: ours } = new WebSocketPair();
    ours.accept();
    ours.addEventListener("message", (event) => {
      const prompt = typeof event.data === "string" ? promptIn(event.data) : undefined;
      if (prompt !== undefined) this.#passOn(prompt, ours).catch(() => ours.close(1011));
    });
    return new Response(null, { status: 101, webSocket: theirs });
  }

  async #passOn(prompt: string, socket: WebSocket): Promise<void> {
    const response = await fetch(`${this.env.OPENAI_BASE_URL}/responses`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer sk-bench" },
      body: answerRequest(prompt),
    });
    if (response.body === null) return socket.close(1011);
    const answer = new AnswerReader();
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      const { deltas, done } = answer.read(decoder.decode(chunk, { stream: true }));
      for (const delta of deltas) socket.send(textFrame(delta, false));
      if (done) socket.send(textFrame("", true));
    }
  }
}

export default {
  fetch(request, env) {
    if (request.headers.get("upgrade") !== "websocket") return new Response("ok");
    const isText = new URL(request.url).pathname === "/";
    const calls = isText ? env.CALL : env.SOUND_CALL;
    return calls.get(calls.newUniqueId()).fetch(request);
  },
} satisfies ExportedHandler<BareEnv>;
