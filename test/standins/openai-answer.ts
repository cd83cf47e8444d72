import { think } from "./openai-brain.ts";
import { ChatWriter } from "./openai-chat.ts";
import type { Faults } from "./openai-faults.ts";
import { type RouteKind, SLOW_FIRST_TOKEN_MS } from "./openai-keys.ts";
import { REASONING_TOKENS } from "./openai-models.ts";
import { type Prompt, planAnswer, tokenCountOf } from "./openai-prompt.ts";
import { type Exchange, playedBeforehand, sendHead, sendText } from "./openai-reply.ts";
import { ResponsesWriter } from "./openai-responses.ts";
import { type AnswerWriter, play, writeScript } from "./openai-stream.ts";
import type { StandinUsage } from "./openai-usage.ts";
import type { Json } from "./openai-validate.ts";

/** Answers a paid request that is in order, with the faults that wait for it. */
export function sendAnswer(exchange: Exchange, key: string, kind: RouteKind, json: Json, prompt: Prompt): void {
  const { world, response, entry } = exchange;
  const { clock } = world;
  const faults = faultsFor(exchange, key);
  if (playedBeforehand(exchange, faults.trouble)) return;

  const input = world.cache.count(key, prompt);
  const plan = planAnswer(faults.answer ?? think(prompt), REASONING_TOKENS[prompt.effort], prompt.maxOutputTokens);
  const { reasoningTokens } = plan;
  const usageAt = (tokens: number): StandinUsage => ({
    ...input,
    outputTokens: reasoningTokens + tokens,
    reasoningTokens,
  });
  entry.usage = { ...input, outputTokens: 0, reasoningTokens: 0 };
  const onSent = (tokens: number, isWhole: boolean): void => {
    if (tokens > 0) entry.firstTokenAtMs ??= clock.now();
    if (tokens > 0 || isWhole) entry.usage = usageAt(tokens);
  };
  const newWriter = (): AnswerWriter =>
    kind === "chat"
      ? new ChatWriter(prompt, plan, clock.now(), world.makeId)
      : new ResponsesWriter(json, prompt, plan, clock.now(), world.makeId, faults.told);
  for (const [name, value] of Object.entries(RATE_LIMIT_HEADERS)) response.setHeader(name, value);

  const writer = newWriter();
  entry.responseId = writer.id;
  const script = writeScript(plan, writer, world.pace, faults, usageAt);
  if (prompt.stream) {
    sendHead(exchange, 200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
    play(response, { script, clock, arrivedMs: entry.atMs, split: faults.split, onSent });
    return;
  }
  // Without a stream the client gets all of it at the end: a fault can only keep it, cut it off or break it.
  const finish = (): void => {
    if (script.ending === "stall") return;
    if (script.ending === "reset") {
      response.socket?.destroy();
      return;
    }
    const tokens = tokenCountOf(plan);
    onSent(tokens, true);
    const whole = newWriter();
    entry.responseId = whole.id;
    const text = JSON.stringify(whole.whole(usageAt(tokens)));
    sendText(exchange, 200, faults.trouble?.kind === "malformed-event" ? text.slice(0, text.length / 2) : text);
  };
  const dueMs = script.chunks.at(-1)?.dueMs ?? 0;
  if (dueMs === 0) finish();
  else response.on("close", clock.startTimer(finish, dueMs));
}

/** The scripted faults for this request; a slow key's delay stands unless a fault sets another. */
function faultsFor({ world, entry }: Exchange, key: string): Faults {
  const scripted = world.faults.take(key, entry.path);
  entry.faults = scripted.kinds;
  const isSlow = world.keys.role(key) === "slow" && scripted.firstTokenMs === undefined;
  return isSlow ? { ...scripted, firstTokenMs: SLOW_FIRST_TOKEN_MS } : scripted;
}

/** On every reply of a paid route. The form is OpenAI's; the numbers mean nothing. */
const RATE_LIMIT_HEADERS = {
  "x-ratelimit-limit-requests": "500",
  "x-ratelimit-limit-tokens": "200000",
  "x-ratelimit-remaining-requests": "499",
  "x-ratelimit-remaining-tokens": "199000",
  "x-ratelimit-reset-requests": "120ms",
  "x-ratelimit-reset-tokens": "6m0s",
};
