import { capitalised, listed, sayResult, sentence, spokenName } from "./openai-brain-results.ts";
import { callOf, nameIn, numbersIn, purposeOf, type ToolIdea, toolIdeas, wishesOf } from "./openai-brain-tools.ts";
import { ECHOES, NUMBER_WORDS, SMALL_TALK, UNANSWERED } from "./openai-brain-words.ts";
import type { Answer, Prompt, PromptItem, PromptTool } from "./openai-prompt.ts";

type Asked = Pick<Prompt, "instructions" | "items" | "tools" | "toolChoice" | "parallelToolCalls">;

/**
 * What the stand-in answers when nothing was scripted: short spoken sentences, and the tool that fits. Follows from the
 * request alone. It is a demonstration of a call, not of a language model.
 */
export function think(asked: Asked): Answer {
  const turn = lastTurnOf(asked.items);
  const calls = toolCallsFor(asked, turn);
  if (calls.length > 0) return { text: "", toolCalls: calls };
  const results = resultsOf(turn, asked.tools);
  const text = results.length > 0 ? results.join(" ") : reply(asked, turn.utterance);
  return { text, toolCalls: [] };
}

interface LastTurn {
  /** What the caller said last; empty when they have not said anything yet. */
  readonly utterance: string;
  /** Calls made since then. */
  readonly calls: readonly Extract<PromptItem, { kind: "tool-call" }>[];
  readonly outputs: ReadonlyMap<string, string>;
}

function lastTurnOf(items: readonly PromptItem[]): LastTurn {
  const start = items.findLastIndex((item) => item.kind === "user");
  const said = items[start];
  const since = items.slice(start + 1);
  return {
    utterance: said?.kind === "user" ? said.text : "",
    calls: since.filter((item) => item.kind === "tool-call"),
    outputs: new Map(since.flatMap((item) => (item.kind === "tool-output" ? [[item.callId, item.output]] : []))),
  };
}

/** The calls still to be made in this turn: all at once, or the next one when they may not be parallel. */
function toolCallsFor(asked: Asked, turn: LastTurn): ToolIdea[] {
  const { tools, toolChoice } = asked;
  if (toolChoice === "none" || tools.length === 0) return [];
  const made = new Set(turn.calls.map((call) => call.name));
  const ideas = toolIdeas(turn.utterance, tools).filter((idea) => !made.has(idea.name));
  const next = asked.parallelToolCalls ? ideas : ideas.slice(0, 1);
  if (toolChoice === "auto") return next;
  // A tool is demanded: the one named, else one that fits, else the first.
  const demanded = toolChoice === "required" ? undefined : tools.find((tool) => tool.name === toolChoice.name);
  if (demanded) return [callOf(demanded, turn.utterance)];
  return next.length > 0 ? next : tools.slice(0, 1).map((tool) => callOf(tool, turn.utterance));
}

/** Outputs of this turn in words, in the order of their calls. */
function resultsOf(turn: LastTurn, tools: readonly PromptTool[]): string[] {
  return turn.calls.flatMap((call) => {
    const output = turn.outputs.get(call.callId);
    if (output === undefined) return [];
    // The last request of a turn may come without tools: the call's name still tells what it was for.
    const tool = tools.find((one) => one.name === call.name) ?? { name: call.name, description: "", parameters: {} };
    return [sayResult(purposeOf(tool), output)];
  });
}

function reply(asked: Asked, utterance: string): string {
  const said = utterance.trim().toLowerCase();
  const self = selfOf(asked.instructions);
  if (said === "") return `Hello! I'm ${self}. What can I do for you?`;
  const special =
    keypad(utterance) ?? memory(asked.items, utterance) ?? again(asked.items, said) ?? countUp(said) ?? sum(said);
  if (special !== undefined) return special;
  const wish = wishesOf(utterance)[0];
  if (wish === "time") return "I'm sorry, I don't have a clock here. Give me a tool for the time and I'll tell you.";
  if (wish === "end-call") return "Goodbye! It was nice talking to you.";
  if (wish === "hand-over") return "I'm sorry, there is nobody I could hand you over to.";
  const talk = SMALL_TALK.find(([pattern]) => pattern.test(said))?.[1];
  if (talk !== undefined) return talk.replace("{self}", self).replace("{abilities}", abilities(asked.tools));
  const turns = asked.items.filter((item) => item.kind === "user").length;
  const answers = QUESTION.test(said) ? UNANSWERED : ECHOES;
  const answer = answers[(turns + said.length) % answers.length] ?? "{topic}.";
  return capitalised(answer.replace("{topic}", () => utterance.trim().replace(/[.!?]+$/, "")));
}

const QUESTION = /\?$|^(what|when|where|who|whose|which|why|how|is|are|do|does|did|can|could|will|would|should)\b/;

/** Who the student's prompt says the agent is: "You are Mia, the receptionist of Hotel Lumen." */
export function selfOf(instructions: string): string {
  const name =
    /\b(?:[Yy]ou are|[Yy]ou're|[Yy]our name is|[Cc]all yourself|[Nn]amed)\s+(\p{Lu}[\p{L}'-]+(?:\s\p{Lu}[\p{L}'-]+)?)/u.exec(
      instructions,
    )?.[1];
  const role = /\b[Yy]ou(?: are|'re)\s+(?:\p{Lu}[\p{L}' -]*,\s*)?((?:an?|the)\s[^.,;!?\n]{3,80})/u
    .exec(instructions)?.[1]
    ?.trim();
  if (name !== undefined) return role === undefined ? name : `${name}, ${role}`;
  return role ?? "your voice agent";
}

const abilities = (tools: readonly PromptTool[]): string =>
  tools.length === 0
    ? "I can talk with you about anything you like."
    : `I can talk with you, and I have tools for this: ${listed(tools.map((tool) => spokenName(tool.name)))}.`;

/** Digits reach the agent as words in brackets. */
function keypad(utterance: string): string | undefined {
  const keys = /\bkeypad: ([\d*#]+)/.exec(utterance)?.[1];
  return keys === undefined ? undefined : `You pressed ${keys.split("").join(", ")}.`;
}

/** A name is remembered through the history, so that a resumed call can be told from a new one. */
function memory(items: readonly PromptItem[], utterance: string): string | undefined {
  const told = nameIn(utterance);
  if (told !== undefined) return `Nice to meet you, ${told}. What can I do for you?`;
  if (!/\bmy name\b|\bremember me\b|\bwho am i\b/i.test(utterance)) return undefined;
  const names = items.flatMap((item) => (item.kind === "user" ? (nameIn(item.text) ?? []) : []));
  return names.length > 0 ? `Your name is ${names.at(-1)}.` : "You haven't told me your name yet.";
}

function again(items: readonly PromptItem[], said: string): string | undefined {
  if (!/\b(repeat|say (that|it) again|pardon|come again|what did you say)\b/.test(said)) return undefined;
  const last = items.flatMap((item) => (item.kind === "agent" ? [item.text] : [])).at(-1);
  return last === undefined ? "I haven't said anything yet." : `I said: ${last}`;
}

/** Long enough to be interrupted: counts up to a hundred. */
function countUp(said: string): string | undefined {
  const to = /\bcount\b.*\bto (\w+)/.exec(said)?.[1];
  const end = to === undefined ? undefined : numbersIn(to)[0];
  if (end === undefined || end < 1) return undefined;
  const numbers = Array.from(
    { length: Math.min(100, Math.floor(end)) },
    (_, index) => NUMBER_WORDS[index + 1] ?? String(index + 1),
  );
  return sentence(capitalised(numbers.join(", ")));
}

const OPERATORS: readonly (readonly [pattern: RegExp, apply: (one: number, other: number) => number, word: string])[] =
  [
    [/\bplus\b|\+/, (one, other) => one + other, "plus"],
    [/\bminus\b| - /, (one, other) => one - other, "minus"],
    [/\btimes\b|\bmultiplied by\b|\*|×/, (one, other) => one * other, "times"],
    [/\bdivided by\b|\//, (one, other) => one / other, "divided by"],
  ];

function sum(said: string): string | undefined {
  const operator = OPERATORS.find(([pattern]) => pattern.test(said));
  const [one, other, ...more] = numbersIn(said);
  if (operator === undefined || one === undefined || other === undefined || more.length > 0) return undefined;
  const [, apply, word] = operator;
  const result = apply(one, other);
  const spoken = Number.isFinite(result) ? `${Math.round(result * 1_000) / 1_000}` : "more than I can say";
  return `${one} ${word} ${other} is ${spoken}.`;
}
