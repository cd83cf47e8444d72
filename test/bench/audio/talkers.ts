/** Calls that are held open and talk without a pause, and what is seen of their frames meanwhile. */
import { setTimeout as pause } from "node:timers/promises";
import { nowMs } from "../stamps.ts";
import type { SoundCaller, SoundListener } from "./callers.ts";
import { BYTES_PER_MS, type FrameKind, FrameReader, type SoundFormat, writeFrame } from "./frames.ts";
import { Pacer } from "./pacer.ts";
import { addTallies, FrameTally, NO_FRAMES, type Tally } from "./tally.ts";

/** Something that echoes a caller's sound: the upstream itself, or a server before it. */
export interface SoundServer {
  readonly name: string;
  readonly format: SoundFormat;
  /** How much sound a frame of its callers holds. */
  readonly frameMs: number;
  /** Of its process, when it is a server at all. */
  readonly pid: number | undefined;
  /** Opens call number `call`; of those that are open each has another number. */
  dial(call: number, listener: SoundListener): Promise<SoundCaller>;
}

/** Long: past one full core a call is heard late, and is no failure. */
const FIRST_ECHO_TIMEOUT_MS = 30_000;
const DRAIN_TIMEOUT_MS = 3_000;
const POLL_MS = 20;

/** One call: its caller, its frames, and where their round trips go. */
export class Talker {
  readonly call: number;
  readonly #server: SoundServer;
  readonly #reader: FrameReader;
  readonly #tally: FrameTally;
  readonly #onRoundTrip: (sentAtMs: number, roundTripMs: number) => void;
  #caller: SoundCaller | undefined;
  /** Of the first frame that came back. */
  firstEchoAtMs: number | undefined;
  clearAtMs: number | undefined;
  /** Milliseconds of sound that came after the last `clear`. */
  soundAfterClearMs = 0;
  lostWith: number | undefined;

  constructor(server: SoundServer, call: number, onRoundTrip: (sentAtMs: number, roundTripMs: number) => void) {
    this.call = call;
    this.#server = server;
    this.#reader = new FrameReader(server.frameMs * BYTES_PER_MS[server.format]);
    this.#tally = new FrameTally(call);
    this.#onRoundTrip = onRoundTrip;
  }

  async dial(): Promise<SoundCaller> {
    this.#caller = await this.#server.dial(this.call, {
      onSound: (bytes, atMs) => this.#heard(bytes, atMs),
      onClear: (atMs) => {
        this.clearAtMs = atMs;
      },
      onLost: (closeCode) => {
        this.lostWith = closeCode;
      },
    });
    return this.#caller;
  }

  get caller(): SoundCaller {
    if (this.#caller === undefined) throw new Error("not dialled");
    return this.#caller;
  }

  readonly speak = (kind: FrameKind = "sound"): void => {
    const { format, frameMs } = this.#server;
    const header = { kind, call: this.call, seq: this.#tally.nextSeq(), sentAtMs: nowMs() };
    this.caller.send(writeFrame(header, frameMs * BYTES_PER_MS[format]));
  };

  tally(): Tally {
    return this.#tally.read();
  }

  #heard(bytes: Buffer, atMs: number): void {
    if (this.clearAtMs !== undefined) this.soundAfterClearMs += bytes.length / BYTES_PER_MS[this.#server.format];
    for (const frame of this.#reader.push(bytes)) {
      if (!this.#tally.receive(frame)) continue;
      this.firstEchoAtMs ??= atMs;
      this.#onRoundTrip(frame.sentAtMs, atMs - frame.sentAtMs);
    }
  }
}

/** All calls of one server at once; more can join. */
export class Talkers {
  readonly #server: SoundServer;
  readonly #pacer: Pacer;
  readonly #talkers: Talker[] = [];
  #roundTrips: { readonly fromMs: number; readonly samples: number[] } | undefined;

  constructor(server: SoundServer) {
    this.#server = server;
    this.#pacer = new Pacer(server.frameMs);
  }

  get size(): number {
    return this.#talkers.length;
  }

  /** Grows to `calls` calls, one each `everyMs`, and waits until each has heard itself. Throws when one does not. */
  async grow(calls: number, everyMs: number): Promise<void> {
    const dialling: Promise<void>[] = [];
    while (this.#talkers.length < calls) {
      const talker = new Talker(this.#server, this.#talkers.length, (sentAtMs, roundTripMs) => {
        if (this.#roundTrips !== undefined && sentAtMs >= this.#roundTrips.fromMs)
          this.#roundTrips.samples.push(roundTripMs);
      });
      this.#talkers.push(talker);
      dialling.push(this.#begin(talker));
      await pause(everyMs);
    }
    await Promise.all(dialling);
  }

  async #begin(talker: Talker): Promise<void> {
    await talker.dial();
    this.#pacer.add(talker.speak);
    const untilMs = nowMs() + FIRST_ECHO_TIMEOUT_MS;
    while (talker.firstEchoAtMs === undefined) {
      if (talker.lostWith !== undefined) throw new Error(`call ${talker.call} was closed with ${talker.lostWith}`);
      if (nowMs() > untilMs) throw new Error(`call ${talker.call} hears nothing of itself`);
      await pause(POLL_MS);
    }
  }

  /** Round trips of the frames that are sent from now until as many milliseconds later. */
  async measure(ms: number): Promise<readonly number[]> {
    const samples: number[] = [];
    this.#roundTrips = { fromMs: nowMs(), samples };
    await pause(ms);
    this.#roundTrips = undefined;
    return samples;
  }

  /** Stops talking, and gives the last frames some time to come back. */
  async drain(): Promise<Tally> {
    this.#pacer.stop();
    const untilMs = nowMs() + DRAIN_TIMEOUT_MS;
    while (this.tally().lost > 0 && nowMs() < untilMs) await pause(POLL_MS);
    return this.tally();
  }

  tally(): Tally {
    return this.#talkers.map((talker) => talker.tally()).reduce(addTallies, NO_FRAMES);
  }

  /** Calls that the server closed, with their close codes. */
  lost(): string[] {
    return this.#talkers.flatMap(({ call, lostWith }) =>
      lostWith === undefined ? [] : [`call ${call} was closed with ${lostWith}`],
    );
  }

  async close(): Promise<void> {
    this.#pacer.stop();
    await Promise.all(this.#talkers.map((talker) => closed(talker)));
  }
}

/** Hangs up, if the call ever stood. */
async function closed(talker: Talker): Promise<void> {
  try {
    await talker.caller.close();
  } catch {
    // It was never dialled.
  }
}
