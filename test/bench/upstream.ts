/**
 * OpenAI, played with a known pace: the Responses stream of `UPSTREAM` below and nothing that takes time of its own. It
 * is a process by itself, so that it shares no event loop with the client that measures. Prints `{"port":…}` when ready.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { nowMs, stampToken } from "./stamps.ts";
import { UPSTREAM } from "./workload.ts";

const MODEL = "gpt-6-luna";
const USAGE = {
  input_tokens: 120,
  input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
  output_tokens: UPSTREAM.tokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 120 + UPSTREAM.tokens,
};

const server = createServer((request, response) => {
  if (request.method === "GET" && request.url === "/v1/models") {
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({ object: "list", data: [{ id: MODEL, object: "model", created: 0, owned_by: "openai" }] }),
    );
  } else if (request.method === "POST" && request.url === "/v1/responses") {
    bodyOf(request, (body) => answer(body, nowMs(), response));
  } else {
    response.writeHead(404).end();
  }
});
server.keepAliveTimeout = 120_000;
server.listen({ host: "127.0.0.1", port: 0, backlog: 1_024 }, () => {
  const address = server.address();
  if (address !== null && typeof address !== "string") console.log(JSON.stringify({ port: address.port }));
});

function bodyOf(request: IncomingMessage, onBody: (body: string) => void): void {
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (chunk: string) => {
    body += chunk;
  });
  request.on("end", () => onBody(body));
}

/** Streams one answer. Deadlines count from the arrival, so that a late timer makes one token late, not all after it. */
function answer(body: string, arrivedMs: number, response: ServerResponse): void {
  const tokensPerWrite = body.includes(UPSTREAM.burstWord) ? UPSTREAM.burstTokens : 1;
  const events = eventWriter();
  response.writeHead(200, { "content-type": "text/event-stream", "x-request-id": events.responseId });
  response.write(events.opening());
  let sent = 0;
  const emit = (): void => {
    let block = sent === 0 ? events.messageStart() : "";
    for (const end = sent + tokensPerWrite; sent < end; sent += 1) {
      const arrival = sent === 0 ? stampToken("arrived", arrivedMs) : "";
      block += events.delta(arrival + stampToken("emitted", nowMs()));
    }
    response.write(block);
    if (sent < UPSTREAM.tokens) schedule();
    else response.end(events.closing());
  };
  const schedule = (): void => {
    // A group leaves when its last token is there. Node cuts off fractions of a millisecond: rounded up, none is early.
    const dueMs = arrivedMs + UPSTREAM.ttftMs + (sent + tokensPerWrite - 1) * UPSTREAM.tokenMs;
    timer = setTimeout(emit, Math.max(1, Math.ceil(dueMs - nowMs())));
  };
  let timer: NodeJS.Timeout | undefined;
  schedule();
  response.on("close", () => clearTimeout(timer));
}

let answers = 0;

/** The events of one response, numbered, in the order in which OpenAI sends them. */
function eventWriter() {
  answers += 1;
  const responseId = `resp_${answers}`;
  const itemId = `msg_${answers}`;
  let sequence = 0;
  let text = "";
  const event = (type: string, fields: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`;
  const place = { item_id: itemId, output_index: 0, content_index: 0 };
  const part = () => ({ type: "output_text", text, annotations: [], logprobs: [] });
  const item = (status: string) => ({
    id: itemId,
    type: "message",
    status,
    role: "assistant",
    content: status === "completed" ? [part()] : [],
  });
  const response = (status: string) => ({
    id: responseId,
    object: "response",
    created_at: 0,
    status,
    model: MODEL,
    output: status === "completed" ? [item(status)] : [],
    usage: status === "completed" ? USAGE : null,
    error: null,
    incomplete_details: null,
  });
  return {
    responseId,
    opening: () =>
      event("response.created", { response: response("in_progress") }) +
      event("response.in_progress", { response: response("in_progress") }),
    messageStart: () =>
      event("response.output_item.added", { output_index: 0, item: item("in_progress") }) +
      event("response.content_part.added", { ...place, part: part() }),
    delta(token: string): string {
      text += token;
      return event("response.output_text.delta", { ...place, delta: token, logprobs: [] });
    },
    closing: () =>
      event("response.output_text.done", { ...place, text, logprobs: [] }) +
      event("response.content_part.done", { ...place, part: part() }) +
      event("response.output_item.done", { output_index: 0, item: item("completed") }) +
      event("response.completed", { response: response("completed") }),
  };
}
