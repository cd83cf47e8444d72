import { DurableObject } from "cloudflare:workers";
import type { CallNotice, WallFacts } from "../api/deps.ts";
import { readSettings } from "../env.ts";
import { type Reason, reasonOf } from "../failure.ts";
import { log } from "../log.ts";
import { type CallId, parseWorkshopId, type SessionToken, type StudentId, type WorkshopId } from "../protocol/ids.ts";
import type { WallStudent, WorkshopFacts } from "../protocol/live-messages.ts";
import { AllowanceStorage } from "./allowance-storage.ts";
import {
  CallEntry,
  type CallLeave,
  type CallReport,
  type Entered,
  type EntryRefusal,
  NOBODY,
  type Watch,
} from "./call-report.ts";
import { type ClassParts, classEnd, forgetStudent, REVOKED_CODE } from "./class-end.ts";
import { ClosingDesk } from "./closing-desk.ts";
import { closingRows } from "./closing-rows.ts";
import { Door } from "./door.ts";
import { Followers, watchedCall } from "./followers.ts";
import { type FundsReply, FundsRequest, LendingShape } from "./funds.ts";
import { LiveCalls } from "./live-calls.ts";
import { LiveSockets, type PageWatcher, WATCHER_HEADER, type WallWatcher, Watcher } from "./live-sockets.ts";
import { MoneyDesk } from "./money-desk.ts";
import type { Roster } from "./roster.ts";
import { RosterDesk } from "./roster-desk.ts";
import { RosterStorage } from "./roster-storage.ts";
import { keyStatusBy, type LiveCall, SeededStudent } from "./seat.ts";
import { Wall } from "./wall.ts";

/** The object of a workshop, by its id; students of no workshop share one. */
export const workshopStub = (env: Cloudflare.Env, workshopId: string | null): DurableObjectStub<WorkshopObject> =>
  env.WORKSHOP.get(env.WORKSHOP.idFromName(workshopId ?? "none"));

const startTimer = (run: () => void, afterMs: number): void => void setTimeout(run, afterMs);

function refuse(server: WebSocket): void {
  server.accept();
  server.close(REVOKED_CODE, "revoked");
}

/**
 * The single writer of a class: which calls are live, who is watched by whom, whether calls may begin. Moves bytes and
 * timers; what happens to the class is {@link Roster}'s, what consoles are told {@link Wall}'s. It sleeps between events.
 */
export class WorkshopObject extends DurableObject<Cloudflare.Env> {
  readonly #storage: RosterStorage;
  readonly #sockets: LiveSockets;
  readonly #followers: Followers;
  readonly #calls: LiveCalls;
  readonly #wall: Wall;
  readonly #money: MoneyDesk;
  readonly #class: RosterDesk;
  readonly #door: Door;
  readonly #parts: ClassParts;
  readonly #closing: ClosingDesk;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#storage = new RosterStorage(ctx.storage.sql);
    this.#sockets = new LiveSockets(ctx);
    this.#followers = new Followers(this.#sockets);
    this.#calls = new LiveCalls(env, (work) => ctx.waitUntil(work));
    this.#wall = new Wall({
      nowMs: Date.now,
      startTimer,
      studentOf: (studentId) => this.#studentOf(studentId),
      tell: (message) => this.#sockets.toWalls(this.#sockets.walls(), message),
    });
    const changedOnWall = (studentId: StudentId): void => this.#wallChange(studentId);
    const isOver = (): boolean => this.#closing.isErased;
    this.#money = new MoneyDesk({
      nowMs: Date.now,
      startTimer,
      storage: new AllowanceStorage(ctx.storage.sql),
      isOver,
      isWatched: () => this.#sockets.hasAny,
      pages: () => this.#sockets.pages().flatMap((page) => this.#sockets.ownerOf(page)?.sessionToken ?? []),
      tellPages: (token, money) => this.#sockets.toPages(this.#sockets.pages(token), { type: "money", money }),
      walls: () => this.#sockets.walls().length,
      tellWalls: (money) => this.#sockets.toWalls(this.#sockets.walls(), { type: "money", money }),
      changedOnWall,
    });
    this.#class = new RosterDesk({
      storage: this.#storage,
      startTimer,
      isOver,
      changedOnWall,
    });
    this.#parts = {
      nowMs: Date.now,
      storage: ctx.storage,
      sockets: this.#sockets,
      calls: this.#calls,
      wall: this.#wall,
      money: this.#money,
      class: this.#class,
    };
    this.#closing = new ClosingDesk({
      nowMs: Date.now,
      storage: this.#storage,
      setAlarm: (atMs) => (atMs === null ? ctx.storage.deleteAlarm() : ctx.storage.setAlarm(atMs)),
      rows: closingRows(env),
      failed: (code, retryMs) => log({ event: "closing-failed", code, retryMs }),
      ...classEnd(this.#parts),
    });
    this.#door = new Door(this.#class, {
      nowMs: Date.now,
      isClosed: () => this.#closing.isClosed,
      mostCalls: () => readSettings(env).callsPerWorkshop,
      storage: this.#storage,
      calls: this.#calls,
      followers: this.#followers,
    });
  }

  // Calls

  /** Lets a call in, if there is room; asking twice is the same call. Says who watches. */
  async enter(entryJson: unknown): Promise<Entered> {
    const entry = CallEntry.parse(entryJson);
    const reason = await this.#door.refusalOf(entry);
    const nowMs = Date.now();
    if (reason) {
      this.#roster.seen(entry, nowMs);
      this.#class.changed();
      return { admitted: false, reason };
    }
    const isNew = this.#roster.call(entry.callId) === undefined;
    this.#roster.enter(entry, nowMs);
    this.#class.changed();
    const call = this.#roster.call(entry.callId);
    if (isNew && call?.joined) this.#followers.announce(call);
    return { admitted: true, watch: call ? this.#followers.watchOf(call) : NOBODY };
  }

  /** What has changed of a call; returns who watches it, for a call that does not know it better. */
  report(callId: CallId, report: CallReport): Watch {
    if (report.status) this.#roster.report(callId, report.status, Date.now());
    const hasJoined = this.#roster.join(callId);
    const call = this.#roster.call(callId);
    if (!call) return NOBODY;
    if (hasJoined) this.#followers.announce(call);
    this.#followers.show(call, report);
    this.#class.changed();
    return this.#followers.watchOf(call);
  }

  /** A call is over, with its last report. Told twice it counts once. */
  leave({ entry: entryJson, summary, report }: CallLeave): void {
    const entry = CallEntry.parse(entryJson);
    const call = this.#roster.call(entry.callId);
    if (call) this.#followers.show(call, report);
    this.#roster.leave(entry, summary);
    this.#money.release(entry.callId);
    this.#class.changed();
    if (summary && keyStatusBy(summary)) this.meChanged(entry.sessionToken, "student");
  }

  /** Whether a call with sound may be asked for; one that may not is not let in either. */
  ask(callId: CallId, token: SessionToken, isCounted: boolean): EntryRefusal | null {
    return this.#door.askedFor(callId, token, isCounted);
  }

  /** Tells every live call of a student; returns how many could not be told. */
  async tell(token: SessionToken, notice: CallNotice): Promise<number> {
    return this.#calls.notify(this.#roster.callsOf(token), notice);
  }

  /** Counts a key check; false when the student has had as many as a minute allows. */
  keyCheckAllowed(token: SessionToken): boolean {
    return !this.#closing.isErased && this.#storage.keyCheckAllowed(token, Date.now());
  }

  // Money

  /** Settles what was spent, and reserves what comes next; see `allowance.ts`. */
  funds(requestJson: unknown): FundsReply {
    return this.#money.ask(FundsRequest.parse(requestJson));
  }

  lendingChanged(lendingJson: unknown): void {
    this.#money.lendingChanged(LendingShape.parse(lendingJson));
  }

  /** Micro-dollars; null: no cap any more. */
  ownCapChanged(token: SessionToken, microUsd: number | null): void {
    this.#money.ownCapChanged(token, microUsd);
  }

  // The instructor

  /** Returns how many calls there were, and how many could not be told. */
  async setPaused(paused: boolean): Promise<{ readonly calls: number; readonly untold: number }> {
    this.#changeFacts({ ...this.#class.facts, paused });
    const { calls } = this.#class.roster;
    return { calls: calls.length, untold: paused ? await this.#calls.notify(calls, "paused") : 0 };
  }

  isPaused(): boolean {
    return this.#class.facts.paused;
  }

  announce(announcement: string | null): void {
    this.#changeFacts({ ...this.#class.facts, announcement });
  }

  /** `undefined`: there is no such call here. */
  async endCall(callId: CallId): Promise<{ readonly untold: number } | undefined> {
    const call = this.#roster.call(callId);
    return call && { untold: await this.#calls.notify([call], "revoked") };
  }

  // Students

  /** Open pages ask the API again; `null`: those of all students. */
  meChanged(token: SessionToken | null, by: "student" | "instructor"): void {
    this.#sockets.toPages(this.#sockets.pages(token ?? undefined), { type: "me-changed", by });
  }

  studentChanged(facts: WallFacts): void {
    this.#roster.know(facts);
    this.#class.changed();
  }

  /** Every call looks again which key it has: of a whole class in one request. Returns how many could not be told. */
  keysForgotten(students: readonly WallFacts[]): Promise<number> {
    for (const student of students) this.#roster.know(student);
    this.#class.changed();
    this.meChanged(null, "instructor");
    return this.#calls.notify(this.#roster.calls, "key-changed");
  }

  /** Returns how many calls could not be told. */
  async studentGone(token: SessionToken): Promise<number> {
    const { calls, kept } = forgetStudent(this.#parts, token);
    const waking = this.#closing.rewrite();
    this.meChanged(token, "instructor");
    for (const page of this.#sockets.pages(token)) page.close(REVOKED_CODE, "revoked");
    await Promise.all([kept, waking]);
    return this.#calls.notify(calls, "revoked");
  }

  // The end

  /** The row says something else of the workshop's end, or is gone: does what is due. A reason says what was left undone. */
  async closingChanged(workshopId: WorkshopId): Promise<Reason | null> {
    return this.#closing.look(workshopId).then(() => null, reasonOf);
  }

  override alarm(): Promise<void> {
    return this.#closing.alarm();
  }

  // Sockets

  /** Everybody whom Postgres knows, for a console that is about to come. */
  seed(studentsJson: readonly unknown[]): void {
    const students = studentsJson.map((student) => SeededStudent.parse(student));
    this.#roster.dropStale(Date.now());
    const isOnline = (studentId: StudentId): boolean => this.#sockets.isOnline(studentId);
    this.#roster.seed(students, this.#sockets.walls().length === 0, isOnline);
    this.#class.changed();
  }

  /** A socket that the front door let through. */
  override fetch(upgrade: Request): Response {
    const watcher = Watcher.parse(JSON.parse(decodeURIComponent(upgrade.headers.get(WATCHER_HEADER) ?? "null")));
    const workshopId = parseWorkshopId(watcher.workshopId);
    if (workshopId) this.#closing.learn(workshopId, watcher.closing);
    const { 0: client, 1: server } = new WebSocketPair();
    if (watcher.kind === "wall") this.#acceptWall(server, watcher);
    else if (!this.#closing.isErased) this.#acceptPage(server, watcher);
    else refuse(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket): void {
    // Signs of life are answered without us, and nobody has anything else to say here.
    socket.close(1008, "bad_frame");
    this.#left(socket);
  }

  override webSocketClose(socket: WebSocket): void {
    // Without this the peer waits for its close frame for ten seconds.
    socket.close(1000);
    this.#left(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#left(socket);
  }

  #acceptWall(server: WebSocket, watcher: WallWatcher): void {
    const isFirst = this.#sockets.walls().length === 0;
    const nowMs = Date.now();
    this.#sockets.accept(server, watcher, [], nowMs);
    const students = this.#roster.studentIds.flatMap((id) => this.#studentOf(id) ?? []);
    const { workshopId, lending } = watcher;
    this.#money.learn({ lending });
    const money = this.#money.forWall();
    this.#sockets.toWalls([server], { type: "wall-start", workshopId, nowMs, students, money, ...this.#class.facts });
    if (isFirst) this.#watch(this.#roster.calls);
  }

  #acceptPage(server: WebSocket, watcher: PageWatcher): void {
    const { kind: _, lending, ownCapMicroUsd, workshopId: __, closing: ___, ...facts } = watcher;
    const token = facts.sessionToken;
    const nowMs = Date.now();
    const followed = this.#followers.followedByOneMore(this.#roster.callsOf(facts.sessionToken));
    const awaits = followed.map(({ callId }) => callId);
    this.#sockets.accept(server, watcher, awaits, nowMs);
    const calls = followed.filter(({ joined }) => joined).map(watchedCall);
    this.#money.learn({ lending, token, ownCapMicroUsd });
    const money = this.#money.forPage(token);
    this.#sockets.toPages([server], { type: "live-start", calls, money, ...this.#class.facts });
    this.#watch(followed);
    this.#roster.know(facts);
    this.#roster.seen({ ...facts, studentName: facts.name }, nowMs);
    this.#class.changed();
  }

  #left(socket: WebSocket): void {
    const owner = this.#sockets.ownerOf(socket);
    if (owner) this.#watch(this.#roster.callsOf(owner.sessionToken));
    else if (this.#sockets.walls().length === 0) {
      this.#wall.clear();
      this.#watch(this.#roster.calls);
    }
    this.#wallChange(owner?.studentId ?? null);
  }

  get #roster(): Roster {
    return this.#class.roster;
  }

  #watch(calls: readonly LiveCall[]): void {
    for (const call of calls) this.#calls.watch(call, this.#followers.watchOf(call));
  }

  #changeFacts(facts: WorkshopFacts): void {
    this.#class.changeFacts(facts);
    this.#sockets.toAll(facts);
  }

  #studentOf(studentId: StudentId): WallStudent | undefined {
    return this.#roster.onWall(studentId, this.#sockets.isOnline(studentId), (token) => this.#money.onWall(token));
  }

  #wallChange(studentId: LiveCall["studentId"]): void {
    if (studentId !== null && this.#sockets.walls().length > 0) this.#wall.change(studentId);
  }
}
