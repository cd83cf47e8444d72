import { LIMITS } from "../limits.ts";
import { type Budget, type BudgetOwner, type Lending, LOW_SHARE } from "../protocol/bill.ts";
import type { KeySource } from "../protocol/call-record.ts";
import type { CallId, SessionToken, StudentId } from "../protocol/ids.ts";
import type { StudentMoney, WorkshopMoney } from "../protocol/live-messages.ts";
import type { FundsRefusal, FundsReply, FundsRequest } from "./funds.ts";

/** What one call has cost one payer, and what is held for it. Null: of a student who was erased; the amount stays. */
export interface Account {
  readonly callId: CallId;
  readonly payer: KeySource;
  readonly sessionToken: SessionToken | null;
  readonly studentId: StudentId | null;
  /** The highest sum that was told. */
  readonly spentMicroUsd: number;
  readonly heldMicroUsd: number;
  /** Milliseconds since 1970: from then on nothing is held any more. */
  readonly heldUntilMs: number;
}

/** What is kept of a class's money. */
export interface KeptMoney {
  readonly accounts: readonly Account[];
  /** As the object was last told; undefined: never, and then each request says it. */
  readonly lending: Lending | undefined;
  readonly ownCaps: ReadonlyMap<SessionToken, number | null>;
}

interface Limit {
  readonly of: BudgetOwner;
  readonly limitMicroUsd: number;
  readonly spentMicroUsd: number;
  /** Held by others under the same limit. */
  readonly heldMicroUsd: number;
  readonly reason: FundsRefusal;
}

export const accountKey = ({ payer, callId }: Pick<Account, "payer" | "callId">): string => `${payer} ${callId}`;

/**
 * The money of a class: what is lent of the instructor's key, and what students allow on their own. One writer asks it, in
 * one order, so whatever was granted together stays below every limit. No clock, no storage; built from what was kept, it
 * goes on where it was.
 */
export class Allowance {
  readonly #accounts = new Map<string, Account>();
  /** Keys of those that may hold something. */
  readonly #holding = new Set<string>();
  /** Told sums on the instructor's key, and by payer and student. */
  #poolMicroUsd = 0;
  readonly #sums = new Map<string, number>();
  readonly #ownCaps: Map<SessionToken, number | null>;
  lending: Lending | undefined;
  #changed = new Set<string>();

  constructor({ accounts, lending, ownCaps }: KeptMoney) {
    this.lending = lending;
    this.#ownCaps = new Map(ownCaps);
    for (const account of accounts) this.#put(account);
    this.#changed.clear();
  }

  /**
   * Settles what a call has spent, and reserves what comes next, in one step. What it held before is replaced, or stays where
   * this is refused. Asked twice it is the same; told late or out of order, the highest sum counts.
   */
  ask(request: FundsRequest, nowMs: number): FundsReply {
    this.#capHolds(nowMs);
    const before = this.#accounts.get(accountKey(request));
    const { callId, payer, sessionToken, studentId, needMicroUsd } = request;
    const settled: Account = {
      callId,
      payer,
      // Erased in mid-call: the amount counts, the name does not come back.
      sessionToken: before ? before.sessionToken : sessionToken,
      studentId: before ? before.studentId : studentId,
      spentMicroUsd: Math.max(before?.spentMicroUsd ?? 0, request.spentMicroUsd),
      heldMicroUsd: 0,
      heldUntilMs: 0,
    };
    this.#put(settled);
    if (needMicroUsd === 0) return { granted: true, untilMs: nowMs, budget: this.#nearest(request, nowMs) };
    const refusal = this.#refusal(request, nowMs);
    const untilMs = nowMs + LIMITS.reservationMs;
    if (refusal) {
      // What was granted before may still be going on, and costs what it was granted for.
      const isGoingOn = before !== undefined && isHeld(before, nowMs);
      const heldMicroUsd = isGoingOn ? before.heldMicroUsd - (settled.spentMicroUsd - before.spentMicroUsd) : 0;
      if (heldMicroUsd > 0) this.#put({ ...settled, heldMicroUsd, heldUntilMs: untilMs });
      return { granted: false, ...refusal };
    }
    this.#put({ ...settled, heldMicroUsd: needMicroUsd, heldUntilMs: untilMs });
    return { granted: true, untilMs, budget: this.#nearest(request, nowMs) };
  }

  /** A call is over: whatever is still held for it is free. */
  release(callId: CallId): void {
    for (const payer of ["instructor", "student"] as const) {
      const account = this.#accounts.get(accountKey({ payer, callId }));
      if (account && account.heldMicroUsd > 0) this.#put({ ...account, heldMicroUsd: 0, heldUntilMs: 0 });
    }
  }

  knowsCap(token: SessionToken): boolean {
    return this.#ownCaps.has(token);
  }

  capOf(token: SessionToken): number | null {
    return this.#ownCaps.get(token) ?? null;
  }

  setCap(token: SessionToken, microUsd: number | null): void {
    this.#ownCaps.set(token, microUsd);
  }

  /** A student was erased: what the instructor has paid for them goes on counting, under no name. */
  forget(token: SessionToken): void {
    this.#ownCaps.delete(token);
    for (const account of [...this.#accounts.values()]) {
      if (account.sessionToken !== token) continue;
      if (account.payer === "student") this.#drop(account);
      else this.#put({ ...account, sessionToken: null, studentId: null });
    }
  }

  /** Spent by a student on the instructor's key, and held for calls of theirs that go on. */
  lentTo(token: SessionToken, nowMs: number): { readonly lentMicroUsd: number; readonly heldMicroUsd: number } {
    return {
      lentMicroUsd: this.#sumOf("instructor", token),
      heldMicroUsd: this.#heldBy((account) => account.payer === "instructor" && account.sessionToken === token, nowMs),
    };
  }

  /** `lending`: for an object that was never told. */
  classMoney(nowMs: number, lending: Lending | undefined = this.lending): WorkshopMoney {
    const { poolMicroUsd = null, studentMicroUsd = null, callMicroUsd = null, models = null } = lending ?? {};
    return {
      limits: { poolMicroUsd, studentMicroUsd, callMicroUsd, models },
      spentMicroUsd: this.#poolMicroUsd,
      heldMicroUsd: this.#heldBy(({ payer }) => payer === "instructor", nowMs),
    };
  }

  studentMoney(token: SessionToken, nowMs: number): StudentMoney {
    const of = { callId: null, sessionToken: token };
    const lending = this.lending;
    return {
      lent: lending ? nearest(this.#lentLimits(of, lending, nowMs)) : null,
      own: nearest(this.#ownLimits(of, this.capOf(token), nowMs)),
    };
  }

  /** The earliest moment at which something that is held will be free by itself. */
  nextExpiryMs(nowMs: number): number | undefined {
    const untils = [...this.#holding].flatMap((key) => this.#accounts.get(key)?.heldUntilMs ?? []);
    return untils.filter((untilMs) => untilMs > nowMs).reduce<number | undefined>(earlier, undefined);
  }

  account(key: string): Account | undefined {
    return this.#accounts.get(key);
  }

  /** Keys of the accounts that are other than before, or gone, since this was last asked. */
  takeChanges(): ReadonlySet<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  #refusal(request: FundsRequest, nowMs: number): Omit<Extract<FundsReply, { granted: false }>, "granted"> | undefined {
    const { payer, model, needMicroUsd } = request;
    const lending = this.#lendingFor(request);
    if (payer === "instructor") {
      const reason = !lending.allowed
        ? "fallback_off"
        : lending.models !== null && !lending.models.includes(model)
          ? "model_not_lent"
          : undefined;
      if (reason) return { reason, isHeld: false, budget: this.#nearest(request, nowMs) };
    }
    const limits = this.#limitsOf(request, nowMs);
    const leftOf = ({ limitMicroUsd, spentMicroUsd }: Limit): number => limitMicroUsd - spentMicroUsd - needMicroUsd;
    // What is spent weighs more than what is held: that may come back.
    const spent = limits.find((limit) => leftOf(limit) < 0);
    if (spent) return { reason: spent.reason, isHeld: false, budget: { ...budgetOf(spent), stage: "spent" } };
    const held = limits.find((limit) => leftOf(limit) < limit.heldMicroUsd);
    return held && { reason: held.reason, isHeld: true, budget: budgetOf(held) };
  }

  #nearest(request: FundsRequest, nowMs: number): Budget | null {
    return nearest(this.#limitsOf(request, nowMs));
  }

  #limitsOf(request: FundsRequest, nowMs: number): readonly Limit[] {
    if (request.payer === "instructor") return this.#lentLimits(request, this.#lendingFor(request), nowMs);
    const cap = this.knowsCap(request.sessionToken) ? this.capOf(request.sessionToken) : request.ownCapMicroUsd;
    return this.#ownLimits(request, cap, nowMs);
  }

  #lentLimits({ callId, sessionToken: token }: Asking, lending: Lending, nowMs: number): readonly Limit[] {
    const call = callId === null ? undefined : this.#accounts.get(accountKey({ payer: "instructor", callId }));
    const isOther = (account: Account): boolean => account.payer === "instructor" && account.callId !== callId;
    const { callMicroUsd, studentMicroUsd, poolMicroUsd } = lending;
    const limits: Limit[] = [];
    if (callMicroUsd !== null && callId !== null) {
      const spentMicroUsd = call?.spentMicroUsd ?? 0;
      limits.push({
        of: "call",
        limitMicroUsd: callMicroUsd,
        spentMicroUsd,
        heldMicroUsd: 0,
        reason: "call_budget_used",
      });
    }
    if (studentMicroUsd !== null) {
      const spentMicroUsd = this.#sumOf("instructor", token);
      const heldMicroUsd = this.#heldBy((account) => isOther(account) && account.sessionToken === token, nowMs);
      limits.push({
        of: "student",
        limitMicroUsd: studentMicroUsd,
        spentMicroUsd,
        heldMicroUsd,
        reason: "allowance_used",
      });
    }
    if (poolMicroUsd !== null) {
      const heldMicroUsd = this.#heldBy(isOther, nowMs);
      const spentMicroUsd = this.#poolMicroUsd;
      limits.push({ of: "pool", limitMicroUsd: poolMicroUsd, spentMicroUsd, heldMicroUsd, reason: "pool_used" });
    }
    return limits;
  }

  #ownLimits({ callId, sessionToken: token }: Asking, capMicroUsd: number | null, nowMs: number): readonly Limit[] {
    if (capMicroUsd === null) return [];
    const isOther = (account: Account): boolean =>
      account.payer === "student" && account.sessionToken === token && account.callId !== callId;
    const spentMicroUsd = this.#sumOf("student", token);
    const heldMicroUsd = this.#heldBy(isOther, nowMs);
    return [{ of: "own", limitMicroUsd: capMicroUsd, spentMicroUsd, heldMicroUsd, reason: "own_cap_used" }];
  }

  #lendingFor({ lending }: FundsRequest): Lending {
    return this.lending ?? lending ?? NOT_LENT;
  }

  #sumOf(payer: KeySource, token: SessionToken): number {
    return this.#sums.get(`${payer} ${token}`) ?? 0;
  }

  #heldBy(counts: (account: Account) => boolean, nowMs: number): number {
    let sum = 0;
    for (const key of this.#holding) {
      const account = this.#accounts.get(key);
      if (account && isHeld(account, nowMs) && counts(account)) sum += account.heldMicroUsd;
    }
    return sum;
  }

  /** A clock that was set back holds nothing for longer than a reservation lasts, and lets go of nothing. */
  #capHolds(nowMs: number): void {
    const latestMs = nowMs + LIMITS.reservationMs;
    for (const key of this.#holding) {
      const account = this.#accounts.get(key);
      if (account && account.heldUntilMs > latestMs) this.#put({ ...account, heldUntilMs: latestMs });
    }
  }

  #put(account: Account): void {
    const key = accountKey(account);
    const before = this.#accounts.get(key);
    if (before) this.#count(before, -1);
    this.#count(account, 1);
    this.#accounts.set(key, account);
    if (account.heldMicroUsd > 0) this.#holding.add(key);
    else this.#holding.delete(key);
    this.#changed.add(key);
  }

  #drop(account: Account): void {
    const key = accountKey(account);
    this.#count(account, -1);
    this.#accounts.delete(key);
    this.#holding.delete(key);
    this.#changed.add(key);
  }

  #count({ payer, sessionToken, spentMicroUsd }: Account, sign: 1 | -1): void {
    if (payer === "instructor") this.#poolMicroUsd += sign * spentMicroUsd;
    if (sessionToken === null) return;
    const name = `${payer} ${sessionToken}`;
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + sign * spentMicroUsd);
  }
}

const NOT_LENT: Lending = { allowed: false, poolMicroUsd: 0, studentMicroUsd: 0, callMicroUsd: 0, models: null };

type Asking = { readonly callId: CallId | null; readonly sessionToken: SessionToken };

const isHeld = ({ heldUntilMs }: Account, nowMs: number): boolean => heldUntilMs > nowMs;

const earlier = (one: number | undefined, other: number): number => (one === undefined ? other : Math.min(one, other));

/** The limit of which the largest part is used; null: there is none. */
function nearest(limits: readonly Limit[]): Budget | null {
  const shareOf = ({ spentMicroUsd, limitMicroUsd }: Limit): number =>
    limitMicroUsd === 0 ? Number.POSITIVE_INFINITY : spentMicroUsd / limitMicroUsd;
  const [first, ...others] = limits;
  if (!first) return null;
  return budgetOf(others.reduce((most, limit) => (shareOf(limit) > shareOf(most) ? limit : most), first));
}

function budgetOf({ of, limitMicroUsd, spentMicroUsd }: Limit): Budget {
  const isSpent = spentMicroUsd >= limitMicroUsd;
  const stage = isSpent ? "spent" : spentMicroUsd >= LOW_SHARE * limitMicroUsd ? "low" : "ok";
  return { of, limitMicroUsd, spentMicroUsd, stage };
}
