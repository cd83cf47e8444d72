import type { Reason } from "../failure.ts";
import type { ModelRequest } from "../model/model-leg.ts";
import type { StartTimer } from "../model/responses.ts";
import { DEFAULT_PROMPT } from "../protocol/agent-config.ts";
import type { FundsReply, FundsRequest } from "../workshop/funds.ts";
import type { Call } from "./call.ts";
import type { CallEvent } from "./call-events.ts";
import { agentConfigOf, answerTokensOf, type CallStart } from "./call-start.ts";
import { mostOfAnswer, mostOfSound } from "./most-cost.ts";
import { Purse } from "./purse.ts";
import { SoundFunds } from "./sound-funds.ts";

export interface FundsPorts {
  readonly nowMs: () => number;
  readonly startTimer: StartTimer;
  readonly start: () => CallStart;
  readonly ask: (request: FundsRequest) => Promise<FundsReply>;
  readonly dispatch: (event: CallEvent) => void;
  /** Asked, nobody answered in time. */
  readonly onSilence?: () => void;
}

/** A call and the money it runs on: what may come next, asked for before it comes, and what it came to, told after. */
export class CallFunds {
  readonly #call: Call;
  readonly #ports: FundsPorts;
  readonly #purse: Purse;
  readonly #sound: SoundFunds;
  #seenRevision = 0;

  constructor(call: Call, ports: FundsPorts) {
    this.#call = call;
    this.#ports = ports;
    const { nowMs, startTimer, start, dispatch } = ports;
    this.#purse = new Purse({
      nowMs,
      startTimer,
      terms: () => {
        const { keySource, ownCapMicroUsd } = start();
        if (keySource === "instructor") return "lent";
        return ownCapMicroUsd === null ? "free" : "capped";
      },
      ask: (sums) => ports.ask({ ...requestOf(start(), sums), askedAtMs: nowMs() }),
      spentMicroUsd: () => call.ledger.spentMicroUsd(start().keySource),
      onBudget: (budget) => dispatch({ type: "budget", budget }),
      onSilence: ports.onSilence,
    });
    this.#sound = new SoundFunds(this.#purse, {
      nowMs,
      startTimer,
      needMicroUsd: () => mostOfSound(call, soundTerms(start()), nowMs()),
      onRefused: (reason) => dispatch({ type: "funds-refused", reason }),
    });
  }

  get isLimited(): boolean {
    return !this.#purse.isFree;
  }

  /** Whether there is money for the first answer; a reason: there is none. */
  admit(): Promise<Reason | undefined> {
    if (this.#purse.isFree) return Promise.resolve(undefined);
    if (this.#call.voice) return this.#sound.open();
    const start = this.#ports.start();
    const { prompt, tools } = agentConfigOf(start);
    return this.cover({ instructions: prompt ?? DEFAULT_PROMPT, tools, history: [] });
  }

  /** Reserves one answer in text. */
  cover(request: ModelRequest): Promise<Reason | undefined> {
    if (this.#purse.isFree) return Promise.resolve(undefined);
    return this.#purse.cover(mostOfAnswer(this.#ports.start().model, request, this.#ports.nowMs()));
  }

  /** Before a session with sound is dialled. */
  openSound(): Promise<Reason | undefined> {
    return this.#sound.open();
  }

  /** Frame path. */
  get passesSound(): boolean {
    return this.#sound.passes;
  }

  /** Something has happened to the call. Comes after each event: it costs a comparison. */
  changed(): void {
    const { ledger, voice, turns, progress } = this.#call;
    if (ledger.revision === this.#seenRevision || progress.endedAtMs !== null) return;
    if (!voice && turns.isBusy) return;
    this.#seenRevision = ledger.revision;
    if (voice) this.#sound.changed();
    else void this.#purse.settle();
  }

  /** The call is over; false: the workshop does not know yet what it has spent. */
  close(): Promise<boolean> {
    this.#sound.close();
    return this.#purse.close();
  }
}

const soundTerms = ({ model, transcriptionModel, keySource, ownCapMicroUsd }: CallStart) => ({
  model,
  transcriptionModel,
  answerTokens: answerTokensOf({ keySource, ownCapMicroUsd }),
});

const requestOf = (
  start: CallStart,
  sums: { readonly spentMicroUsd: number; readonly needMicroUsd: number },
): FundsRequest => ({
  ...sums,
  callId: start.callId,
  sessionToken: start.sessionToken,
  studentId: start.studentId,
  payer: start.keySource,
  model: start.model,
  lending: start.lending,
  ownCapMicroUsd: start.ownCapMicroUsd,
});
