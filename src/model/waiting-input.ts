import { LIMITS } from "../limits.ts";
import { BYTES_PER_MS } from "./realtime-session.ts";
import type { SoundFormat, VoiceCommand } from "./voice-leg.ts";

/** What a session is told before it is ready, in its order: sound up to `LIMITS.soundWhileConnectingMs`, then the oldest goes. */
export class WaitingInput {
  readonly #maxCharacters: number;
  #kept: (string | VoiceCommand)[] = [];
  #characters = 0;

  constructor(format: SoundFormat) {
    this.#maxCharacters = (LIMITS.soundWhileConnectingMs * BYTES_PER_MS[format] * 4) / 3;
  }

  addSound(audioBase64: string): void {
    this.#kept.push(audioBase64);
    this.#characters += audioBase64.length;
    while (this.#characters > this.#maxCharacters) {
      const oldest = this.#kept.findIndex((one) => typeof one === "string");
      const [dropped] = this.#kept.splice(oldest, 1);
      if (typeof dropped === "string") this.#characters -= dropped.length;
    }
  }

  addCommand(command: VoiceCommand): void {
    // Nothing is under way: what is cancelled is what waits here, and what a turn-end before it will ask for.
    if (command.type === "cancel") this.#kept = this.#kept.filter((one) => typeof one === "string" || !isAsk(one));
    this.#kept.push(command);
  }

  /** Everything kept, once. */
  take(): readonly (string | VoiceCommand)[] {
    const kept = this.#kept;
    this.#kept = [];
    this.#characters = 0;
    return kept;
  }
}

const isAsk = ({ type }: VoiceCommand): boolean => type === "say" || type === "answer";
