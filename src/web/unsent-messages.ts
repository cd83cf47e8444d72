import type { CallerMessage } from "../protocol/call-messages.ts";

/** More than anybody types while a line is away. */
const KEPT_MESSAGES = 32;

type Of<Type extends CallerMessage["type"]> = Extract<CallerMessage, { type: Type }>;

/** What the next socket has to be told: how things stand, and what was said while there was none. */
export class UnsentMessages {
  #mute: Of<"mute"> | undefined;
  #talkMode: Of<"talk-mode"> | undefined;
  #talk: Of<"talk"> | undefined;
  #isTalkUnsent = false;
  #words: (Of<"text"> | Of<"digit">)[] = [];

  get isMuted(): boolean {
    return this.#mute?.muted === true;
  }

  /** Takes note of a message; `isSent`: there is a socket that it leaves on. */
  note(message: CallerMessage, isSent: boolean): void {
    switch (message.type) {
      case "mute":
        this.#mute = message;
        return;
      case "talk-mode":
        this.#talkMode = message;
        return;
      case "talk":
        this.#talk = message;
        this.#isTalkUnsent = !isSent;
        return;
      case "text":
      case "digit":
        if (isSent) return;
        this.#words.push(message);
        if (this.#words.length > KEPT_MESSAGES) this.#words.shift();
        return;
      default: // Nothing that a later socket would want to know.
    }
  }

  /** All that a new socket is to be sent, in order. */
  take(): CallerMessage[] {
    // A button that was let go before the loss is no news.
    const talk = this.#isTalkUnsent || this.#talk?.pressed === true ? this.#talk : undefined;
    this.#isTalkUnsent = false;
    return [this.#talkMode, this.#mute, talk, ...this.#words.splice(0)].filter((message) => message !== undefined);
  }
}
