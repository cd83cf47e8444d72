import { BrowserWire } from "../caller/browser.ts";
import { MediaStreamsWire } from "../caller/media-streams.ts";
import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { log } from "../log.ts";
import type { LiveCall } from "./live-call.ts";
import { SoundLeg } from "./sound-leg.ts";
import type { VoiceLine } from "./voice-line.ts";

/** What the object does for the sockets of its caller. */
export interface SoundShell {
  /** The socket breaks a rule, or does not keep up. */
  readonly refuse: (reason: Reason) => void;
  readonly background: (work: Promise<void>) => void;
}

/**
 * The caller's socket in the object of a call with sound: one, the newest. Accepted plainly: the model's socket keeps the
 * object awake anyway, and the hibernation API would cost a tenth more for each frame.
 */
export class SoundSockets {
  readonly #shell: SoundShell;
  #leg: SoundLeg | undefined;
  #line: VoiceLine | undefined;
  /** Of the newest socket of a browser. */
  #entry: { readonly ticketId: string; readonly leg: SoundLeg } | undefined;

  constructor(shell: SoundShell) {
    this.#shell = shell;
  }

  get isOpen(): boolean {
    return this.#leg !== undefined;
  }

  /** When the caller last sent anything; `undefined`: nobody is there. */
  get heardAtMs(): number | undefined {
    return this.#leg?.heardAtMs;
  }

  /**
   * A ticket that was taken may be shown again, as often as need be, while nothing has come through its socket: a page that
   * gave up on a slow handshake, or lost it on the way, has no other. Remembered by this object only.
   */
  isUnheard(ticketId: string): boolean {
    return this.#entry?.ticketId === ticketId && !this.#entry.leg.isHeard;
  }

  /** Takes the caller's socket. An earlier one of theirs is closed: two never speak in one call. */
  accept(live: LiveCall, ticketId: string): Response {
    const { runner, start } = live;
    const { line } = runner;
    this.#letGo()?.close(1000, "replaced");
    // Whoever comes back has left, even if nobody has seen it yet.
    if (runner.call.progress.legs > 0) runner.dispatch({ type: "leg-end", clean: false });
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    server.binaryType = "arraybuffer";
    const isBrowser = start.wayIn === "browser";
    const leg = new SoundLeg(server, isBrowser ? new BrowserWire() : new MediaStreamsWire(), {
      nowMs: Date.now,
      onSound: (audioBase64, nowMs) => line?.fromCaller(audioBase64, nowMs),
      dispatch: (event) => runner.dispatch(event),
      refuse: this.#shell.refuse,
      onDropped: () => log({ event: "sound-dropped", callId: start.callId }),
    });
    const gone = (clean: boolean): void => {
      if (leg !== this.#leg) return;
      this.#letGo();
      runner.dispatch({ type: "leg-end", clean });
    };
    server.addEventListener("message", ({ data }) => {
      if (leg === this.#leg) leg.hear(data);
    });
    server.addEventListener("close", ({ code }) => {
      server.close(1000);
      // Twilio says `stop` before it leaves on purpose; a browser leaves by closing.
      gone(isBrowser && code === 1000);
    });
    server.addEventListener("error", () => gone(false));
    this.#leg = leg;
    this.#line = line;
    if (isBrowser) this.#entry = { ticketId, leg };
    line?.attach(leg);
    runner.dispatch({ type: "leg-open" });
    // Not before the handshake is answered: it must not wait for what is only said afterwards.
    if (isBrowser) this.#shell.background(afterThis().then(() => this.#introduce(live, leg)));
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Lets go of a caller who has sent nothing for too long; returns since when. */
  dismissDead(nowMs: number): number | undefined {
    const leg = this.#leg;
    if (!leg || nowMs - leg.heardAtMs < LIMITS.deadCallerMs) return undefined;
    this.#letGo();
    leg.close(1001);
    return leg.heardAtMs;
  }

  /** A failure in writing, where the wire has words for it. */
  tell(reason: Reason): void {
    const frame = this.#leg?.wire.write({ type: "error", code: reason, sentence: factsOf(reason).sentence });
    if (frame !== undefined) this.#leg?.send(frame);
  }

  close(closeCode: number, reason?: string): void {
    this.#leg?.close(closeCode, reason);
  }

  /** Nothing more is sent to the caller where they were. */
  #letGo(): SoundLeg | undefined {
    const leg = this.#leg;
    this.#leg = undefined;
    this.#line?.attach(undefined);
    return leg;
  }

  /** A browser has said all there is to say by its ticket: it is told where it is, and the call begins for it. */
  async #introduce(live: LiveCall, leg: SoundLeg): Promise<void> {
    const message = await live.introduction();
    if (leg !== this.#leg) return;
    live.runner.line?.write({ type: "start", message });
    const nobody = { phoneCallId: undefined, greetedByCarrier: false, fromCarrier: false };
    live.runner.dispatch({ type: "caller", event: { type: "leg-start", ...nobody } });
  }
}

const afterThis = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 0));
