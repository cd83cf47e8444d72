/**
 * What the caller is taken to have said: nothing here understands speech. Scripted words come first, of the key's own and
 * then of the common queue; a session without any goes through the list, from its beginning.
 */
export const DEFAULT_TRANSCRIPTS: readonly string[] = [
  "Hello there!",
  "What can you do for me?",
  "What time is it in Tokyo?",
  "What is two plus three?",
  "Tell me a joke.",
  "Tell me a story.",
  "Can you count to twenty?",
  "Thank you, that was very helpful.",
];

export class TranscriptScript {
  readonly #list: readonly string[];
  #queued: { readonly text: string; readonly key: string | undefined }[] = [];

  constructor(list: readonly string[] = DEFAULT_TRANSCRIPTS) {
    this.#list = list;
  }

  /** The caller's next words; without a key for whoever speaks next. */
  add(text: string, key?: string): void {
    this.#queued.push({ text, key });
  }

  /** @param turn how many times the session's caller has spoken before. */
  take(key: string | null, turn: number): string {
    const next = this.#queued.find((one) => one.key === key) ?? this.#queued.find((one) => one.key === undefined);
    if (next === undefined) return this.#list[turn % this.#list.length] ?? "";
    this.#queued = this.#queued.filter((one) => one !== next);
    return next.text;
  }

  clear(): void {
    this.#queued = [];
  }
}
