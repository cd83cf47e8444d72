const REDACTED = "[redacted]";

/** OpenAI publishes no longest key; those seen have up to about 170 characters. */
const MAX_CHARACTERS = 512;
const HINT_CHARACTERS = 4;

/**
 * An OpenAI key in the clear. Holds it in a closure behind a private field, out of the reach of logs, inspection,
 * JSON and clones; all of these see `[redacted]` or nothing. JavaScript cannot wipe a string: the text stays in memory
 * until it is collected, so an ApiKey lives no longer than the call or the key check that needs it.
 */
export class ApiKey {
  readonly #reveal: () => string;

  private constructor(clear: string) {
    this.#reveal = () => clear;
    Object.freeze(this);
  }

  /**
   * A key as a person pasted it or as it was stored, white space around it removed: `sk-` and printable ASCII, at most
   * 512 characters. `undefined` for everything else, and for admin keys: they manage an organization and never speak
   * to a model, so one of them here is a mistake that must not be stored.
   */
  static parse(text: unknown): ApiKey | undefined {
    if (typeof text !== "string") return undefined;
    const clear = text.trim();
    if (clear.length > MAX_CHARACTERS || !/^sk-[\x21-\x7e]+$/.test(clear) || clear.startsWith("sk-admin-")) {
      return undefined;
    }
    return new ApiKey(clear);
  }

  /** The last four characters, for a person to recognise the key; fewer when four would be most of a short one. */
  get hint(): string {
    const clear = this.#reveal();
    return clear.slice(clear.length - Math.min(HINT_CHARACTERS, Math.floor((clear.length - "sk-".length) / 2)));
  }

  /** Lends the clear key. Whoever calls keeps it in no field, no error and no log, and sends it to one host only. */
  use<T>(use: (clear: string) => T): T {
    return use(this.#reveal());
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
