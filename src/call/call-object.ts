import { DurableObject } from "cloudflare:workers";
import type { CallNotice, CarrierSession, ResumeVerdict } from "../api/deps.ts";
import { readFrame, writeCommand } from "../caller/conversation-relay.ts";
import { FrameGate } from "../caller/frame-gate.ts";
import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { errorName, log } from "../log.ts";
import type { Watch } from "../workshop/call-report.ts";
import { AlarmClock } from "./alarm-clock.ts";
import { NEW_PROGRESS } from "./call-facts.ts";
import type { CallRunner } from "./call-runner.ts";
import { CallStart } from "./call-start.ts";
import { CallStorage } from "./call-storage.ts";
import { CallerSockets, TICKET_HEADER } from "./caller-sockets.ts";
import { assembleCall, type LiveCall } from "./live-call.ts";
import { SoundSockets } from "./sound-sockets.ts";

/** `over`: this call has ended, the caller needs a new one. `refused`: a used ticket, or somebody else's call. */
export type BeginOutcome = "begun" | "over" | "refused";

/** `over`: this call has ended. `refused`: it is somebody else's. */
export type PrepareOutcome = "prepared" | "over" | "refused";

/** How long an ended call is remembered as ended: longer than any ticket or carrier may name it. */
const REMEMBERED_MS = 24 * 60 * 60_000;

/**
 * The Durable Object of one call: moves bytes and timers. Text calls use the hibernation API, so between two turns
 * nothing of this is in memory; everything needed is read back from storage at the next message. Calls with sound hold
 * the socket of the model, which keeps them in memory, so they accept their caller's plainly.
 */
export class CallObject extends DurableObject<Cloudflare.Env> {
  readonly #storage: CallStorage;
  readonly #sockets: CallerSockets;
  readonly #alarm: AlarmClock;
  readonly #gates = new WeakMap<WebSocket, FrameGate>();
  #live: LiveCall | undefined;
  readonly #sound: SoundSockets;
  #isAdmitting = false;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#storage = new CallStorage(ctx.storage);
    this.#sockets = new CallerSockets(ctx, () => this.#live?.start.callId ?? null);
    this.#alarm = new AlarmClock(ctx);
    this.#sound = new SoundSockets({
      refuse: (reason) => this.#refuse(reason),
      background: (work) => ctx.waitUntil(work),
    });
  }

  /**
   * Begins the call, or lets its caller come back to it. The caller's socket comes through `fetch` at the same time,
   * showing the same `pass`.
   */
  begin(startJson: unknown, ticketId: string | null, pass: string): BeginOutcome {
    let outcome: BeginOutcome = "refused";
    try {
      outcome = this.#begin(CallStart.parse(startJson), ticketId);
    } finally {
      this.#sockets.expect(pass, outcome === "begun");
    }
    return outcome;
  }

  /** Makes a call with sound, which then waits for its caller to come with a ticket. */
  prepare(startJson: unknown): PrepareOutcome {
    const start = CallStart.parse(startJson);
    this.#storage.open();
    const kept = this.#storage.read();
    if (kept === "over" || (kept && kept.progress.endedAtMs !== null)) return "over";
    if (kept) return isSameCall(kept.start, start) ? "prepared" : "refused";
    this.#keepNew(start);
    return "prepared";
  }

  override fetch(upgrade: Request): Response | Promise<Response> {
    const ticketId = upgrade.headers.get(TICKET_HEADER);
    return ticketId === null ? this.#sockets.accept(upgrade) : this.#enterWithSound(ticketId);
  }

  override webSocketMessage(socket: WebSocket, frame: string | ArrayBuffer): void {
    if (socket !== this.#sockets.current) return;
    const gate = this.#gates.get(socket) ?? new FrameGate(Date.now());
    this.#gates.set(socket, gate);
    const refusal = gate.check(frame, Date.now());
    if (refusal) {
      this.#refuse(refusal);
      return;
    }
    const read = typeof frame === "string" ? readFrame(frame) : { ok: false as const };
    const tooMany = gate.read(read.ok);
    if (tooMany) this.#refuse(tooMany);
    else if (read.ok) this.#running()?.dispatch({ type: "caller", event: read.event });
    else this.#tell("bad_frame");
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    // 1001: a page was closed. Leaving is not an error.
    this.#legEnded(socket, code === 1000 || code === 1001 || code === 1005);
    // Without this the peer waits for its close frame for ten seconds. Not every code that comes may be sent back.
    socket.close(1000);
  }

  override webSocketError(socket: WebSocket): void {
    this.#legEnded(socket, false);
  }

  /** What it throws the runtime tries again, six times; then nobody would know. */
  override async alarm(): Promise<void> {
    try {
      await this.#alarmed();
    } catch (thrown) {
      log({ event: "uncaught", where: "alarm", callId: this.#live?.start.callId ?? null, name: errorName(thrown) });
      throw thrown;
    }
  }

  async #alarmed(): Promise<void> {
    this.#alarm.forget();
    if (this.#storage.read() === "over") {
      await this.ctx.storage.deleteAll();
      return;
    }
    const runner = this.#running();
    // After a crash, or when the peer's whole machine is gone, no close event ever comes.
    const sinceMs = this.#sound.dismissDead(Date.now());
    // While the agent speaks only the call cap is due, and a crash may come then too. Before all that takes time here.
    const { heardAtMs } = this.#sound;
    const lookAtMs = heardAtMs === undefined ? Date.now() + LIMITS.legCheckMs : heardAtMs + LIMITS.deadCallerMs;
    if (runner?.call.progress.endedAtMs === null) this.#alarm.arm(lookAtMs);
    const isDeserted = runner !== undefined && runner.call.progress.legs > 0 && !this.#hasCaller();
    // Who has sent nothing for so long has left when they sent the last of it.
    if (isDeserted) runner.dispatch({ type: "leg-end", clean: false, sinceMs });
    runner?.dispatch({ type: "alarm" });
    this.#admitOnce();
    await this.#settle();
    this.#alarm.arm(this.#live?.runner.call.alarmAtMs);
  }

  /** May a phone whose socket was lost come back to this call? A session of another phone may not. */
  resume(session: CarrierSession): ResumeVerdict {
    // Of a call that is forgotten only this is known; nobody learns more than that a person was asked for.
    if (this.#storage.endReason === "handed-over") return "handed-over";
    const call = this.#running()?.call;
    if (!call || !this.#isOf(session)) return "over";
    if (call.progress.endReason === "handed-over") return "handed-over";
    const { endedAtMs, closing } = call.progress;
    if (endedAtMs !== null || closing) return "over";
    return this.#storage.countResume() <= LIMITS.resumesPerCall ? "resume" : "too-often";
  }

  /** The carrier says its session is over on purpose. */
  over(session: CarrierSession): void {
    if (this.#isOf(session)) this.#running()?.dispatch({ type: "leg-end", clean: session.status !== "failed" });
  }

  /** Something about the student changed while the call is on. */
  async notice(notice: CallNotice): Promise<void> {
    const live = this.#assemble();
    if (!live) return;
    if (notice === "key-changed") return live.reloadKey();
    live.runner.dispatch({ type: "refused", reason: REASON_OF[notice] });
    if (notice === "closed") this.#storage.dropKey();
  }

  /** Who watches the call has changed. */
  watch(watch: Watch): void {
    this.#assemble()?.workshop.watch(watch);
  }

  /** A newer call of the student's needs the place of one whose caller has not come; false when they have. */
  giveWay(): boolean {
    const runner = this.#running();
    if (!runner) return true;
    const isWaiting = runner.line !== undefined && runner.call.progress.legs === 0 && !this.#sound.isOpen;
    if (isWaiting) runner.dispatch({ type: "leg-end", clean: true });
    return isWaiting;
  }

  #begin(start: CallStart, ticketId: string | null): BeginOutcome {
    this.#storage.open();
    // Before all else: `over` lets the caller begin anew, which a used ticket must not.
    if (ticketId !== null && !this.#storage.useTicket(ticketId)) return "refused";
    const kept = this.#storage.read();
    if (kept === "over" || (kept && kept.progress.endedAtMs !== null)) return "over";
    if (kept && !isSameCall(kept.start, start)) return "refused";
    if (kept) {
      // Whoever comes back has left, even if nobody has seen it yet.
      if (kept.progress.legs > 0) this.#running()?.dispatch({ type: "leg-end", clean: false });
      this.#assemble()?.takeKey(start);
      this.#admitOnce();
      return "begun";
    }
    this.#keepNew(start);
    return "begun";
  }

  #keepNew(start: CallStart): void {
    this.#storage.keepStart(start);
    this.#storage.keepProgress({ ...NEW_PROGRESS, phoneCallId: start.phoneCallId });
    log({ event: "call-start", callId: start.callId, wayIn: start.wayIn, keySource: start.keySource });
    this.#alarm.arm(this.#running()?.call.alarmAtMs);
    this.#admitOnce();
  }

  #enterWithSound(ticketId: string): Response {
    const live = this.#assemble();
    const progress = live?.runner.line && live.runner.call.progress;
    if (!live || !progress || progress.endedAtMs !== null || progress.closing)
      return new Response(null, { status: 410 });
    if (!this.#storage.useTicket(ticketId) && !this.#sound.isUnheard(ticketId))
      return new Response(null, { status: 403 });
    this.#alarm.arm(Date.now() + LIMITS.deadCallerMs);
    return this.#sound.accept(live, ticketId);
  }

  #hasCaller(): boolean {
    return this.#sound.isOpen || this.#sockets.current !== undefined;
  }

  /** An object that died before it had the answer asks again when it wakes. */
  #admitOnce(): void {
    const live = this.#assemble();
    if (!live || this.#isAdmitting || live.runner.call.progress.admitted) return;
    this.#isAdmitting = true;
    this.ctx.waitUntil(this.#admit(live));
  }

  async #admit(live: LiveCall): Promise<void> {
    const refusal = await live.admission();
    live.runner.dispatch(refusal ? { type: "refused", reason: refusal } : { type: "admitted" });
  }

  #isOf(session: CarrierSession): boolean {
    const start = this.#assemble()?.start;
    return start?.sessionToken === session.sessionToken && start.phoneCallId === session.phoneCallId;
  }

  #legEnded(socket: WebSocket, clean: boolean): void {
    const { current } = this.#sockets;
    if (current !== undefined && current !== socket) return;
    this.#running()?.dispatch({ type: "leg-end", clean });
  }

  /** A socket that breaks a rule is closed; to the call it is a caller who left. */
  #refuse(reason: Reason): void {
    this.#tell(reason);
    this.#close(factsOf(reason).closeCode, reason);
    this.#running()?.dispatch({ type: "refused", reason });
  }

  /** In a frame of ours, which a phone's carrier would not understand. */
  #tell(reason: Reason): void {
    this.#sound.tell(reason);
    if (this.#sound.isOpen || this.#running()?.call.progress.fromCarrier) return;
    const frame = writeCommand({ type: "error", code: reason, sentence: factsOf(reason).sentence });
    if (frame !== undefined) this.#sockets.send(frame);
  }

  #close(closeCode: number, reason?: string): void {
    if (this.#sound.isOpen) this.#sound.close(closeCode, reason);
    else this.#sockets.close(closeCode, reason);
  }

  #running(): CallRunner | undefined {
    return this.#assemble()?.runner;
  }

  /** The call as it was kept, with everything it reaches the world by. */
  #assemble(): LiveCall | undefined {
    if (this.#live) return this.#live;
    const kept = this.#storage.read();
    if (kept === undefined || kept === "over") return undefined;
    this.#live = assembleCall(kept, {
      env: this.env,
      storage: this.#storage,
      sendText: (frame) => this.#sockets.send(frame),
      close: (closeCode) => this.#close(closeCode),
      arm: (atMs) => this.#alarm.arm(atMs),
      settle: () => this.#settleSoon(),
      background: (work) => this.ctx.waitUntil(work),
      startAgain: (kid) => this.#startAgain(kid),
    });
    return this.#live;
  }

  /** A deploy leaves objects at work as they are for up to an hour, variables too. Its caller comes back as after a crash. */
  #startAgain(kid: string): boolean {
    if (!this.#storage.mayStartAgain(kid)) return false;
    // What the caller has just said is kept at the next turn of the event loop: it is answered when they are back.
    const kept = new Promise<void>((resolve) => void setTimeout(resolve, 0)).then(() => this.ctx.storage.sync());
    this.ctx.waitUntil(kept.then(() => this.ctx.abort("The master key was renewed.")));
    return true;
  }

  #settleSoon(): void {
    const live = this.#live;
    const settle = (): void => this.ctx.waitUntil(this.#settle());
    if (live === undefined || live.runner.call.progress.endedAtMs !== null) settle();
    else live.outbox.paced(settle);
  }

  /** Archives what waits, and lets go of a call that has ended once all of it is archived. */
  async #settle(): Promise<void> {
    const live = this.#live;
    if (!live) return;
    const hasEnded = live.runner.call.progress.endedAtMs !== null;
    const isUnused = hasEnded && live.runner.line !== undefined && live.runner.call.progress.legs === 0;
    if (isUnused) this.#storage.discard();
    // However long the archive is away: it needs none.
    if (hasEnded) this.#storage.dropKey();
    const leaving = hasEnded ? live.leave() : true;
    await live.outbox.drain();
    const hasLeft = await leaving;
    if (!hasLeft) this.#alarm.arm(Date.now() + LIMITS.outboxRetryMaxMs);
    this.#alarm.arm(live.outbox.retryAtMs);
    // Once: a goodbye that is being said would begin anew with each look at the archive, and never end.
    const isEnding = live.runner.call.progress.closing !== null || hasEnded;
    if (live.outbox.isStudentGone && !isEnding) live.runner.dispatch({ type: "refused", reason: "revoked" });
    if (this.#live !== live || live.runner.call.progress.endedAtMs === null) return;
    if (!hasLeft || (!live.outbox.isEmpty && !live.outbox.isStudentGone)) return;
    live.noteKeyUsed();
    // The alarm goes with the rest.
    const forgotten = this.#storage.forget(live.runner.call.progress.endReason);
    this.#live = undefined;
    this.#alarm.forget();
    await forgotten;
    this.#alarm.arm(Date.now() + REMEMBERED_MS);
  }
}

/** Why a call ends that is told to. */
const REASON_OF = {
  revoked: "revoked",
  paused: "workshop_paused",
  closed: "workshop_closed",
} as const satisfies Partial<Record<CallNotice, Reason>>;

/** A call keeps its student and its way of calling. */
const isSameCall = (kept: CallStart, start: CallStart): boolean =>
  kept.sessionToken === start.sessionToken && kept.wayIn === start.wayIn;
