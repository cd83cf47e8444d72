/** The measuring end: one caller over ConversationRelay, or the same questions put straight to the upstream. */
import { Agent, request } from "node:http";
import { type RawData, WebSocket } from "ws";
import { AnswerReader, answerRequest } from "./answer-stream.ts";
import { nowMs, readStamps } from "./stamps.ts";
import { TURN_TIMEOUT_MS, UPSTREAM } from "./workload.ts";

/** One turn as the caller saw it; every duration in milliseconds. */
export interface Turn {
  readonly sentAtMs: number;
  readonly endedAtMs: number;
  /** The prompt's way to the upstream. */
  readonly upMs: number;
  /** Each token's way back, from the upstream's write to our hands. */
  readonly downMs: readonly number[];
  readonly firstTokenMs: number;
  /** Frames that carried speech, with the one that closes the turn. */
  readonly frames: number;
}

export interface Caller {
  /** From dialling to the open socket. */
  readonly openMs: number;
  readonly openedAtMs: number;
  /** Speaks and waits for the whole answer. Throws when it does not come whole, or not in time. */
  turn(prompt: string): Promise<Turn>;
  close(): Promise<void>;
}

/**
 * Opens a socket and sends `setup`. A prompt given to the caller in the same tick leaves in the same breath.
 *
 * @throws Error when the socket does not open.
 */
export function dialRelay(url: string): Promise<Caller> {
  const dialledAtMs = nowMs();
  const socket = new WebSocket(url, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("open", () => {
      const openedAtMs = nowMs();
      socket.send(SETUP);
      resolve(relayCaller(socket, openedAtMs, openedAtMs - dialledAtMs));
    });
  });
}

function relayCaller(socket: WebSocket, openedAtMs: number, openMs: number): Caller {
  let listening: AnswerListener | undefined;
  socket.on("message", (data) => {
    const receivedAtMs = nowMs();
    const frame: { type?: unknown; token?: unknown; last?: unknown; code?: unknown } = JSON.parse(textOf(data));
    if (frame.type === "text" && typeof frame.token === "string") {
      listening?.heard(frame.token, frame.last === true, receivedAtMs);
    } else if (frame.type === "error" || frame.type === "end") {
      listening?.failed(`the server sent ${frame.type} ${typeof frame.code === "string" ? frame.code : ""}`);
    }
  });
  socket.on("close", (code) => listening?.failed(`the socket closed with ${code}`));
  socket.on("error", () => listening?.failed("the socket failed"));
  return {
    openMs,
    openedAtMs,
    turn: (prompt) =>
      answered((listener) => {
        listening = listener;
        socket.send(JSON.stringify({ type: "prompt", voicePrompt: prompt, lang: "en-US", last: true }));
      }),
    close: () =>
      new Promise((resolve) => {
        if (socket.readyState === WebSocket.CLOSED) return resolve();
        socket.once("close", () => resolve());
        socket.close(1000);
      }),
  };
}

/** `ws` gives a whole frame as one Buffer unless it is told otherwise. */
const textOf = (data: RawData): string => (Buffer.isBuffer(data) ? data.toString("utf8") : "{}");

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/** No server at all: each turn is one request to the upstream over a kept connection. */
export function dialUpstream(baseUrl: string): Promise<Caller> {
  const headers = { "content-type": "application/json", authorization: "Bearer sk-bench" };
  return Promise.resolve({
    openMs: 0,
    openedAtMs: nowMs(),
    turn: (prompt) =>
      answered((listener) => {
        const outgoing = request(`${baseUrl}/responses`, { agent, method: "POST", headers }, (incoming) => {
          const answer = new AnswerReader();
          incoming.setEncoding("utf8");
          incoming.on("data", (chunk: string) => {
            const receivedAtMs = nowMs();
            const { deltas, done } = answer.read(chunk);
            for (const delta of deltas) listener.heard(delta, false, receivedAtMs);
            if (done) listener.heard("", true, receivedAtMs);
          });
        });
        outgoing.on("error", () => listener.failed("the request failed"));
        outgoing.end(answerRequest(prompt));
      }),
    close: () => Promise.resolve(),
  });
}

interface AnswerListener {
  heard(text: string, last: boolean, receivedAtMs: number): void;
  failed(why: string): void;
}

/** Collects one answer. A frame without a stamp is not part of it (a greeting, a filler), but may close it. */
function answered(ask: (listener: AnswerListener) => void): Promise<Turn> {
  return new Promise((resolve, reject) => {
    const timeout = setTimeout(() => reject(new Error("no whole answer in time")), TURN_TIMEOUT_MS);
    const downMs: number[] = [];
    const sentAtMs = nowMs();
    let upMs: number | undefined;
    let firstTokenMs: number | undefined;
    let frames = 0;
    ask({
      heard(text, last, receivedAtMs) {
        const stamps = readStamps(text, receivedAtMs);
        for (const stamp of stamps) {
          if (stamp.kind === "arrived") upMs = stamp.atMs - sentAtMs;
          else downMs.push(receivedAtMs - stamp.atMs);
        }
        if (stamps.length > 0) firstTokenMs ??= receivedAtMs - sentAtMs;
        if (firstTokenMs === undefined) return;
        frames += 1;
        if (!last) return;
        clearTimeout(timeout);
        if (upMs === undefined || downMs.length !== UPSTREAM.tokens)
          reject(new Error("words of the answer are missing"));
        else resolve({ sentAtMs, endedAtMs: receivedAtMs, upMs, downMs, firstTokenMs, frames });
      },
      failed(why) {
        clearTimeout(timeout);
        reject(new Error(why));
      },
    });
  });
}

/** All thirteen keys that Twilio sends first, as it fills them for a call without a phone. */
const SETUP = JSON.stringify({
  type: "setup",
  sessionId: "VX00000000000000000000000000000001",
  accountSid: "",
  parentCallSid: "",
  callSid: "",
  from: "",
  to: "",
  forwardedFrom: "",
  callType: "CLIENT",
  callerName: "",
  direction: "inbound",
  callStatus: "RINGING",
  customParameters: {},
});
