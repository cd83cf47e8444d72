/** What every server is put through. The same figures as the measurements of other servers we compare with. */

/** How the upstream answers. */
export const UPSTREAM = {
  ttftMs: 200,
  tokens: 40,
  tokenMs: 20,
  /** A prompt that holds this word is answered in groups, as OpenAI does when its stream is busy. */
  burstWord: "burst",
  burstTokens: 4,
} as const;

/** From the last word of an answer to the caller's next: people take longer, but what a server tidies up fits into it. */
export const PAUSE_MS = 200;
/** From one prompt of a call to its next. */
export const TURN_MS = UPSTREAM.ttftMs + UPSTREAM.tokens * UPSTREAM.tokenMs + PAUSE_MS;

/** A turn without its end by then has failed. */
export const TURN_TIMEOUT_MS = 15_000;

/** Turns that each call speaks in a window, after a first one that warms it up, by number of calls. */
export const turnsPerCall = (calls: number): number => (calls === 1 ? 4 : 2);
