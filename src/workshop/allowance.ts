import { LIMITS } from "../limits.ts";
import type { Lending } from "../protocol/bill.ts";
import { KEY_SOURCES, type KeySource } from "../protocol/call-record.ts";
import type { CallId, SessionToken, StudentId } from "../protocol/ids.ts";
import type { StudentMoney, WorkshopMoney } from "../protocol/live-messages.ts";
import type { FundsReply, FundsRequest } from "./funds.ts";
import { type MoneyLimit, nearestOf, type Refused, refusedBy } from "./money-limits.ts";

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
  /** Spent on the instructor's key by calls whose rows cannot be read: it counts for the class, and for nobody. */
  readonly unreadMicroUsd: number;
  /** As the object was last told; undefined: never, and then each request says it. */
  readonly lending: Lending | undefined;
  readonly ownCaps: ReadonlyMap<SessionToken, number | null>;
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
  /** When the newest request of an account was asked: what is late comes within seconds, so it need not survive a sleep. */
  readonly #askedAtMs = new Map<string, number>();
  /** Told sums on the instructor's key, and by payer and student. */
  #poolMicroUsd: number;
  readonly #sums = new Map<string, number>();
  readonly #ownCaps: Map<SessionToken, number | null>;
  lending: Lending | undefined;
  readonly #changed = new Set<string>();

  constructor({ accounts, unreadMicroUsd, lending, ownCaps }: KeptMoney) {
    this.#poolMicroUsd = unreadMicroUsd;
    this.lending = lending;
    this.#ownCaps = new Map(ownCaps);
    for (const account of accounts) this.#put(account);
    this.#changed.clear();
  }

  /**
   * Settles what a call has spent, and reserves what comes next, in one step. What is granted replaces what was held before;
   * what is refused takes nothing away: an answer that is under way is still paid from it. Told late or out of order, the
   * highest sum counts, and nothing that is held gets less.
   */
  ask(request: FundsRequest, nowMs: number): FundsReply {
    this.expire(nowMs);
    const before = this.#accounts.get(accountKey(request));
    const isLate = this.#isLate(request, before);
    const account = settledBy(request, before);
    const { needMicroUsd } = request;
    if (needMicroUsd === 0) {
      this.#put(isLate ? account : freed(account));
      return { granted: true, untilMs: nowMs, budget: nearestOf(this.#limitsOf(request, nowMs)) };
    }
    const untilMs = nowMs + LIMITS.reservationMs;
    this.#put({ ...account, heldUntilMs: untilMs });
    const heldMicroUsd = isLate ? Math.max(needMicroUsd, account.heldMicroUsd) : needMicroUsd;
    const refused = this.#refused(request, account, heldMicroUsd, nowMs);
    if (refused) return { granted: false, ...refused };
    this.#put({ ...account, heldMicroUsd, heldUntilMs: untilMs });
    return { granted: true, untilMs, budget: nearestOf(this.#limitsOf(request, nowMs)) };
  }

  /** A call is over: whatever is still held for it is free. */
  release(callId: CallId): void {
    for (const payer of KEY_SOURCES) {
      const key = accountKey({ payer, callId });
      this.#askedAtMs.delete(key);
      const account = this.#accounts.get(key);
      if (account && account.heldMicroUsd > 0) this.#put(freed(account));
    }
  }

  /** Frees what nobody gave back in time. A clock that was set back holds nothing for longer than a reservation lasts. */
  expire(nowMs: number): void {
    const latestMs = nowMs + LIMITS.reservationMs;
    for (const account of this.#held) {
      if (account.heldUntilMs <= nowMs) this.#put(freed(account));
      else if (account.heldUntilMs > latestMs) this.#put({ ...account, heldUntilMs: latestMs });
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

  /**
   * A student was erased: what the instructor has paid for them goes on counting, under no name.
   *
   * @param live calls of theirs that have not said their last word: it must not bring the name back.
   */
  forget(token: SessionToken, live: readonly CallId[] = []): void {
    this.#ownCaps.delete(token);
    for (const callId of live) {
      for (const payer of KEY_SOURCES) {
        const amounts = { spentMicroUsd: 0, heldMicroUsd: 0, heldUntilMs: 0 };
        if (!this.knows({ payer, callId }))
          this.#put({ callId, payer, sessionToken: null, studentId: null, ...amounts });
      }
    }
    for (const account of [...this.#accounts.values()]) {
      // Not dropped: a call of theirs that says a last word would bring the name back.
      if (account.sessionToken === token) this.#put({ ...account, sessionToken: null, studentId: null });
    }
  }

  /** Whether this has been asked for that call before. */
  knows(account: Pick<Account, "payer" | "callId">): boolean {
    return this.#accounts.has(accountKey(account));
  }

  /** All that is to be kept. */
  get kept(): KeptMoney {
    const accounts = [...this.#accounts.values()];
    const readMicroUsd = accounts.reduce((sum, { payer, spentMicroUsd }) => {
      return payer === "instructor" ? sum + spentMicroUsd : sum;
    }, 0);
    const unreadMicroUsd = this.#poolMicroUsd - readMicroUsd;
    return { accounts, unreadMicroUsd, lending: this.lending, ownCaps: this.#ownCaps };
  }

  /** What stays when everybody is erased: amounts on the instructor's key, under no name. */
  get nameless(): KeptMoney {
    const { accounts, ...kept } = this.kept;
    const lent = accounts.filter(({ payer }) => payer === "instructor");
    const nobodys = lent.map((account) => ({ ...account, sessionToken: null, studentId: null }));
    return { ...kept, accounts: nobodys, ownCaps: new Map() };
  }

  /** Spent by a student on the instructor's key, and held for calls of theirs that go on. */
  lentTo(token: SessionToken, nowMs: number): { readonly lentMicroUsd: number; readonly heldMicroUsd: number } {
    return {
      lentMicroUsd: this.#sumOf("instructor", token),
      heldMicroUsd: this.#heldBy((account) => account.payer === "instructor" && account.sessionToken === token, nowMs),
    };
  }

  classMoney(nowMs: number): WorkshopMoney {
    const { poolMicroUsd = null, studentMicroUsd = null, callMicroUsd = null, models = null } = this.lending ?? {};
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
      lent: lending ? nearestOf(this.#lentLimits(of, lending, nowMs)) : null,
      own: nearestOf(this.#ownLimits(of, this.capOf(token), nowMs)),
    };
  }

  /** The earliest moment at which something that is held will be free by itself. */
  get nextExpiryMs(): number | undefined {
    return this.#held.reduce<number | undefined>(
      (earliest, { heldUntilMs }) => Math.min(earliest ?? heldUntilMs, heldUntilMs),
      undefined,
    );
  }

  /** The accounts that are other than before since this was last asked. */
  takeChanges(): readonly Account[] {
    const changed = accountsOf(this.#changed, this.#accounts);
    this.#changed.clear();
    return changed;
  }

  #isLate({ payer, callId, spentMicroUsd, askedAtMs }: FundsRequest, before: Account | undefined): boolean {
    const key = accountKey({ payer, callId });
    const newestMs = this.#askedAtMs.get(key) ?? Number.NEGATIVE_INFINITY;
    if (askedAtMs !== undefined) this.#askedAtMs.set(key, Math.max(askedAtMs, newestMs));
    return spentMicroUsd < (before?.spentMicroUsd ?? 0) || (askedAtMs !== undefined && askedAtMs < newestMs);
  }

  #refused(request: FundsRequest, { sessionToken }: Account, heldMicroUsd: number, nowMs: number): Refused | undefined {
    const limits = this.#limitsOf(request, nowMs);
    if (request.payer === "instructor") {
      const { allowed, models } = this.#lendingFor(request);
      const budget = nearestOf(limits);
      // To somebody who was erased nothing is lent any more.
      if (!allowed || sessionToken === null) return { reason: "fallback_off", isHeld: false, budget };
      if (models && !models.includes(request.model)) return { reason: "model_not_lent", isHeld: false, budget };
    }
    return refusedBy(limits, heldMicroUsd);
  }

  #limitsOf(request: FundsRequest, nowMs: number): readonly MoneyLimit[] {
    if (request.payer === "instructor") return this.#lentLimits(request, this.#lendingFor(request), nowMs);
    const cap = this.knowsCap(request.sessionToken) ? this.capOf(request.sessionToken) : request.ownCapMicroUsd;
    return this.#ownLimits(request, cap, nowMs);
  }

  #lentLimits({ callId, sessionToken: token }: Asking, lending: Lending, nowMs: number): readonly MoneyLimit[] {
    const call = callId === null ? undefined : this.#accounts.get(accountKey({ payer: "instructor", callId }));
    const isOther = (account: Account): boolean => account.payer === "instructor" && account.callId !== callId;
    const { callMicroUsd, studentMicroUsd, poolMicroUsd } = lending;
    const limits: MoneyLimit[] = [];
    if (callMicroUsd !== null && callId !== null) {
      const spentMicroUsd = call?.spentMicroUsd ?? 0;
      const reason = "call_budget_used";
      limits.push({ of: "call", limitMicroUsd: callMicroUsd, spentMicroUsd, heldMicroUsd: 0, reason });
    }
    if (studentMicroUsd !== null) {
      const spentMicroUsd = this.#sumOf("instructor", token);
      const heldMicroUsd = this.#heldBy((account) => isOther(account) && account.sessionToken === token, nowMs);
      const reason = "allowance_used";
      limits.push({ of: "student", limitMicroUsd: studentMicroUsd, spentMicroUsd, heldMicroUsd, reason });
    }
    if (poolMicroUsd !== null) {
      const heldMicroUsd = this.#heldBy(isOther, nowMs);
      const spentMicroUsd = this.#poolMicroUsd;
      limits.push({ of: "pool", limitMicroUsd: poolMicroUsd, spentMicroUsd, heldMicroUsd, reason: "pool_used" });
    }
    return limits;
  }

  #ownLimits(
    { callId, sessionToken: token }: Asking,
    capMicroUsd: number | null,
    nowMs: number,
  ): readonly MoneyLimit[] {
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

  /** Those that hold something, or did until it expired. */
  get #held(): readonly Account[] {
    return accountsOf(this.#holding, this.#accounts);
  }

  #heldBy(counts: (account: Account) => boolean, nowMs: number): number {
    let sum = 0;
    for (const account of this.#held) {
      if (account.heldUntilMs > nowMs && counts(account)) sum += account.heldMicroUsd;
    }
    return sum;
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

  #count({ payer, sessionToken, spentMicroUsd }: Account, sign: 1 | -1): void {
    if (payer === "instructor") this.#poolMicroUsd += sign * spentMicroUsd;
    if (sessionToken === null) return;
    const name = `${payer} ${sessionToken}`;
    this.#sums.set(name, (this.#sums.get(name) ?? 0) + sign * spentMicroUsd);
  }
}

const NOT_LENT: Lending = { allowed: false, poolMicroUsd: 0, studentMicroUsd: 0, callMicroUsd: 0, models: null };

type Asking = { readonly callId: CallId | null; readonly sessionToken: SessionToken };

const accountsOf = (keys: Iterable<string>, accounts: ReadonlyMap<string, Account>): readonly Account[] =>
  [...keys].flatMap((key) => accounts.get(key) ?? []);

/** What was held before is used up by what was spent since. Of a student who was erased the name does not come back. */
function settledBy(request: FundsRequest, before: Account | undefined): Account {
  const { callId, payer, sessionToken, studentId, spentMicroUsd } = request;
  if (!before) return { callId, payer, sessionToken, studentId, spentMicroUsd, heldMicroUsd: 0, heldUntilMs: 0 };
  const sinceMicroUsd = Math.max(0, spentMicroUsd - before.spentMicroUsd);
  return {
    ...before,
    spentMicroUsd: before.spentMicroUsd + sinceMicroUsd,
    heldMicroUsd: Math.max(0, before.heldMicroUsd - sinceMicroUsd),
  };
}

const freed = (account: Account): Account => ({ ...account, heldMicroUsd: 0, heldUntilMs: 0 });
