import { LIMITS } from "../limits.ts";
import type { Lending } from "../protocol/bill.ts";
import type { CallId, SessionToken, StudentId } from "../protocol/ids.ts";
import type { StudentMoney, WallStudent, WorkshopMoney } from "../protocol/live-messages.ts";
import { Allowance, accountKey, type KeptMoney } from "./allowance.ts";
import type { AllowanceStorage } from "./allowance-storage.ts";
import type { FundsReply, FundsRequest } from "./funds.ts";

/** What the desk reaches the world by. */
export interface MoneyPorts {
  readonly nowMs: () => number;
  readonly startTimer: (run: () => void, afterMs: number) => void;
  readonly storage: Pick<AllowanceStorage, "read" | "keep" | "keepLending" | "keepCap" | "dropCap" | "open">;
  /** Students with a page open. */
  readonly pages: () => readonly SessionToken[];
  readonly tellPages: (token: SessionToken, money: StudentMoney) => void;
  readonly hasWalls: () => boolean;
  readonly tellWalls: (money: WorkshopMoney) => void;
  /** Their place on the wall shows another amount. */
  readonly changedOnWall: (studentId: StudentId) => void;
}

interface Learned {
  readonly lending: Lending | null;
  readonly token?: SessionToken;
  readonly ownCapMicroUsd?: number | null;
}

const NOTHING: KeptMoney = { accounts: [], lending: undefined, ownCaps: new Map() };

/**
 * Where a class's money is kept and shown. Each answer is written down before it leaves; what is shown is told in a while,
 * together: the number that is enforced is the number that is shown.
 */
export class MoneyDesk {
  readonly #ports: MoneyPorts;
  #allowance: Allowance;
  /** As consoles and pages were last told. */
  #toldWalls = "";
  readonly #toldPages = new Map<SessionToken, string>();
  #isDue = false;
  #expiryMs: number | undefined;

  constructor(ports: MoneyPorts) {
    this.#ports = ports;
    this.#allowance = new Allowance(ports.storage.read());
  }

  ask(request: FundsRequest): FundsReply {
    const nowMs = this.#ports.nowMs();
    const reply = this.#allowance.ask(request, nowMs);
    const studentId = this.#allowance.account(accountKey(request))?.studentId;
    this.#changed();
    if (studentId && request.payer === "instructor") this.#ports.changedOnWall(studentId);
    this.#tellAtExpiry(nowMs);
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
    this.#allowance.setCap(token, microUsd);
    this.#ports.storage.keepCap(token, microUsd);
    this.#changed();
  }

  /** A student was erased. */
  forget(token: SessionToken): void {
    this.#allowance.forget(token);
    this.#ports.storage.dropCap(token);
    this.#toldPages.delete(token);
    this.#changed();
  }

  /** Everything was deleted. */
  clear(): void {
    this.#allowance = new Allowance(NOTHING);
    this.#ports.storage.open();
    this.#toldPages.clear();
  }

  /** What a console that comes is told first. */
  forWall(): WorkshopMoney {
    const money = this.#classMoney;
    this.#toldWalls = JSON.stringify(money);
    return money;
  }

  /** What a page that comes is told first. */
  forPage(token: SessionToken): StudentMoney {
    const money = this.#studentMoney(token);
    this.#toldPages.set(token, JSON.stringify(money));
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

  get #isWatched(): boolean {
    return this.#ports.hasWalls() || this.#ports.pages().length > 0;
  }

  #changed(): void {
    this.#ports.storage.keep(this.#allowance);
    // A timer keeps the object awake: where nobody looks there is none.
    if (this.#isDue || !this.#isWatched) return;
    this.#isDue = true;
    this.#ports.startTimer(() => this.#tell(), LIMITS.wallPaceMs);
  }

  #tell(): void {
    this.#isDue = false;
    if (this.#ports.hasWalls()) {
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

  /** What nobody gives back is shown as free again when it is. A sleeping object counts right at its next event. */
  #tellAtExpiry(nowMs: number): void {
    const next = this.#isWatched ? this.#allowance.nextExpiryMs(nowMs) : undefined;
    if (next === undefined || (this.#expiryMs !== undefined && this.#expiryMs > nowMs)) return;
    this.#expiryMs = next;
    this.#ports.startTimer(() => {
      this.#expiryMs = undefined;
      this.#changed();
      this.#tellAtExpiry(this.#ports.nowMs());
    }, next - nowMs);
  }
}
