import type { CallState } from "../protocol/call-messages.ts";
import type { TurnRecord } from "../protocol/call-record.ts";
import type { CallCommand } from "./call-events.ts";
import type { Ledger } from "./ledger.ts";
import { turnMessage } from "./turn-message.ts";

/** What a caller with a screen is shown of the call. A phone's wire has no words for it and leaves it out. */
export class Screen {
  readonly #emit: (command: CallCommand) => void;
  #state: CallState = "connecting";

  constructor(emit: (command: CallCommand) => void) {
    this.#emit = emit;
  }

  get state(): CallState {
    return this.#state;
  }

  show(state: CallState): void {
    if (state !== this.#state) this.begin(state);
  }

  /** To a screen that has seen nothing yet. */
  begin(state: CallState = this.#state): void {
    this.#state = state;
    this.#emit({ type: "caller", command: { type: "state", state } });
  }

  /** Whatever is kept of a turn is shown. */
  keep(turn: TurnRecord): void {
    this.#emit({ type: "keep-turn", turn });
    this.#emit({ type: "caller", command: { type: "turn", turn: turnMessage(turn) } });
  }

  caption(seq: number, speaker: "caller" | "agent", delta: string): void {
    this.#emit({ type: "caller", command: { type: "caption", seq, speaker, delta } });
  }

  /** Only a phone's line runs on between two charges, and a phone has no screen. */
  meter({ usage, bill }: Ledger): void {
    this.#emit({ type: "caller", command: { type: "meter", usage, bill, running: null } });
  }
}
