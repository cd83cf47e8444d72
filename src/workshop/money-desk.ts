import { LIMITS } from "../limits.ts";
import type { Lending } from "../protocol/bill.ts";
import type { CallId, SessionToken, StudentId } from "../protocol/ids.ts";
import type { StudentMoney, WallStudent, WorkshopMoney } from "../protocol/live-messages.ts";
import { type Account, Allowance, type KeptMoney } from "./allowance.ts";
import type { FundsReply, FundsRequest } from "./funds.ts";

/** Where it is written down; each of it at once, so that whatever was answered is kept. */
export interface MoneyStorage {
  /** After everything was deleted. */
  open(): void;
  read(): KeptMoney;
  keep(accounts: readonly Account[]): void;
  keepUnread(microUsd: number): void;
  keepLending(lending: Lending): void;
  keepCap(token: SessionToken, microUsd: number | null): void;
  dropCap(token: SessionToken): void;
}

/** What the desk reaches the world by. */
export interface MoneyPorts {
  readonly nowMs: () => number;
  readonly startTimer: (run: () => void, afterMs: number) => void;
  readonly storage: MoneyStorage;
  /** The students are erased. */
  readonly isOver: () => boolean;
  /** Whether any page or console is open. */
  readonly isWatched: () => boolean;
  /** Whose pages are open: a student once for each page. */
  readonly pages: () => readonly SessionToken[];
  readonly tellPages: (token: SessionToken, money: StudentMoney) => void;
  /** How many consoles are open. */
  readonly walls: () => number;
  readonly tellWalls: (money: WorkshopMoney) => void;
  /** Their place on the wall shows another amount. */
  readonly changedOnWall: (studentId: StudentId) => void;
}

interface Learned {
  readonly lending: Lending | null;
  readonly token?: SessionToken;
  readonly ownCapMicroUsd?: number | null;
}

const NOTHING: KeptMoney = { accounts: [], unreadMicroUsd: 0, lending: undefined, ownCaps: new Map() };

/**
 * Where a class's money is kept and shown. Each answer is written down before it leaves; what is shown is told in a while,
 * together: the number that is enforced is the number that is shown.
 */
export class MoneyDesk {
  readonly #ports: MoneyPorts;
  #allowance: Allowance;
  /** As all consoles, and all pages of a student, were last told; undefined: not all of them the same. */
  #toldWalls: string | undefined;
  readonly #toldPages = new Map<SessionToken, string | undefined>();
  #isDue = false;
  #awaitsExpiry = false;

  constructor(ports: MoneyPorts) {
    this.#ports = ports;
    this.#allowance = new Allowance(ports.storage.read());
  }

  ask(request: FundsRequest): FundsReply {
    // A last word of somebody who was erased must not bring their name back.
    if (this.#ports.isOver() && !this.#allowance.knows(request)) return this.#tooLate(request);
    const reply = this.#allowance.ask(request, this.#ports.nowMs());
    this.#changed();
    return reply;
  }

  release(callId: CallId): void {
    this.#allowance.release(callId);
    this.#changed();
  }

  /** What a row said when somebody came here: for what this object has never been told of. */
  learn({ lending, token, ownCapMicroUsd }: Learned): void {
    if (lending && !this.#allowance.lending) this.lendingChanged(lending);
    if (token && ownCapMicroUsd !== undefined && !this.#allowance.knowsCap(token)) {
      this.ownCapChanged(token, ownCapMicroUsd);
    }
  }

  lendingChanged(lending: Lending): void {
    this.#allowance.lending = lending;
    this.#ports.storage.keepLending(lending);
    this.#changed();
  }

  ownCapChanged(token: SessionToken, microUsd: number | null): void {
    if (this.#ports.isOver()) return;
    this.#allowance.setCap(token, microUsd);
    this.#ports.storage.keepCap(token, microUsd);
    this.#changed();
  }

  /** A student was erased; `live`: their calls that go on. */
  forget(token: SessionToken, live: readonly CallId[]): void {
    this.#allowance.forget(token, live);
    this.#ports.storage.dropCap(token);
    this.#toldPages.delete(token);
    this.#changed();
  }

  /** The storage is empty: everything is written down again. */
  rewrite(): void {
    const { storage } = this.#ports;
    const { accounts, unreadMicroUsd, lending, ownCaps } = this.#allowance.kept;
    storage.open();
    storage.keep(accounts);
    if (unreadMicroUsd > 0) storage.keepUnread(unreadMicroUsd);
    if (lending) storage.keepLending(lending);
    for (const [token, microUsd] of ownCaps) storage.keepCap(token, microUsd);
  }

  /** Everybody is gone. With `keepsSums` what the instructor has paid goes on counting, under no name. */
  clear(keepsSums: boolean): void {
    this.#allowance = new Allowance(keepsSums ? this.#allowance.nameless : NOTHING);
    this.#toldWalls = undefined;
    this.#toldPages.clear();
  }

  #tooLate({ needMicroUsd }: FundsRequest): FundsReply {
    const untilMs = this.#ports.nowMs();
    return needMicroUsd === 0
      ? { granted: true, untilMs, budget: null }
      : { granted: false, reason: "fallback_off", isHeld: false, budget: null };
  }

  /** What a console that has come is told first. */
  forWall(): WorkshopMoney {
    this.#expire();
    const money = this.#classMoney;
    const text = JSON.stringify(money);
    // The other consoles have not been told this: whatever is due goes to all.
    if (this.#ports.walls() > 1 && text !== this.#toldWalls) this.#toldWalls = undefined;
    else this.#toldWalls = text;
    return money;
  }

  /** What a page that has come is told first. */
  forPage(token: SessionToken): StudentMoney {
    this.#expire();
    const money = this.#studentMoney(token);
    const text = JSON.stringify(money);
    const isOnly = this.#ports.pages().filter((page) => page === token).length <= 1;
    this.#toldPages.set(token, isOnly || text === this.#toldPages.get(token) ? text : undefined);
    return money;
  }

  onWall(token: SessionToken): Pick<WallStudent, "lentMicroUsd" | "heldMicroUsd"> {
    return this.#allowance.lentTo(token, this.#ports.nowMs());
  }

  get #classMoney(): WorkshopMoney {
    return this.#allowance.classMoney(this.#ports.nowMs());
  }

  #studentMoney(token: SessionToken): StudentMoney {
    return this.#allowance.studentMoney(token, this.#ports.nowMs());
  }

  /** Writes down what is other than before, and lets it be told. */
  #changed(): void {
    this.#keep();
    // A timer keeps the object awake: where nobody looks there is none.
    if (!this.#ports.isWatched()) return;
    this.#awaitExpiry();
    if (this.#isDue) return;
    this.#isDue = true;
    this.#ports.startTimer(() => this.#tell(), LIMITS.wallPaceMs);
  }

  #keep(): void {
    const changed = this.#allowance.takeChanges();
    this.#ports.storage.keep(changed);
    for (const { payer, studentId } of changed) {
      if (payer === "instructor" && studentId) this.#ports.changedOnWall(studentId);
    }
  }

  #tell(): void {
    this.#isDue = false;
    if (this.#ports.walls() > 0) {
      const money = this.#classMoney;
      const text = JSON.stringify(money);
      if (text !== this.#toldWalls) this.#ports.tellWalls(money);
      this.#toldWalls = text;
    }
    for (const token of new Set(this.#ports.pages())) {
      const money = this.#studentMoney(token);
      const text = JSON.stringify(money);
      if (text === this.#toldPages.get(token)) continue;
      this.#toldPages.set(token, text);
      this.#ports.tellPages(token, money);
    }
  }

  #expire(): void {
    this.#allowance.expire(this.#ports.nowMs());
    this.#changed();
  }

  /** What nobody gives back is shown as free again when it is. A sleeping object counts right at its next event. */
  #awaitExpiry(): void {
    const nextMs = this.#allowance.nextExpiryMs;
    if (nextMs === undefined || this.#awaitsExpiry) return;
    this.#awaitsExpiry = true;
    // A clock that is set back in between makes nobody wait longer.
    const afterMs = Math.min(Math.max(0, nextMs - this.#ports.nowMs()), LIMITS.reservationMs);
    this.#ports.startTimer(() => {
      this.#awaitsExpiry = false;
      this.#expire();
    }, afterMs);
  }
}
