import { FAILURES, factsOf, type Reason } from "../failure.ts";
import type { Bill, Budget } from "../protocol/bill.ts";
import type { CallState } from "../protocol/call-messages.ts";
import type { TurnRecord } from "../protocol/call-record.ts";
import type { WatchedMessage } from "../protocol/live-messages.ts";
import type { Call } from "./call.ts";
import { turnMessage } from "./turn-message.ts";

/**
 * What followers of a call have been shown of it. They are shown what is, compared with what they have seen, never each
 * event: what changes twice between two looks is told once, and what was lost on the way is told with the next look.
 */
export class WatchedView {
  /** Revisions of turns, by seq. */
  readonly #turns = new Map<number, number>();
  #words: { readonly seq: number; readonly text: string } | undefined;
  #state: CallState | undefined;
  #bill: Bill | undefined;
  #isRunning = false;
  #budget: Budget | null = null;
  #failure: Reason | undefined;
  #hasEnded = false;

  /** What there is to see now and was not shown before; from now on it counts as shown. */
  look(call: Call): WatchedMessage[] {
    const messages: WatchedMessage[] = [];
    const { transcript } = call;
    for (const turn of transcript.turns) {
      if (this.#turns.get(turn.seq) === turn.revision || !isToBeSeen(turn, call)) continue;
      this.#turns.set(turn.seq, turn.revision);
      messages.push(turnMessage(turn));
    }
    messages.push(...this.#newWords(call));
    const state = stateOf(call);
    if (state !== this.#state && call.progress.endedAtMs === null) messages.push({ type: "state", state });
    this.#state = state;
    const { budget, running } = call.money;
    const { usage, bill } = call.ledger;
    const isNews = this.#bill ? bill !== this.#bill : bill.lines.length > 0;
    if (isNews || (running !== null && !this.#isRunning)) messages.push({ type: "meter", usage, bill, running });
    this.#bill = bill;
    this.#isRunning = running !== null;
    if (budget && budget !== this.#budget) messages.push({ type: "budget", budget });
    this.#budget = budget;
    return [...messages, ...this.#newEnd(call)];
  }

  /** Takes all there is as seen, without saying it. */
  skip(call: Call): void {
    this.look(call);
  }

  /** The agent's words as they are said; the whole turn takes their place when it is over. */
  #newWords(call: Call): WatchedMessage[] {
    const { unfinished } = call.turns;
    const before = this.#words;
    this.#words = unfinished;
    if (!unfinished || unfinished.text === "") return [];
    const { seq, text } = unfinished;
    const caption = { type: "caption", seq, speaker: "agent" } as const;
    if (before?.seq !== seq) return [{ ...caption, delta: text }];
    if (text.startsWith(before.text)) {
      const delta = text.slice(before.text.length);
      return delta === "" ? [] : [{ ...caption, delta }];
    }
    // What was heard at first was put right.
    const turn = call.transcript.turnOf(seq);
    return turn ? [{ ...turnMessage(turn), text }] : [];
  }

  #newEnd({ progress }: Call): WatchedMessage[] {
    const messages: WatchedMessage[] = [];
    const failure = reasonIn(progress.closing?.handoff.reason);
    if (failure && failure !== this.#failure) {
      messages.push({ type: "error", code: failure, error: factsOf(failure).sentence });
    }
    this.#failure = failure;
    if (progress.endReason !== null && !this.#hasEnded) {
      this.#hasEnded = true;
      messages.push({ type: "call-end", endReason: progress.endReason });
    }
    return messages;
  }
}

/** What goes on in a call, for whoever follows it. */
export const stateOf = ({ progress, turns }: Call): CallState =>
  progress.admitted && progress.legs > 0 ? turns.state : "connecting";

/** The reason of `failure.ts` that a call closes for; `undefined`: it closes for none, or not at all. */
export const reasonIn = (handoffReason: string | undefined): Reason | undefined =>
  handoffReason !== undefined && isReason(handoffReason) ? handoffReason : undefined;

const isReason = (text: string): text is Reason => Object.hasOwn(FAILURES, text);

/** A turn that has only a place, or whose words are still being said, is not. */
const isToBeSeen = (turn: TurnRecord, { turns }: Call): boolean =>
  turn.seq !== turns.unfinished?.seq && (turn.revision > 1 || turn.text !== "");
