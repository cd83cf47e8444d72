/** What a {@link CallSocket} needs of the outside. */
export interface CallSocketWorld {
  openSocket(url: string, protocols: string[]): CallSocketLike;
  /** Returns what takes the timer back. */
  startTimer(run: () => void, afterMs: number): () => void;
  /** Milliseconds on a clock that only goes forward. */
  nowMs(): number;
  /** From 0 to below 1. */
  random(): number;
}

/**
 * The part of a WebSocket that a call uses. A browser's has it, and that of the `ws` package. Handlers are given what the
 * platform gives; `never` here, since each calls its own event types something else.
 */
export interface CallSocketLike {
  binaryType: string;
  readonly readyState: number;
  /** Bytes given to `send` that have not left yet. */
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | ArrayBuffer | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

/** The platform's own: a page's, and Node's from version 22 on. */
export const platformWorld: CallSocketWorld = {
  openSocket: (url, protocols) => new WebSocket(url, protocols),
  startTimer(run, afterMs) {
    const timer = setTimeout(run, afterMs);
    return () => clearTimeout(timer);
  },
  nowMs: () => performance.now(),
  random: () => Math.random(),
};
