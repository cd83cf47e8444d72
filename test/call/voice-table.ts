import type { Call } from "../../src/call/call.ts";
import type { CallCommand } from "../../src/call/call-events.ts";
import type { CallFacts } from "../../src/call/call-facts.ts";
import type { VoiceCommand, VoiceEvent, VoiceRequest } from "../../src/model/voice-leg.ts";
import type { CallState } from "../../src/protocol/call-messages.ts";
import { NO_USAGE, type Usage } from "../../src/protocol/call-record.ts";
import type { ToolJson } from "../../src/protocol/tools.ts";
import { Table } from "./table.ts";

export const VOICE_USAGE: Usage = {
  ...NO_USAGE,
  responses: 1,
  inputTokens: 120,
  inputAudioTokens: 80,
  outputTokens: 60,
  outputAudioTokens: 40,
};

/** A call with sound on a table: sessions and callers are played by hand. */
export class VoiceTable extends Table {
  /** All sound that left for the caller, as the wire would count it. */
  sentMs = 0;
  #responses = 0;

  constructor(facts: Partial<CallFacts> = {}, tools?: readonly ToolJson[]) {
    const sound = { sound: "pcm16-24k", model: "gpt-realtime-2.1-mini", transcriptionModel: "gpt-transcribe" } as const;
    super({ ...sound, firstLegMs: 30_000, ...facts }, tools);
  }

  get voice(): NonNullable<Call["voice"]> {
    const { voice } = this.call;
    if (!voice) throw new Error("a call without sound");
    return voice;
  }

  get session(): number {
    return this.commands.findLast((command) => command.type === "open-voice")?.session ?? 0;
  }

  get requests(): VoiceRequest[] {
    return this.commands.flatMap((command) => (command.type === "open-voice" ? [command.request] : []));
  }

  /** A call whose session is set up and whose greeting was heard. */
  connected(leg: Parameters<Table["start"]>[0] = {}): this {
    this.start(leg);
    this.upstream({ type: "ready" });
    this.hears("Hello!", 1_000);
    return this;
  }

  /** The caller comes back, on a socket of which all positions begin at 0. */
  back(): this {
    this.sentMs = 0;
    return this.start();
  }

  upstream(...events: VoiceEvent[]): readonly CallCommand[] {
    return events.flatMap((event) => this.do({ type: "voice", session: this.session, event }));
  }

  /** The caller speaks for so long; what was said comes later, or with `text`. */
  speaks(itemId: string, ms: number, text?: string): readonly CallCommand[] {
    const commands = [...this.upstream({ type: "speech-start", itemId })];
    this.after(ms);
    commands.push(...this.upstream({ type: "speech-end", itemId }, { type: "caller-turn", itemId }));
    if (text !== undefined) commands.push(...this.upstream({ type: "caller-text", itemId, text, usage: null }));
    return commands;
  }

  /** The model begins to answer; returns the ids of response and item. */
  begins(text = ""): { responseId: string; itemId: string } {
    this.#responses += 1;
    const ids = { responseId: `resp_${this.#responses}`, itemId: `item_a${this.#responses}` };
    this.upstream({ type: "response-start", responseId: ids.responseId });
    if (text !== "") this.upstream({ type: "agent-delta", ...ids, text });
    return ids;
  }

  /** So much sound of it leaves for the caller; returns what of it did. */
  sounds(ids: { responseId: string; itemId: string }, ms: number): number {
    this.upstream({ type: "sound-start", ...ids });
    const answer = this.voice.audible(ids.responseId);
    if (!answer) return 0;
    this.voice.answers.soundSent(answer, ids.itemId, ms, () => this.nowMs);
    this.sentMs += ms;
    return ms;
  }

  ends(responseId: string, outcome: "complete" | "cancelled" | "cut" | "failed" = "complete"): readonly CallCommand[] {
    return this.upstream({ type: "response-end", responseId, outcome, reason: null, usage: VOICE_USAGE });
  }

  /** A whole answer of the model, generated at once, and heard in its own time. */
  hears(text: string, ms: number): readonly CallCommand[] {
    const ids = this.begins(text);
    this.sounds(ids, ms);
    const commands = this.ends(ids.responseId);
    this.after(ms).played(this.sentMs);
    return commands;
  }

  played(positionMs: number): readonly CallCommand[] {
    return this.caller({ type: "played", positionMs });
  }

  /** What the call wanted of the model, in order, since `from` commands. */
  asked(from = 0): VoiceCommand[] {
    return this.commands.slice(from).flatMap((command) => (command.type === "voice" ? [command.command] : []));
  }

  get states(): CallState[] {
    return this.commands.flatMap((command) =>
      command.type === "caller" && command.command.type === "state" ? [command.command.state] : [],
    );
  }

  get line(): string[] {
    return this.turns.map(({ seq, speaker, text, heardText, failure }) =>
      [
        `${seq} ${speaker}: ${text}`,
        heardText === null ? "" : ` [heard: ${heardText}]`,
        failure ? ` (${failure})` : "",
      ].join(""),
    );
  }
}

export const ofType = <Type extends CallCommand["type"]>(
  commands: readonly CallCommand[],
  type: Type,
): Extract<CallCommand, { type: Type }>[] =>
  commands.filter((command): command is Extract<CallCommand, { type: Type }> => command.type === type);

/** Types of what was sent to the caller. */
export const toCaller = (commands: readonly CallCommand[]): string[] =>
  ofType(commands, "caller").map(({ command }) => command.type);
