import { Call } from "../../src/call/call.ts";
import type { CallCommand, CallEvent, CallProgress } from "../../src/call/call-events.ts";
import { type CallFacts, NEW_PROGRESS } from "../../src/call/call-facts.ts";
import type { CallerEvent } from "../../src/caller/caller-leg.ts";
import { LIMITS } from "../../src/limits.ts";
import type { HistoryItem, ModelEvent, ModelRequest } from "../../src/model/model-leg.ts";
import { type AgentConfig, DEFAULT_TOOLS } from "../../src/protocol/agent-config.ts";
import { NO_USAGE, type TurnRecord, type Usage } from "../../src/protocol/call-record.ts";
import type { Charge } from "../../src/protocol/charge.ts";
import { callIdFrom } from "../../src/protocol/ids.ts";
import { parseTools, type ToolJson } from "../../src/protocol/tools.ts";

export const USAGE: Usage = { ...NO_USAGE, responses: 1, inputTokens: 100, outputTokens: 10 };

/** An agent that nothing is set of. */
export const NO_CONFIG: AgentConfig = {
  prompt: null,
  greeting: null,
  voice: null,
  tools: [],
  language: null,
  turnEnd: null,
  patience: null,
};

export const START_MS = 1_000_000;

/** A call on a table: events go in by hand, time is moved by hand, everything it wants is there to look at. */
export class Table {
  call: Call;
  nowMs = START_MS;
  readonly facts: CallFacts;
  /** What was kept, as the object's storage would. */
  readonly kept = new Map<number, TurnRecord>();
  readonly keptCharges = new Map<number, Charge>();
  progress: CallProgress = NEW_PROGRESS;
  commands: CallCommand[] = [];

  constructor(facts: Partial<CallFacts> = {}, tools: readonly ToolJson[] = DEFAULT_TOOLS) {
    const read = parseTools(tools, LIMITS);
    if (!read.ok) throw new Error(`${read.path} ${read.problem}`);
    this.facts = {
      callId: callIdFrom(new Uint8Array(16)),
      config: { ...NO_CONFIG, prompt: "Be kind.", greeting: "Hello!", voice: "marin", tools: read.value },
      payer: "student",
      model: "gpt-6-luna",
      transcriptionModel: null,
      answerTokens: null,
      startedAtMs: START_MS,
      callMaxMs: LIMITS.callDefaultMs,
      resumable: true,
      carrierGreets: false,
      sound: null,
      firstLegMs: LIMITS.firstMessageMs,
      ...facts,
    };
    this.call = new Call(this.facts, this.progress, []);
  }

  do(event: CallEvent): readonly CallCommand[] {
    const commands = this.call.handle(event, this.nowMs);
    for (const command of commands) {
      if (command.type === "keep-turn") this.kept.set(command.turn.seq, command.turn);
      if (command.type === "keep-charge") this.keptCharges.set(command.charge.seq, command.charge);
      if (command.type === "keep-progress") this.progress = command.progress;
    }
    this.commands.push(...commands);
    for (const command of commands)
      if (command.type === "respond") this.do({ type: "asked", response: command.response });
    return commands;
  }

  after(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  caller(event: CallerEvent): readonly CallCommand[] {
    return this.do({ type: "caller", event });
  }

  start(leg: Partial<Extract<CallerEvent, { type: "leg-start" }>> = {}): this {
    this.caller({ type: "leg-start", phoneCallId: undefined, greetedByCarrier: false, fromCarrier: false, ...leg });
    this.do({ type: "admitted" });
    return this;
  }

  say(text: string): readonly CallCommand[] {
    return this.caller({ type: "utterance", text });
  }

  /** The model reports to the newest request. */
  model(...events: ModelEvent[]): readonly CallCommand[] {
    return this.do({ type: "model", response: this.request.response, events });
  }

  /** A whole answer of the model. */
  answers(text: string): readonly CallCommand[] {
    return this.model({ type: "text-delta", text }, { type: "response-done", usage: USAGE, cut: false });
  }

  /** Moves time to the next deadline and lets the alarm ring, as storage would. */
  ring(): readonly CallCommand[] {
    const atMs = this.call.alarmAtMs;
    if (atMs === undefined) throw new Error("no alarm is set");
    this.nowMs = Math.max(this.nowMs, atMs);
    return this.do({ type: "alarm" });
  }

  /** The object was evicted or killed: only what was kept is there. */
  wake(): void {
    this.call = new Call(this.facts, this.progress, [...this.kept.values()], [...this.keptCharges.values()]);
  }

  get charges(): readonly Charge[] {
    return [...this.keptCharges.values()];
  }

  get request(): { response: number; request: ModelRequest } {
    const respond = this.commands.findLast((command) => command.type === "respond");
    if (respond?.type !== "respond") throw new Error("the model was not asked");
    return respond;
  }

  get history(): readonly HistoryItem[] {
    return this.request.request.history;
  }

  /** All text sent to the caller, turns divided by `|`. */
  get spoken(): string {
    return spokenIn(this.commands);
  }

  get turns(): readonly TurnRecord[] {
    return [...this.kept.values()];
  }
}

export function spokenIn(commands: readonly CallCommand[]): string {
  return commands
    .map((command) =>
      command.type === "caller" && command.command.type === "speech"
        ? command.command.text + (command.command.last ? "|" : "")
        : "",
    )
    .join("");
}

export const typesOf = (commands: readonly CallCommand[]): string[] => commands.map((command) => command.type);
