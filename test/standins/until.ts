/** Waiting for something that events bring about: looked at again whenever `changed` is called, never by polling. */
export class Until {
  readonly #looks = new Set<() => void>();

  /**
   * Resolves with what `read` returns once that is not undefined. Rejects with `why()` when that says something (asked
   * after `read`), or after `timeoutMs`.
   */
  until<Value>(
    read: () => Value | undefined,
    what: string,
    why: () => string | undefined,
    timeoutMs: number,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#looks.delete(look);
        act();
      };
      const look = (): void => {
        const value = read();
        const reason = value === undefined ? why() : undefined;
        if (value !== undefined) settle(() => resolve(value));
        else if (reason !== undefined) settle(() => reject(new Error(`waited for ${what}: ${reason}`)));
      };
      const timer = setTimeout(() => settle(() => reject(new Error(`waited ${timeoutMs} ms for ${what}`))), timeoutMs);
      this.#looks.add(look);
      look();
    });
  }

  changed(): void {
    // A look that is answered takes itself out; a Set bears that.
    for (const look of this.#looks) look();
  }
}
