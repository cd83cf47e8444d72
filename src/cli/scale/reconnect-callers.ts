import { LIMITS } from "../../limits.ts";
import type { CallMessage } from "../../protocol/call-messages.ts";
import { CallSocket, type CallSocketLike } from "../../web/call-socket.ts";
import type { EventQueue } from "./event-queue.ts";
import type { SimulatedServer } from "./reconnect-server.ts";

/** One caller who is cut off and comes back, or does not. */
export interface Caller {
  /** The line breaks, now. */
  cut(): void;
  /** From the cut to the first message of the call again; `undefined`: not back. */
  readonly backAfterMs: number | undefined;
  /** Why for good; `undefined`: there, or on the way. */
  readonly lostFor: string | undefined;
}

interface Surroundings {
  readonly queue: EventQueue;
  readonly server: SimulatedServer;
  readonly random: () => number;
}

const CALL_START: CallMessage = {
  type: "call-start",
  callId: "simulated",
  resumed: true,
  keySource: "student",
  model: "simulated",
  voice: "simulated",
  startedAtMs: 0,
  endsAtMs: 0,
  resumeTicket: "simulated",
  turns: [],
};
const START_FRAME = JSON.stringify(CALL_START);
const PONG_FRAME = JSON.stringify({ type: "pong" } satisfies CallMessage);
const OPEN = 1;
const CLOSED = 3;

/** A socket of the simulation: opens when the server has taken it, answers every message with a sign of life. */
class SimulatedSocket implements CallSocketLike {
  binaryType = "";
  readyState = 0;
  readonly bufferedAmount = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    surroundings.server.connect((outcome) => {
      if (this.readyState === CLOSED) return;
      if (outcome === "refused") return this.break();
      this.readyState = OPEN;
      this.#tell(START_FRAME);
    });
  }

  send(): void {
    const { queue, server } = this.#surroundings;
    queue.after(server.wayMs() + server.wayMs(), () => {
      if (this.readyState === OPEN) this.#tell(PONG_FRAME);
    });
  }

  close(): void {
    this.readyState = CLOSED;
  }

  /** Without a close frame, as when an object is reset. */
  break(): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    Reflect.apply(this.onclose ?? nothing, null, [{ code: 1006, reason: "" }]);
  }

  #tell(data: string): void {
    Reflect.apply(this.onmessage ?? nothing, null, [{ data }]);
  }
}

const nothing = (): void => {};

/** A page in a call with sound: the page's own `CallSocket`, with the time, the chance and the network of the simulation. */
export class PageCaller implements Caller {
  backAfterMs: number | undefined;
  lostFor: string | undefined;
  readonly #queue: EventQueue;
  #current: SimulatedSocket | undefined;
  #cutAtMs: number | undefined;

  constructor(surroundings: Surroundings) {
    const { queue, random } = surroundings;
    this.#queue = queue;
    new CallSocket(
      { url: "wss://simulated", ticket: "simulated" },
      {
        onMessage: () => {},
        onSound: () => {},
        onConnection: (connection, closed) => {
          if (connection === "open" && this.#cutAtMs !== undefined) this.backAfterMs = queue.nowMs - this.#cutAtMs;
          if (connection === "closed")
            this.lostFor = `the page gave up after ${LIMITS.resumeWindowMs / 1_000} s (${closed?.code})`;
        },
      },
      {
        openSocket: () => {
          this.#current = new SimulatedSocket(surroundings);
          return this.#current;
        },
        startTimer: (run, afterMs) => queue.after(afterMs, run),
        nowMs: () => queue.nowMs,
        random,
      },
    );
  }

  cut(): void {
    this.#cutAtMs = this.#queue.nowMs;
    this.#current?.break();
  }
}

/** What Twilio does after its socket broke: posts the `action` so much later, and opens the socket of the answer after that. */
const ACTION_MS = [900, 1_500] as const;
const SETUP_MS = [300, 500] as const;
/** It does not wait longer for an answer to a request, nor for a socket. */
const CARRIER_MS = 15_000;

/** A phone: Twilio comes back by the `action`, once for each loss, and `LIMITS.resumesPerCall` times in one call at the most. */
export class PhoneCaller implements Caller {
  backAfterMs: number | undefined;
  lostFor: string | undefined;
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  cut(): void {
    const { queue } = this.#surroundings;
    const cutAtMs = queue.nowMs;
    const back = (): void => {
      // The call waits so long for its caller, and no longer.
      if (queue.nowMs - cutAtMs > LIMITS.resumeWindowMs) this.lostFor = "the call had given the phone up";
      else this.backAfterMs = queue.nowMs - cutAtMs;
    };
    this.#later(ACTION_MS, () =>
      this.#ask("its request was not answered", () =>
        this.#later(SETUP_MS, () => this.#ask("its socket was not opened", back)),
      ),
    );
  }

  /** A request that is refused, or not answered in time, is the end of a phone call: Twilio does not ask twice. */
  #ask(why: string, done: () => void): void {
    const { queue, server } = this.#surroundings;
    const giveUp = queue.after(CARRIER_MS, () => {
      this.lostFor = why;
    });
    server.connect((outcome) => {
      if (this.lostFor !== undefined) return;
      giveUp();
      if (outcome === "taken") done();
      else this.lostFor = why;
    });
  }

  #later([least, most]: readonly [number, number], run: () => void): void {
    const { queue, random } = this.#surroundings;
    queue.after(least + (most - least) * random(), run);
  }
}
