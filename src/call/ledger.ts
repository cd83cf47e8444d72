import { billOf } from "../pricing/bill.ts";
import { costOf } from "../pricing/cost.ts";
import { PRICE_VERSION } from "../pricing/prices.ts";
import type { Bill } from "../protocol/bill.ts";
import { addUsage, type KeySource, NO_USAGE, type Usage } from "../protocol/call-record.ts";
import type { Charge, ChargeKind, ChargeState, UsageSource } from "../protocol/charge.ts";
import type { CallCommand } from "./call-events.ts";

/** What a call is billed for, as it begins. */
export interface ChargeStart {
  readonly kind: ChargeKind;
  readonly model: string;
  readonly payer: KeySource;
}

const NONE = { lineMs: 0, rawUsage: null, upstreamId: null } as const;

/**
 * The ledger of a call: a row for everything that somebody is billed for, from the moment it is asked for. What OpenAI tells
 * twice counts once; what nobody tells any more, because it broke off or we did, is counted by us.
 */
export class Ledger {
  readonly #emit: (command: CallCommand) => void;
  readonly #charges: Charge[];
  readonly #told: Set<string>;
  #bill: Bill | undefined;
  #usage: Usage | undefined;
  #isAwake = false;
  /** Grows with each change. */
  revision = 0;

  /** `charges`: as kept, in any order. */
  constructor(charges: readonly Charge[], emit: (command: CallCommand) => void) {
    this.#emit = emit;
    this.#charges = charges.toSorted((a, b) => a.seq - b.seq);
    this.#told = new Set(this.#charges.flatMap((charge) => toldKey(charge) ?? []));
  }

  get charges(): readonly Charge[] {
    return this.#charges;
  }

  /** Whether something goes on that will be billed. */
  get isOpen(): boolean {
    return this.#charges.some(({ state }) => state === "open");
  }

  /** Of all that is over: what goes on is a guess, and would make the sum fall when it is told. The same until it changes. */
  get bill(): Bill {
    this.#bill ??= billOf(this.#charges.filter(({ state }) => state !== "open"));
    return this.#bill;
  }

  /** Of all that was used, without what goes on. */
  get usage(): Usage {
    this.#usage ??= this.#charges
      .filter(({ state }) => state === "told" || state === "estimated")
      .reduce((sum, { usage }) => addUsage(sum, usage), NO_USAGE);
    return this.#usage;
  }

  /** On this payer's OpenAI key so far; what has no price counts nothing here, and must not be lent. */
  spentMicroUsd(payer: KeySource): number {
    return this.#charges.reduce(
      (sum, charge) =>
        charge.kind === "phone" || charge.payer !== payer || charge.state === "open"
          ? sum
          : sum + (charge.costMicroUsd ?? 0),
      0,
    );
  }

  /** Something that is billed has been asked for; `guess`: what it comes to if nobody ever tells. Returns its seq. */
  begin(start: ChargeStart, guess: Usage, nowMs: number): number {
    return this.#add({ ...start, ...NONE, state: "open", usage: { ...guess, estimated: true } }, nowMs);
  }

  /** It is over. `usage` null: it was refused, and nobody bills it. False: it was over before, or this was told before. */
  settle(seq: number, usage: Usage | null, source?: UsageSource): boolean {
    const charge = this.#charges[seq - 1];
    if (charge?.state !== "open") return false;
    const isKnown = this.#isKnown(charge.kind, source);
    const used = isKnown ? null : usage;
    const state: ChargeState = used === null ? "void" : used.estimated ? "estimated" : "told";
    const told = isKnown ? {} : source;
    this.#put(priced({ ...charge, ...told, state, usage: used ?? NO_USAGE, revision: charge.revision + 1 }));
    return !isKnown;
  }

  /** What is told of at its end only. False: it was told before. */
  add(start: ChargeStart, usage: Usage, source: UsageSource | undefined, nowMs: number): boolean {
    if (this.#isKnown(start.kind, source)) return false;
    this.#add({ ...start, ...NONE, ...source, state: usage.estimated ? "estimated" : "told", usage }, nowMs);
    return true;
  }

  /** Time on the phone. */
  addLine(model: string, lineMs: number, nowMs: number): void {
    const line = { kind: "phone", model, payer: "instructor", state: "told" } as const;
    this.#add({ ...line, ...NONE, usage: NO_USAGE, lineMs }, nowMs);
  }

  /** The first time that something happens to a call: of what was open when its object died no more is ever heard. */
  wake(): void {
    if (!this.#isAwake) this.closeOpen();
    this.#isAwake = true;
  }

  /** What a crash or the end of the call has left open: it broke off, and its guess is what it comes to. */
  closeOpen(): void {
    for (const { seq, state, usage } of this.#charges) if (state === "open") this.settle(seq, usage);
  }

  #isKnown(kind: ChargeKind, source: UsageSource | undefined): boolean {
    return source?.upstreamId != null && this.#told.has(`${kind} ${source.upstreamId}`);
  }

  #add(charge: Omit<Charge, "seq" | "revision" | "atMs" | "priceVersion" | "costMicroUsd">, nowMs: number): number {
    const seq = this.#charges.length + 1;
    const atMs = Math.round(nowMs);
    this.#put(priced({ ...charge, seq, revision: 1, atMs, priceVersion: PRICE_VERSION, costMicroUsd: null }));
    return seq;
  }

  #put(charge: Charge): void {
    this.#charges[charge.seq - 1] = charge;
    const key = toldKey(charge);
    if (key !== undefined) this.#told.add(key);
    this.revision += 1;
    if (charge.state !== "open") {
      this.#bill = undefined;
      this.#usage = undefined;
    }
    this.#emit({ type: "keep-charge", charge });
  }
}

const priced = (charge: Charge): Charge => ({
  ...charge,
  priceVersion: PRICE_VERSION,
  costMicroUsd: charge.state === "void" ? 0 : costOf(charge).costMicroUsd,
});

const toldKey = ({ kind, upstreamId }: Charge): string | undefined =>
  upstreamId === null ? undefined : `${kind} ${upstreamId}`;
