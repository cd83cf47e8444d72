/**
 * Saves what is typed, a pause after the last keystroke of each field. One request at a time, and what was typed meanwhile
 * goes with the next one; what was typed is kept until a server has it, or has said why it will not. No DOM, no clock.
 */

/** What became of a request. `unreached`: it is worth trying again. `field`: which one was at fault, where that is known. */
export type SaveAnswer =
  | { readonly kind: "saved" }
  | { readonly kind: "unreached" }
  | { readonly kind: "refused"; readonly sentence: string; readonly field: string | null };

export interface AutosaveWorld<Patch> {
  /** Never rejects. */
  send(patch: Partial<Patch>): Promise<SaveAnswer>;
  /** Runs once after so many milliseconds; the returned function cancels it. */
  startTimer(run: () => void, afterMs: number): () => void;
}

/** `due`: as soon as the request under way is answered. `refused` waits for other words, everything else for the server. */
export type SaveState = "typing" | "due" | "saving" | "saved" | "unreached" | "refused";

export interface Draft<Patch> {
  /** The field, and nothing else. */
  readonly patch: Partial<Patch>;
  readonly state: SaveState;
  /** Why it was refused. */
  readonly sentence: string | null;
}

export const PAUSE_MS = 300;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

type Fields<Patch> = readonly (readonly [string, Draft<Patch>])[];

export class Autosave<Patch extends object> {
  readonly #world: AutosaveWorld<Patch>;
  readonly #onChange: () => void;
  readonly #drafts = new Map<string, Draft<Patch>>();
  readonly #pauses = new Map<string, () => void>();
  #stopRetry: () => void = () => {};
  #failures = 0;
  #running: Promise<void> | null = null;

  constructor(world: AutosaveWorld<Patch>, onChange: () => void) {
    this.#world = world;
    this.#onChange = onChange;
  }

  /** One field, as it now reads. With a `problem` it is kept and shown, but not sent. */
  edit(patch: Partial<Patch>, problem: string | null = null): void {
    const [name = ""] = Object.keys(patch);
    this.#pauses.get(name)?.();
    this.#set(name, { patch, state: problem === null ? "typing" : "refused", sentence: problem });
    if (problem !== null) return;
    const stop = this.#world.startTimer(() => {
      this.#hurry(name);
      void this.#send();
    }, PAUSE_MS);
    this.#pauses.set(name, stop);
  }

  draft(name: keyof Patch & string): Draft<Patch> | undefined {
    return this.#drafts.get(name);
  }

  /** Something is typed that no server has. */
  get isUnsaved(): boolean {
    return [...this.#drafts.values()].some(({ state }) => state !== "saved");
  }

  /** Some of it waits for a server that does not answer. */
  get isUnreached(): boolean {
    return [...this.#drafts.values()].some(({ state }) => state === "unreached");
  }

  /** Saves at once what is not saved; resolves when that is answered, or nobody answers. */
  async flush(): Promise<void> {
    for (const name of this.#drafts.keys()) this.#hurry(name);
    await this.#send();
  }

  /** The page goes away: what has not been sent is, beside the request under way. */
  leave(sendLast: (patch: Partial<Patch>) => unknown = (patch) => this.#world.send(patch)): void {
    const rest = this.#in("typing", "due", "unreached");
    if (rest.length > 0) sendLast(together(rest));
  }

  /** Drops everything: another student may be next. */
  forget(): void {
    for (const stop of this.#pauses.values()) stop();
    this.#stopRetry();
    this.#drafts.clear();
    this.#onChange();
  }

  #send(): Promise<void> {
    this.#running ??= this.#sendAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #sendAll(): Promise<void> {
    this.#stopRetry();
    for (let batch = this.#in("due", "unreached"); batch.length > 0; batch = this.#in("due", "unreached")) {
      for (const [name, draft] of batch) this.#drafts.set(name, { ...draft, state: "saving" });
      const sent = this.#in("saving");
      this.#onChange();
      const answer = await this.#world.send(together(sent));
      // What was typed since is another draft: the answer says nothing about it.
      const same = sent.filter(([name, draft]) => this.#drafts.get(name) === draft);
      if (answer.kind === "unreached") {
        this.#settle(same, "unreached");
        this.#failures += 1;
        const afterMs = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
        this.#stopRetry = this.#world.startTimer(() => void this.#send(), afterMs);
        return;
      }
      this.#failures = 0;
      if (answer.kind === "saved") this.#settle(same, "saved");
      else this.#refuse(sent, same, answer);
    }
  }

  /** One bad field refuses the whole request: the others are sent again without it. */
  #refuse(sent: Fields<Patch>, same: Fields<Patch>, answer: Extract<SaveAnswer, { readonly kind: "refused" }>): void {
    const isAtFault = ([name]: Fields<Patch>[number]): boolean => name === answer.field;
    const isKnown = sent.some(isAtFault);
    this.#settle(
      same.filter((field) => isKnown && !isAtFault(field)),
      "due",
    );
    this.#settle(
      same.filter((field) => !isKnown || isAtFault(field)),
      "refused",
      answer.sentence,
    );
  }

  #settle(batch: Fields<Patch>, state: SaveState, sentence: string | null = null): void {
    for (const [name, { patch }] of batch) this.#set(name, { patch, state, sentence });
  }

  #hurry(name: string): void {
    const draft = this.#drafts.get(name);
    if (draft?.state !== "typing") return;
    this.#pauses.get(name)?.();
    this.#set(name, { ...draft, state: "due" });
  }

  #set(name: string, draft: Draft<Patch>): void {
    this.#drafts.set(name, draft);
    this.#onChange();
  }

  #in(...states: readonly SaveState[]): Fields<Patch> {
    return [...this.#drafts].filter(([, { state }]) => states.includes(state));
  }
}

function together<Patch extends object>(batch: Fields<Patch>): Partial<Patch> {
  let whole: Partial<Patch> = {};
  for (const [, { patch }] of batch) whole = { ...whole, ...patch };
  return whole;
}
