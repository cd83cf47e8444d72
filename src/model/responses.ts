import { createParser } from "eventsource-parser";
import type OpenAI from "openai";
import type { ResponseCreateParamsStreaming, ResponseInputItem } from "openai/resources/responses/responses";
import type { Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { Usage } from "../protocol/call-record.ts";
import type { UsageSource } from "../protocol/charge.ts";
import { estimateUsage, type HistoryItem, type ModelEvent, type ModelLeg, type ModelRequest } from "./model-leg.ts";
import { readResponseEvent } from "./response-events.ts";
import { traitsOf } from "./text-models.ts";
import { type UpstreamFailure, upstreamFailureOf } from "./upstream-failure.ts";

/** The one timer a leg needs; returns a function that cancels it. */
export type StartTimer = (run: () => void, afterMs: number) => () => void;

export interface ResponsesLegOptions {
  readonly client: OpenAI;
  readonly model: string;
  /** Keeps one call's requests on one prompt cache at OpenAI; an id of ours, no personal data. */
  readonly cacheKey: string;
  readonly startTimer: StartTimer;
  readonly nowMs: () => number;
}

/** Everything of one response, a refused one included, is at most this long on the wire. */
const STREAM_CHARACTERS = 4 * 1024 * 1024;

/** The text leg: OpenAI's Responses API, streaming, nothing stored at OpenAI, the history in our own items. */
export function responsesLeg(options: ResponsesLegOptions): ModelLeg {
  return {
    async respond(request, signal, onEvents) {
      const watchdog = new Watchdog(options, signal);
      try {
        const opened = await openStream(options, request, watchdog);
        if (signal.aborted) return;
        if (opened instanceof Response) await readStream(opened, request, watchdog, signal, onEvents);
        else onEvents([failed(opened.reason, opened, null)]);
      } finally {
        watchdog.stop();
      }
    },
  };
}

const TIMED_OUT: UpstreamFailure = {
  reason: "upstream_timeout",
  status: 0,
  upstreamRequestId: null,
  retryAfterMs: undefined,
};

/**
 * Ends a request in which nothing happens: before the first word, and between two. Ends it too when the call does. One
 * timer for a whole response: moving a deadline on is a note, not a new timer for every chunk.
 */
class Watchdog {
  readonly #abort = new AbortController();
  readonly #options: Pick<ResponsesLegOptions, "startTimer" | "nowMs">;
  #dueMs: number;
  #cancel: () => void = () => {};
  expired = false;

  constructor(options: Pick<ResponsesLegOptions, "startTimer" | "nowMs">, callSignal: AbortSignal) {
    this.#options = options;
    if (callSignal.aborted) this.#abort.abort();
    callSignal.addEventListener("abort", () => this.#abort.abort(), { once: true });
    this.#dueMs = options.nowMs() + LIMITS.firstTokenMs;
    this.#watch(LIMITS.firstTokenMs);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Something happened; the next thing must within the longest pause. */
  saw(): void {
    this.#dueMs = this.#options.nowMs() + LIMITS.upstreamPauseMs;
  }

  stop(): void {
    this.#cancel();
  }

  #watch(ms: number): void {
    this.#cancel = this.#options.startTimer(() => {
      const leftMs = this.#dueMs - this.#options.nowMs();
      if (leftMs > 0) {
        this.#watch(leftMs);
        return;
      }
      this.expired = true;
      this.#abort.abort();
    }, ms);
  }
}

/** Sends the request; a failure that may pass is tried once more, if its wait fits into a caller's patience. */
async function openStream(
  options: ResponsesLegOptions,
  request: ModelRequest,
  watchdog: Watchdog,
): Promise<Response | UpstreamFailure> {
  const body = bodyOf(options, request);
  const send = async (): Promise<Response | UpstreamFailure> => {
    try {
      return await options.client.responses.create(body, { signal: watchdog.signal }).asResponse();
    } catch (thrown) {
      return watchdog.expired ? TIMED_OUT : upstreamFailureOf(thrown);
    }
  };
  const first = await send();
  if (first instanceof Response || watchdog.signal.aborted) return first;
  if (first.retryAfterMs === undefined || first.retryAfterMs > LIMITS.upstreamRetryMaxMs) return first;
  await waited(options.startTimer, first.retryAfterMs);
  return watchdog.signal.aborted ? first : send();
}

const waited = (startTimer: StartTimer, ms: number): Promise<void> =>
  new Promise((resolve) => {
    startTimer(resolve, ms);
  });

/** Reads chunk by chunk: all events of a chunk are reported at once, so that what arrives together leaves together. */
async function readStream(
  response: Response,
  request: ModelRequest,
  watchdog: Watchdog,
  signal: AbortSignal,
  onEvents: (events: readonly ModelEvent[]) => void,
): Promise<void> {
  const fold = new ResponseFold(request);
  const parser = createParser({ onEvent: ({ data }) => fold.take(data) });
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  // Not every body ends with its request's signal; this one does.
  watchdog.signal.addEventListener("abort", () => void reader.cancel().catch(() => {}), { once: true });
  const decoder = new TextDecoder();
  let characters = 0;
  try {
    while (!fold.over) {
      const { done, value } = await reader.read();
      if (signal.aborted) return;
      if (done) {
        fold.fail(watchdog.expired ? "upstream_timeout" : "upstream_unavailable");
      } else {
        const text = decoder.decode(value, { stream: true });
        characters += text.length;
        if (characters > STREAM_CHARACTERS) fold.fail("upstream_unreadable");
        else parser.feed(text);
        // Until the model has said something, the time for its first word goes on running.
        if (fold.hasBegun) watchdog.saw();
      }
      const events = fold.flush();
      if (events.length > 0) onEvents(events);
    }
  } catch (thrown) {
    if (signal.aborted || fold.over) return;
    fold.fail(watchdog.expired ? "upstream_timeout" : upstreamFailureOf(thrown).reason);
    onEvents(fold.flush());
  } finally {
    // Closing the stream stops generation; what it says to that no longer matters.
    reader.cancel().catch(() => {});
  }
}

/** What OpenAI told of a response's usage. */
interface Told {
  readonly usage: Usage | null;
  readonly source: UsageSource | undefined;
}

/** Folds the events of one response into ours, and sees to it that it ends exactly once. */
class ResponseFold {
  readonly #request: ModelRequest;
  readonly #toolCallIds = new Set<string>();
  #waiting: ModelEvent[] = [];
  #text = "";
  #said = "";
  /** Names and arguments of tools. */
  #called = "";
  /** The model has said or called something. */
  hasBegun = false;
  over = false;

  constructor(request: ModelRequest) {
    this.#request = request;
  }

  take(data: string): void {
    if (this.over) return;
    const event = readResponseEvent(data);
    switch (event.type) {
      case "text":
        this.hasBegun = true;
        this.#text += event.text.slice(0, LIMITS.answerCharacters - this.#said.length - this.#text.length + 1);
        if (this.#said.length + this.#text.length > LIMITS.answerCharacters) this.#end(undefined, true);
        return;
      case "tool-call":
        // The same call is announced in more than one event; it counts once.
        if (this.#toolCallIds.has(event.toolCallId)) return;
        this.#toolCallIds.add(event.toolCallId);
        this.#called += event.name + event.arguments;
        this.hasBegun = true;
        this.#push(event);
        return;
      case "memo":
        this.hasBegun = true;
        this.#push(event);
        return;
      case "done":
        this.#end(event, event.cut);
        return;
      case "failed":
        this.fail(event.reason, event);
        return;
      case "ignored":
      case "unreadable":
        return;
    }
  }

  /** The response will not end by itself any more. */
  fail(reason: Reason, told?: Told): void {
    if (this.over) return;
    const { usage = null, source } = told ?? {};
    const failure = failed(reason, { status: 200, upstreamRequestId: null }, usage ?? this.#estimate());
    this.#push({ ...failure, source });
    this.over = true;
  }

  /** Text collected since the last flush comes as one delta, in its place among the others. */
  flush(): readonly ModelEvent[] {
    this.#flushText();
    const events = this.#waiting;
    this.#waiting = [];
    return events;
  }

  #end(told: Told | undefined, cut: boolean): void {
    this.#push({ type: "response-done", usage: told?.usage ?? this.#estimate(), source: told?.source, cut });
    this.over = true;
  }

  #push(event: ModelEvent): void {
    this.#flushText();
    this.#waiting.push(event);
  }

  #flushText(): void {
    if (this.#text === "") return;
    this.#said += this.#text;
    this.#waiting.push({ type: "text-delta", text: this.#text });
    this.#text = "";
  }

  #estimate(): Usage {
    return estimateUsage(this.#request, this.#said + this.#text + this.#called);
  }
}

function failed(
  reason: Reason,
  seen: { readonly status: number; readonly upstreamRequestId: string | null },
  usage: Usage | null,
): Extract<ModelEvent, { type: "response-failed" }> {
  return { type: "response-failed", reason, status: seen.status, upstreamRequestId: seen.upstreamRequestId, usage };
}

function bodyOf(options: ResponsesLegOptions, request: ModelRequest): ResponseCreateParamsStreaming {
  const { effort } = traitsOf(options.model);
  const isThinking = effort !== undefined && effort !== "none";
  return {
    model: options.model,
    stream: true,
    store: false,
    instructions: request.instructions,
    input: request.history.map(inputItemOf),
    max_output_tokens: LIMITS.responseOutputTokens,
    stream_options: { include_obfuscation: false },
    prompt_cache_key: options.cacheKey,
    ...(effort === undefined ? {} : { reasoning: { effort } }),
    ...(isThinking ? { include: ["reasoning.encrypted_content" as const] } : {}),
    ...(request.tools.length === 0
      ? {}
      : { tools: request.tools.map((tool) => ({ type: "function" as const, strict: false, ...tool })) }),
  };
}

function inputItemOf(item: HistoryItem): ResponseInputItem {
  switch (item.kind) {
    case "caller":
      return { role: "user", content: item.text };
    case "agent":
      return { role: "assistant", content: item.text };
    case "tool-call":
      return { type: "function_call", call_id: item.toolCallId, name: item.name, arguments: item.arguments };
    case "tool-output":
      return { type: "function_call_output", call_id: item.toolCallId, output: item.output };
    case "memo":
      // Written by `response-events.ts` from a parsed reasoning item; given back as it came.
      return JSON.parse(item.memo);
  }
}
