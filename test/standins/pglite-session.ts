import { type PGlite, protocol } from "@electric-sql/pglite";

/**
 * PGlite is one PostgreSQL session, and everybody shares it: the Worker's queries and each psql. So it is held by one of
 * them at a time, from the first message of what belongs together until PostgreSQL says that it is idle again: nobody's
 * statement comes between another's Parse and Bind or into another's transaction.
 *
 * Only `execProtocolRawStream` is used: `execProtocol` of PGlite 0.5.14 sends its replies to whoever last used the stream.
 */
export class PgliteSession {
  readonly #pglite: PGlite;
  #holder: object | undefined;
  #line: { readonly owner: object; readonly enter: () => void; readonly giveUp: () => void }[] = [];

  constructor(pglite: PGlite) {
    this.#pglite = pglite;
  }

  /** Waits in line for the session. `false`: left the line before its turn came. */
  take(owner: object): Promise<boolean> {
    if (this.#holder === owner) return Promise.resolve(true);
    if (this.#holder === undefined) {
      this.#holder = owner;
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      this.#line.push({ owner, enter: () => resolve(true), giveUp: () => resolve(false) });
    });
  }

  /** Leaves the line. */
  leave(owner: object): void {
    const left = this.#line.filter((each) => each.owner === owner);
    this.#line = this.#line.filter((each) => each.owner !== owner);
    for (const each of left) each.giveUp();
  }

  /** Hands the session, which must be idle, to the next in line. */
  release(owner: object): void {
    if (this.#holder !== owner) return;
    const next = this.#line.shift();
    this.#holder = next?.owner;
    next?.enter();
  }

  isHeldBy(owner: object): boolean {
    return this.#holder === owner;
  }

  /** Sends messages of the wire protocol and returns the whole reply. Only for the holder. */
  async exchange(owner: object, messages: Uint8Array): Promise<Uint8Array> {
    if (this.#holder !== owner) throw new Error("the session belongs to somebody else");
    const chunks: Uint8Array[] = [];
    await this.#pglite.runExclusive(() =>
      this.#pglite.execProtocolRawStream(messages, { onRawData: (chunk) => chunks.push(chunk.slice()) }),
    );
    return Buffer.concat(chunks);
  }

  /** Rolls back what the holder left open; the next in line would be inside of it. */
  async rollBack(owner: object): Promise<void> {
    if (this.#pglite.isInTransaction()) await this.exchange(owner, protocol.serialize.query("ROLLBACK"));
  }
}

/** What the last ReadyForQuery of a reply says: idle, in a transaction, in a failed one; `undefined` without one. */
export function statusAfter(reply: Uint8Array): "I" | "T" | "E" | undefined {
  const frames = Buffer.from(reply.buffer, reply.byteOffset, reply.byteLength);
  let status: "I" | "T" | "E" | undefined;
  for (let at = 0; at + 5 <= frames.length; at += 1 + frames.readInt32BE(at + 1)) {
    if (frames[at] !== "Z".charCodeAt(0)) continue;
    const letter = String.fromCharCode(frames[at + 5] ?? 0);
    status = letter === "T" || letter === "E" ? letter : "I";
  }
  return status;
}

/** `copy … from stdin` begins a dialogue that PGlite cannot have: it would wait for ever, with the whole process. */
export const COPY_FROM_STDIN = /(?:^|;|\n|\*\/)\s*copy\b[^;]*\bfrom\s+stdin\b/i;
export const COPY_REFUSED = "COPY FROM STDIN is not possible with the embedded database";
