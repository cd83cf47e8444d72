import { addUsage, NO_USAGE, type TurnRecord, type Usage } from "../protocol/call-record.ts";

/** The turns of a call in order. Turns are values: a change makes a new one with a higher revision. */
export class Transcript {
  readonly #turns: TurnRecord[];

  /** `turns` as kept, in any order; the seq is the place. */
  constructor(turns: readonly TurnRecord[]) {
    this.#turns = turns.toSorted((a, b) => a.seq - b.seq);
  }

  get turns(): readonly TurnRecord[] {
    return this.#turns;
  }

  get last(): TurnRecord | undefined {
    return this.#turns.at(-1);
  }

  /** Adds a turn at the end; fields not given are empty. */
  add(turn: Pick<TurnRecord, "speaker" | "startedAtMs" | "text"> & Partial<TurnRecord>): TurnRecord {
    const added: TurnRecord = {
      heardText: null,
      toolCall: null,
      timings: null,
      usage: null,
      failure: null,
      ...turn,
      seq: (this.last?.seq ?? 0) + 1,
      revision: 1,
    };
    this.#turns.push(added);
    return added;
  }

  /** Replaces fields of the turn `seq`; returns the new one, or `undefined` if there is none. */
  change(seq: number, fields: Partial<Omit<TurnRecord, "seq" | "revision">>): TurnRecord | undefined {
    const index = this.#turns.findIndex((turn) => turn.seq === seq);
    const old = this.#turns[index];
    if (!old) return undefined;
    const changed = { ...old, ...fields, revision: old.revision + 1 };
    this.#turns[index] = changed;
    return changed;
  }

  turnOf(seq: number): TurnRecord | undefined {
    return this.#turns.find((turn) => turn.seq === seq);
  }

  lastOf(speaker: TurnRecord["speaker"]): TurnRecord | undefined {
    return this.#turns.findLast((turn) => turn.speaker === speaker);
  }

  toolTurn(toolCallId: string): TurnRecord | undefined {
    return this.#turns.findLast((turn) => turn.toolCall?.toolCallId === toolCallId);
  }

  get toolCalls(): number {
    return this.#turns.reduce((count, turn) => count + (turn.toolCall ? 1 : 0), 0);
  }

  /** The caller has said something to which the agent has not said anything yet, or not what a tool is to tell. */
  get isUnanswered(): boolean {
    const caller = this.lastOf("caller");
    return (
      caller !== undefined &&
      (!this.#turns.some(({ seq, speaker, text }) => seq > caller.seq && speaker === "agent" && text !== "") ||
        this.#turns.some(({ seq, toolCall }) => seq > caller.seq && toolCall?.outcome === "pending"))
    );
  }

  get usage(): Usage {
    return this.#turns.reduce((sum, turn) => (turn.usage ? addUsage(sum, turn.usage) : sum), NO_USAGE);
  }
}
