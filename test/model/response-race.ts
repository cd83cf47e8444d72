import { ResponseQueue } from "../../src/model/response-queue.ts";

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type ToServer =
  | { readonly type: "item"; readonly id: string }
  | { readonly type: "create"; readonly askId: string; readonly isSay: boolean }
  | { readonly type: "cancel"; readonly responseId: string };

type ToClient = (queue: ResponseQueue) => void;

interface Made {
  readonly id: string;
  readonly isSay: boolean;
  /** What the conversation held when it began, that may want a reply. */
  readonly knows: readonly string[];
}

/**
 * A queue and a server with a wire between them on which everything takes its time: items, asks and cancels on one way,
 * what became of them on the other, and a caller who speaks whenever they like. Steps come in random order; each way keeps
 * its own.
 */
export class Race {
  refusals = 0;
  readonly #random: () => number;
  readonly #up: ToServer[] = [];
  readonly #down: ToClient[] = [];
  readonly #queue: ResponseQueue;
  // The server
  readonly #conversation: string[] = [];
  readonly #made: Made[] = [];
  #active: Made | undefined;
  #isSpeech = false;
  #turns = 0;
  // The client
  readonly #reported = new Set<string>();
  readonly #items: string[] = [];
  #says = 0;
  #overlaps = 0;
  #open: string | undefined;

  constructor(random: () => number) {
    this.#random = random;
    this.#queue = new ResponseQueue((event) => {
      if (event.type === "response.cancel") {
        this.#up.push({ type: "cancel", responseId: event.response_id ?? "" });
        return;
      }
      this.#up.push({
        type: "create",
        askId: event.event_id ?? "",
        isSay: event.response?.instructions === "say",
      });
    });
  }

  run(steps: number): void {
    const acts = [
      () => this.#serve(),
      () => this.#serve(),
      () => this.#tell(),
      () => this.#tell(),
      () => this.#finish(),
      () => this.#speak(),
      () => this.#askForAnswer(),
      () => this.#askToSay(),
    ];
    for (let step = 0; step < steps; step += 1) acts[Math.floor(this.#random() * acts.length)]?.();
    if (this.#isSpeech) this.#speak();
    while (this.#up.length > 0 || this.#down.length > 0 || this.#active !== undefined) {
      while (this.#up.length > 0) this.#serve();
      while (this.#down.length > 0) this.#tell();
      this.#finish();
    }
  }

  /** What never got a reply; replies to nothing new; words that were never said; responses reported at the same time. */
  get verdict(): { dropped: string[]; doubled: string[]; unsaid: number[]; overlaps: number } {
    const answered = new Set<string>();
    const doubled: string[] = [];
    const heard = this.#made.filter(({ id }) => this.#reported.has(id));
    for (const { id, isSay, knows } of heard) {
      if (isSay) continue;
      if (knows.every((one) => answered.has(one))) doubled.push(id);
      for (const one of knows) answered.add(one);
    }
    const said = heard.filter(({ isSay }) => isSay).length;
    return {
      dropped: [...this.#conversation, ...this.#items].filter((one) => !answered.has(one)),
      doubled,
      unsaid: said === this.#says ? [] : [said, this.#says],
      overlaps: this.#overlaps,
    };
  }

  #askForAnswer(): void {
    const id = this.#queue.nextItemId();
    this.#items.push(id);
    this.#up.push({ type: "item", id });
    this.#queue.answer({});
    this.#queue.pump();
  }

  #askToSay(): void {
    this.#says += 1;
    this.#queue.say({ instructions: "say" });
    this.#queue.pump();
  }

  /** One thing arrives at the client. */
  #tell(): void {
    this.#down.shift()?.(this.#queue);
    this.#queue.pump();
  }

  /** One thing arrives at the server. */
  #serve(): void {
    const event = this.#up.shift();
    switch (event?.type) {
      case "item":
        this.#conversation.push(event.id);
        this.#down.push((queue) => queue.itemSettled(event.id));
        return;
      case "create":
        if (this.#active === undefined) this.#begin(event.isSay, event.askId);
        else this.#refuse(event.askId);
        return;
      case "cancel":
        if (this.#active?.id === event.responseId) this.#finish();
        return;
      default:
        return;
    }
  }

  #refuse(askId: string | null): void {
    this.refusals += 1;
    this.#down.push((queue) => queue.refused(askId));
  }

  #begin(isSay: boolean, askId: string | null): void {
    const made: Made = { id: `resp_${this.#made.length + 1}`, isSay, knows: [...this.#conversation] };
    this.#made.push(made);
    this.#active = made;
    this.#down.push((queue) => {
      if (!queue.created(made.id, askId)) return;
      if (this.#open !== undefined) this.#overlaps += 1;
      this.#open = made.id;
      this.#reported.add(made.id);
    });
  }

  /** The active response ends, by itself or cancelled. */
  #finish(): void {
    const ended = this.#active;
    if (ended === undefined) return;
    this.#active = undefined;
    this.#down.push((queue) => {
      if (queue.done(ended.id) !== this.#reported.has(ended.id)) this.#overlaps += 1;
      if (this.#open === ended.id) this.#open = undefined;
    });
  }

  /** The caller begins to speak, or ends: the server interrupts, or makes a turn of it and answers by itself. */
  #speak(): void {
    this.#isSpeech = !this.#isSpeech;
    if (this.#isSpeech) {
      this.#down.push((queue) => queue.speechStarted());
      this.#finish();
      return;
    }
    this.#turns += 1;
    const turn = `turn_${this.#turns}`;
    this.#conversation.push(turn);
    this.#down.push((queue) => queue.turnEnded(turn));
    if (this.#active === undefined) this.#begin(false, null);
    else this.#refuse(null);
  }
}
