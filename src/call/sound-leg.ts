import type { SoundWire } from "../caller/caller-leg.ts";
import { FrameGate } from "../caller/frame-gate.ts";
import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { CallEvent } from "./call-events.ts";

/** What of a WebSocket a leg needs. */
export interface LegSocket {
  send(frame: string | ArrayBuffer | Uint8Array): void;
  close(code?: number, reason?: string): void;
  /** Bytes that were given to `send` and have not left. Runtimes before November 2026 do not tell. */
  readonly bufferedAmount?: number;
}

export interface LegWorld {
  readonly nowMs: () => number;
  /** A piece of the caller's sound, in base64, as of now. */
  readonly onSound: (audioBase64: string, nowMs: number) => void;
  readonly dispatch: (event: CallEvent) => void;
  /** This socket breaks a rule, or does not keep up: it is closed. */
  readonly refuse: (reason: Reason) => void;
  /** Sound is being left out, for the first time on this socket. */
  readonly onDropped: () => void;
}

/** One socket of a caller with sound: what it may send and how much may wait for it. */
export class SoundLeg {
  readonly wire: SoundWire;
  /** When the caller last sent anything at all; before that, when the socket opened. */
  heardAtMs: number;
  /** The caller has sent something: this socket is theirs for certain. */
  isHeard = false;
  readonly #socket: LegSocket;
  readonly #world: LegWorld;
  readonly #gate: FrameGate;
  #hasDropped = false;

  constructor(socket: LegSocket, wire: SoundWire, world: LegWorld) {
    this.wire = wire;
    this.#socket = socket;
    this.#world = world;
    this.heardAtMs = world.nowMs();
    this.#gate = new FrameGate(this.heardAtMs, wire.maxFrameBytes);
  }

  /** A frame of the caller. Frame path for sound. */
  hear(frame: string | ArrayBuffer): void {
    const nowMs = this.#world.nowMs();
    this.heardAtMs = nowMs;
    this.isHeard = true;
    const refusal = this.#gate.check(frame, nowMs);
    if (refusal) {
      this.#world.refuse(refusal);
      return;
    }
    const read = this.wire.read(frame);
    const tooMany = this.#gate.read(read.ok);
    if (tooMany) {
      this.#world.refuse(tooMany);
    } else if (!read.ok) {
      this.#tell("bad_frame");
    } else if (read.sound !== undefined) {
      this.#world.onSound(read.sound, nowMs);
    } else if ("reply" in read) {
      this.send(read.reply);
    } else {
      this.#world.dispatch({ type: "caller", event: read.event });
    }
  }

  /** Whether one more frame of sound may wait; a caller far behind is let go. */
  hasRoom(): boolean {
    const waitingBytes = this.#socket.bufferedAmount ?? this.wire.unreceivedBytes ?? 0;
    if (waitingBytes <= LIMITS.sendQueueDropBytes) return true;
    if (waitingBytes > LIMITS.sendQueueCloseBytes) this.#world.refuse("slow_listener");
    else if (!this.#hasDropped) this.#world.onDropped();
    this.#hasDropped = true;
    return false;
  }

  send(frame: string | ArrayBuffer | Uint8Array): void {
    try {
      this.#socket.send(frame);
    } catch {
      // Leaving is not an error: the socket closed between two frames, and its close event tells the call.
    }
  }

  close(closeCode: number, reason?: string): void {
    this.#socket.close(closeCode, reason);
  }

  #tell(reason: Reason): void {
    const frame = this.wire.write({ type: "error", code: reason, sentence: factsOf(reason).sentence });
    if (frame !== undefined) this.send(frame);
  }
}
