/** An item of the agent's speech of which not everything was heard. */
export interface CutItem {
  readonly itemId: string;
  readonly heardMs: number;
  readonly sentMs: number;
}

/** A stretch of sent sound that belongs to one item; positions are milliseconds of all sound sent on this leg. */
interface Stretch {
  readonly itemId: string;
  readonly fromMs: number;
  untilMs: number;
}

/** What is known of an item from stretches that are over. */
interface Heard {
  heardMs: number;
  sentMs: number;
}

/** Items remembered after all of them was heard or cut; a response has one or two. */
const REMEMBERED_ITEMS = 32;

/**
 * What of the agent's sound the caller has heard, by what the caller's side says it has played: never by the clock. Sound
 * that was sent and then cleared counts as neither heard nor to come.
 */
export class Playback {
  readonly #items = new Map<string, Heard>();
  #stretches: Stretch[] = [];
  #sentMs = 0;
  #playedMs = 0;

  /** Frame path: so much sound of an item has been sent. */
  sent(itemId: string, ms: number): void {
    const last = this.#stretches.at(-1);
    this.#sentMs += ms;
    if (last?.itemId === itemId) {
      last.untilMs = this.#sentMs;
      return;
    }
    this.#stretches.push({ itemId, fromMs: this.#sentMs - ms, untilMs: this.#sentMs });
    this.#remember(itemId);
  }

  /** All sound up to this position was played. Positions never go back, and never beyond what was sent. */
  played(positionMs: number): void {
    if (!(positionMs > this.#playedMs)) return;
    this.#playedMs = Math.min(positionMs, this.#sentMs);
    while (this.#stretches.length > 0 && (this.#stretches[0]?.untilMs ?? 0) <= this.#playedMs) {
      const over = this.#stretches.shift();
      if (over) this.#settle(over, over.untilMs - over.fromMs);
    }
  }

  /** What was not played is void. Returns the items of which something was left. */
  clear(): CutItem[] {
    const cut = this.#stretches.map((stretch) => {
      this.#settle(stretch, Math.max(0, this.#playedMs - stretch.fromMs));
      return stretch.itemId;
    });
    this.#stretches = [];
    this.#playedMs = this.#sentMs;
    return [...new Set(cut)].map((itemId) => ({
      itemId,
      heardMs: this.heardMs(itemId),
      sentMs: this.sentMsOf(itemId),
    }));
  }

  /** The caller is on another socket, whose positions begin at nothing. */
  restart(): void {
    this.clear();
    this.#sentMs = 0;
    this.#playedMs = 0;
  }

  heardMs(itemId: string): number {
    const open = this.#stretches
      .filter((stretch) => stretch.itemId === itemId)
      .reduce((sum, { fromMs }) => sum + Math.max(0, this.#playedMs - fromMs), 0);
    return (this.#items.get(itemId)?.heardMs ?? 0) + open;
  }

  sentMsOf(itemId: string): number {
    const open = this.#stretches
      .filter((stretch) => stretch.itemId === itemId)
      .reduce((sum, { fromMs, untilMs }) => sum + untilMs - fromMs, 0);
    return (this.#items.get(itemId)?.sentMs ?? 0) + open;
  }

  get unplayedMs(): number {
    return this.#sentMs - this.#playedMs;
  }

  get isPlayedOut(): boolean {
    return this.#playedMs >= this.#sentMs;
  }

  #settle({ itemId, fromMs, untilMs }: Stretch, heardMs: number): void {
    const item = this.#remember(itemId);
    item.heardMs += heardMs;
    item.sentMs += untilMs - fromMs;
  }

  #remember(itemId: string): Heard {
    const known = this.#items.get(itemId);
    if (known) return known;
    const item = { heardMs: 0, sentMs: 0 };
    this.#items.set(itemId, item);
    if (this.#items.size > REMEMBERED_ITEMS) {
      const [oldest] = this.#items.keys();
      if (oldest !== undefined) this.#items.delete(oldest);
    }
    return item;
  }
}

/**
 * The words that fit the heard part of an item. An estimate: OpenAI gives no times of words, so speech is taken to go on
 * evenly. Cut at the end of a word, and never more than its share.
 */
export function heardText(text: string, heardMs: number, totalMs: number): string {
  if (heardMs <= 0 || totalMs <= 0) return "";
  if (heardMs >= totalMs) return text;
  const share = Math.floor((text.length * heardMs) / totalMs);
  if (/\s/.test(text.charAt(share))) return text.slice(0, share).trimEnd();
  return text.slice(0, Math.max(0, text.slice(0, share).search(/\s\S*$/))).trimEnd();
}
