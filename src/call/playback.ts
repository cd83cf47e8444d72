/** An item of the agent's speech of which not everything was heard. Whole milliseconds, rounded down. */
export interface CutItem {
  readonly itemId: string;
  readonly heardMs: number;
  readonly sentMs: number;
}

interface Item {
  readonly itemId: string;
  sentTicks: number;
  heardTicks: number;
}

/** Sound of one item that was sent in one go and waits to be heard. */
interface Stretch {
  readonly item: Item;
  waitingTicks: number;
}

/** A sample of PCM16 at 24 kHz is two ticks, one of mu-law at 8 kHz six: sums of both are exact. */
const TICKS_PER_MS = 48;
/** A browser may round its position: what is nearer than this to the end of all sound is the end. */
const SLACK_TICKS = TICKS_PER_MS;
/** Items remembered; a response has one or two. */
const REMEMBERED_ITEMS = 64;
/** Changes from item to item among the sound that waits: more than a caller who still listens ever has. */
const MOST_STRETCHES = 256;

/**
 * What of the agent's sound the caller has heard, by what the caller's side says it has played: never by the clock. Sound
 * that was sent and then cleared is neither heard nor to come; positions count it all the same, as passed over.
 */
export class Playback {
  readonly #items = new Map<string, Item>();
  readonly #waiting: Stretch[] = [];
  /** The stretch that further sound of its item joins. */
  #newest: Stretch | undefined;
  #sentTicks = 0;
  #passedTicks = 0;

  /** Frame path: so much sound of an item has been sent. */
  sent(itemId: string, ms: number): void {
    if (!(ms > 0 && ms < Number.POSITIVE_INFINITY)) return;
    const ticks = Math.round(ms * TICKS_PER_MS);
    if (this.#newest?.item.itemId !== itemId) this.#newest = this.#begin(itemId);
    this.#newest.waitingTicks += ticks;
    this.#newest.item.sentTicks += ticks;
    this.#sentTicks += ticks;
  }

  /**
   * All sound up to this position, in milliseconds of what was sent on this leg, has been played. Positions never go back,
   * and never beyond what was sent.
   */
  played(positionMs: number): void {
    const ticks = Math.round(positionMs * TICKS_PER_MS);
    const untilTicks = ticks > this.#sentTicks - SLACK_TICKS ? this.#sentTicks : ticks;
    // Also when there is no telling: NaN is not greater.
    if (!(untilTicks > this.#passedTicks)) return;
    let heardTicks = untilTicks - this.#passedTicks;
    this.#passedTicks = untilTicks;
    for (let first = this.#waiting[0]; first && heardTicks > 0; first = this.#waiting[0]) {
      const ticksOfIt = Math.min(heardTicks, first.waitingTicks);
      first.item.heardTicks += ticksOfIt;
      first.waitingTicks -= ticksOfIt;
      heardTicks -= ticksOfIt;
      if (first.waitingTicks > 0 || first === this.#newest) return;
      this.#waiting.shift();
    }
  }

  /**
   * What was not played is void: no position reported later makes it heard. Returns the items that lost something by it,
   * in the order in which they were sent.
   */
  clear(): CutItem[] {
    const cut = new Set<Item>();
    for (const { item, waitingTicks } of this.#waiting) {
      if (waitingTicks > 0) cut.add(item);
    }
    this.#waiting.length = 0;
    this.#newest = undefined;
    this.#passedTicks = this.#sentTicks;
    return Array.from(cut, ({ itemId, heardTicks, sentTicks }) => ({
      itemId,
      heardMs: wholeMs(heardTicks),
      sentMs: wholeMs(sentTicks),
    }));
  }

  /** The caller is on another socket, whose positions begin at 0. What was not played on the last one is void. */
  restart(): void {
    this.clear();
    this.#sentTicks = 0;
    this.#passedTicks = 0;
  }

  /** Whole milliseconds, rounded down: OpenAI refuses to truncate an item behind its end. 0 for an unknown item. */
  heardMs(itemId: string): number {
    return wholeMs(this.#items.get(itemId)?.heardTicks ?? 0);
  }

  /** Rounded like {@link heardMs}, so that an item is heard to its end when the two are equal. */
  sentMsOf(itemId: string): number {
    return wholeMs(this.#items.get(itemId)?.sentTicks ?? 0);
  }

  get unplayedMs(): number {
    return (this.#sentTicks - this.#passedTicks) / TICKS_PER_MS;
  }

  get isPlayedOut(): boolean {
    return this.#passedTicks === this.#sentTicks;
  }

  #begin(itemId: string): Stretch {
    // Kept while it was the newest, in case more came.
    if (this.#newest?.waitingTicks === 0) this.#waiting.shift();
    const stretch = { item: this.#itemOf(itemId), waitingTicks: 0 };
    this.#waiting.push(stretch);
    if (this.#waiting.length > MOST_STRETCHES) this.#passedTicks += this.#waiting.shift()?.waitingTicks ?? 0;
    return stretch;
  }

  #itemOf(itemId: string): Item {
    const known = this.#items.get(itemId);
    if (known) return known;
    const item = { itemId, sentTicks: 0, heardTicks: 0 };
    this.#items.set(itemId, item);
    if (this.#items.size > REMEMBERED_ITEMS) {
      const [oldest] = this.#items.keys();
      if (oldest !== undefined) this.#items.delete(oldest);
    }
    return item;
  }
}

const wholeMs = (ticks: number): number => Math.floor(ticks / TICKS_PER_MS);

const words = new Intl.Segmenter("en", { granularity: "word" });

/**
 * The words that fit the heard part of an item. An estimate: OpenAI gives no times of words, so speech is taken to go on
 * evenly. Cut behind a whole word with its punctuation, in any script, and never longer than its share.
 */
export function heardText(text: string, heardMs: number, totalMs: number): string {
  if (!(heardMs > 0 && totalMs > 0)) return "";
  if (heardMs >= totalMs) return text;
  const share = Math.floor((text.length * heardMs) / totalMs);
  let end = 0;
  let isAtWord = false;
  for (const { segment, index, isWordLike } of words.segment(text)) {
    if (index + segment.length > share) break;
    if (isWordLike === true) isAtWord = true;
    else if (segment.trim() === "") isAtWord = false;
    if (isAtWord) end = index + segment.length;
  }
  return text.slice(0, end);
}
