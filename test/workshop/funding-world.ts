import type { Lending } from "../../src/protocol/bill.ts";
import type { KeySource } from "../../src/protocol/call-record.ts";
import { type Account, Allowance, accountKey } from "../../src/workshop/allowance.ts";
import type { FundsReply, FundsRequest } from "../../src/workshop/funds.ts";
import { asking, HOLD_MS, NOTHING_KEPT } from "./funding.ts";

/** A small random generator, so that a failure can be repeated. Answers with a whole number below `below`. */
export function randomOf(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A call as it goes on: it spends nothing but what it was granted, and may die at any moment. */
interface Caller {
  readonly call: number;
  readonly student: number;
  readonly payer: KeySource;
  /** What its key was billed, whether anybody was told or not. */
  billedMicroUsd: number;
  /** What it may still spend. */
  leftMicroUsd: number;
  untilMs: number;
  /** Undefined: it is alive. Else it comes back then, with what it has spent. */
  wakesAtMs: number | undefined;
  /** Sent, and not yet there, or there twice. */
  readonly onTheWay: FundsRequest[];
}

/** What one row of the allowance must be, kept as plainly as can be. */
interface Row {
  readonly student: number;
  readonly payer: KeySource;
  spentMicroUsd: number;
  heldMicroUsd: number;
  untilMs: number;
}

export interface WorldTerms {
  readonly seed: number;
  readonly students: number;
  readonly callsPerStudent: number;
  readonly lending: Lending;
  readonly ownCapMicroUsd: number;
  readonly mostNeedMicroUsd: number;
}

const sumOf = (callers: readonly Caller[]): number =>
  callers.reduce((sum, { billedMicroUsd }) => sum + billedMicroUsd, 0);

/** Calls of a class, the object they ask, and a second reckoning of what that object must say. */
export class FundingWorld {
  readonly callers: readonly Caller[];
  readonly #terms: WorldTerms;
  readonly #random: (below: number) => number;
  readonly #rows = new Map<number, Row>();
  readonly #newestMs = new Map<number, number>();
  /** What the object has written down. */
  readonly #kept = new Map<string, Account>();
  #allowance: Allowance;
  nowMs = 1_000_000;
  granted = 0;
  refused = 0;
  /** Asks whose answer was not the reckoning's: none. */
  readonly odd: unknown[] = [];

  constructor(terms: WorldTerms) {
    this.#terms = terms;
    this.#random = randomOf(terms.seed);
    this.#allowance = new Allowance({ ...NOTHING_KEPT, lending: terms.lending });
    this.callers = Array.from({ length: terms.students * terms.callsPerStudent }, (_, call) => ({
      call,
      student: call % terms.students,
      // Of each student the first two calls on the instructor's key, then one on their own, and so on.
      payer: Math.floor(call / terms.students) % 3 === 2 ? "student" : "instructor",
      billedMicroUsd: 0,
      leftMicroUsd: 0,
      untilMs: 0,
      wakesAtMs: undefined,
      onTheWay: [],
    }));
  }

  /** One thing happens to one of them. */
  step(): void {
    this.nowMs += this.#random(50) === 0 ? this.#random(HOLD_MS + 1_000) : this.#random(400);
    this.#tellInTime();
    if (this.#random(50) === 0) this.#objectDies();
    const caller = this.callers[this.#random(this.callers.length)];
    if (!caller || caller.wakesAtMs !== undefined) return;
    const roll = this.#random(100);
    if (roll < 45) this.#askFor(caller, 1 + this.#random(this.#terms.mostNeedMicroUsd));
    else if (roll < 55) this.#askFor(caller, 0);
    else if (roll < 85) this.#spend(caller);
    else if (roll < 95) this.#comesLate(caller);
    else this.#dies(caller);
  }

  /** All wake and say what they have spent; nobody holds anything any more. */
  settle(): void {
    this.nowMs += HOLD_MS;
    this.#tellInTime();
    for (const caller of this.callers) this.#send(caller, this.#requestOf(caller, 0));
  }

  /** What the instructor's key was billed. */
  get billedMicroUsd(): number {
    return sumOf(this.callers.filter(({ payer }) => payer === "instructor"));
  }

  /** Which limit was passed by what was billed: none. */
  get passed(): readonly string[] {
    const { lending, ownCapMicroUsd, students } = this.#terms;
    const isLent = ({ payer }: Caller): boolean => payer === "instructor";
    const limits: [string, number | null, readonly Caller[]][] = [
      ["pool", lending.poolMicroUsd, this.callers.filter(isLent)],
    ];
    for (let student = 0; student < students; student += 1) {
      const theirs = this.callers.filter((caller) => caller.student === student);
      limits.push([`student ${student}`, lending.studentMicroUsd, theirs.filter(isLent)]);
      limits.push([`own cap ${student}`, ownCapMicroUsd, theirs.filter((caller) => !isLent(caller))]);
    }
    for (const caller of this.callers.filter(isLent))
      limits.push([`call ${caller.call}`, lending.callMicroUsd, [caller]]);
    return limits.flatMap(([name, limit, callers]) => (limit !== null && sumOf(callers) > limit ? [name] : []));
  }

  get shown() {
    return this.#allowance.classMoney(this.nowMs);
  }

  /** The call asks, and may never be heard, or never hear. It gives up what it asks less for before it asks. */
  #askFor(caller: Caller, needMicroUsd: number): void {
    const request = this.#requestOf(caller, needMicroUsd);
    caller.leftMicroUsd = Math.min(caller.leftMicroUsd, needMicroUsd);
    const fate = this.#random(20);
    // On its way, and nobody knows for how long.
    if (fate < 2) caller.onTheWay.push(request);
    // Twice.
    if (fate === 2) caller.onTheWay.push(request);
    if (fate === 1 || fate === 3) return;
    const reply = this.#send(caller, request);
    // The answer is lost.
    if (fate === 4 || fate === 0) return;
    if (!reply.granted) return;
    caller.leftMicroUsd = needMicroUsd;
    caller.untilMs = reply.untilMs;
  }

  #comesLate(caller: Caller): void {
    const [request] = caller.onTheWay.splice(this.#random(caller.onTheWay.length), 1);
    if (request) this.#send(caller, request);
  }

  #spend(caller: Caller): void {
    if (this.nowMs >= caller.untilMs) caller.leftMicroUsd = 0;
    const microUsd = this.#random(caller.leftMicroUsd + 1);
    caller.leftMicroUsd -= microUsd;
    caller.billedMicroUsd += microUsd;
  }

  /** What it was granted may be billed to the last, and is told when it wakes: before it would be free. */
  #dies(caller: Caller): void {
    this.#spend(caller);
    const untilMs = this.#rows.get(caller.call)?.untilMs ?? 0;
    caller.leftMicroUsd = 0;
    caller.onTheWay.length = 0;
    caller.wakesAtMs = this.nowMs + this.#random(Math.max(1, untilMs - this.nowMs - 2));
  }

  /** Who is alive again, or has something to tell, tells it before what it held would be free. */
  #tellInTime(): void {
    const { nowMs } = this;
    for (const caller of this.callers) {
      const row = this.#rows.get(caller.call);
      if (!row) continue;
      const isUntold = caller.billedMicroUsd > row.spentMicroUsd && row.untilMs <= nowMs;
      const tellsAtMs = caller.wakesAtMs ?? (isUntold ? row.untilMs - 2 : Number.POSITIVE_INFINITY);
      if (tellsAtMs > nowMs) continue;
      this.nowMs = tellsAtMs;
      caller.wakesAtMs = undefined;
      caller.leftMicroUsd = 0;
      this.#send(caller, this.#requestOf(caller, 0));
      this.nowMs = nowMs;
    }
  }

  #objectDies(): void {
    // What was on its way to it is lost with it.
    for (const { onTheWay } of this.callers) onTheWay.length = 0;
    this.#allowance = new Allowance({
      ...NOTHING_KEPT,
      accounts: [...this.#kept.values()],
      lending: this.#terms.lending,
    });
  }

  #requestOf({ call, student, payer, billedMicroUsd }: Caller, needMicroUsd: number): FundsRequest {
    const { ownCapMicroUsd } = this.#terms;
    const spentMicroUsd = billedMicroUsd;
    return asking(call, student, { payer, spentMicroUsd, needMicroUsd, ownCapMicroUsd, askedAtMs: this.#asked() });
  }

  /** No two requests are asked at the same moment. */
  #asked(): number {
    this.nowMs += 1;
    return this.nowMs;
  }

  #send(caller: Caller, request: FundsRequest): FundsReply {
    const said = this.#reckon(caller, request);
    const reply = this.#allowance.ask(request, this.nowMs);
    for (const account of this.#allowance.takeChanges()) this.#kept.set(accountKey(account), account);
    const answer = reply.granted ? "granted" : `${reply.reason}${reply.isHeld ? ", held" : ""}`;
    if (answer !== said) this.odd.push({ ...request, nowMs: this.nowMs, answer, said });
    if (request.needMicroUsd > 0 && reply.granted) this.granted += 1;
    if (!reply.granted) this.refused += 1;
    return reply;
  }

  /** The answer that must come, from all rows each time. */
  #reckon({ call, student, payer, billedMicroUsd }: Caller, request: FundsRequest): string {
    const row = this.#rows.get(call) ?? { student, payer, spentMicroUsd: 0, heldMicroUsd: 0, untilMs: 0 };
    this.#rows.set(call, row);
    if (row.untilMs <= this.nowMs) row.heldMicroUsd = 0;
    const isNewest = (request.askedAtMs ?? 0) >= (this.#newestMs.get(call) ?? 0);
    this.#newestMs.set(call, Math.max(request.askedAtMs ?? 0, this.#newestMs.get(call) ?? 0));
    const growth = Math.max(0, request.spentMicroUsd - row.spentMicroUsd);
    if (request.spentMicroUsd > billedMicroUsd) throw new Error("it told more than it was billed");
    row.spentMicroUsd += growth;
    row.heldMicroUsd = Math.max(0, row.heldMicroUsd - growth);
    const isInOrder = isNewest && request.spentMicroUsd === row.spentMicroUsd;
    if (request.needMicroUsd === 0) {
      if (isInOrder) row.heldMicroUsd = 0;
      return "granted";
    }
    const need = isInOrder ? request.needMicroUsd : Math.max(request.needMicroUsd, row.heldMicroUsd);
    row.untilMs = this.nowMs + HOLD_MS;
    const refusal = this.#refusal(call, row, need);
    if (refusal) return refusal;
    row.heldMicroUsd = need;
    return "granted";
  }

  #refusal(call: number, { student, payer }: Row, need: number): string | undefined {
    const { callMicroUsd, studentMicroUsd, poolMicroUsd } = this.#terms.lending;
    const rows = [...this.#rows].filter(([, row]) => row.payer === payer);
    const theirs = rows.filter(([, row]) => row.student === student);
    const limits: [string, number | null, typeof rows][] =
      payer === "student"
        ? [["own_cap_used", this.#terms.ownCapMicroUsd, theirs]]
        : [
            ["call_budget_used", callMicroUsd, rows.filter(([id]) => id === call)],
            ["allowance_used", studentMicroUsd, theirs],
            ["pool_used", poolMicroUsd, rows],
          ];
    const spent = (under: typeof rows): number => under.reduce((sum, [, row]) => sum + row.spentMicroUsd, 0);
    const held = (under: typeof rows): number =>
      under.reduce((sum, [id, row]) => sum + (id !== call && row.untilMs > this.nowMs ? row.heldMicroUsd : 0), 0);
    for (const [reason, limit, under] of limits) {
      if (limit !== null && spent(under) + need > limit) return reason;
    }
    for (const [reason, limit, under] of limits) {
      if (limit !== null && spent(under) + held(under) + need > limit) return `${reason}, held`;
    }
    return undefined;
  }
}
