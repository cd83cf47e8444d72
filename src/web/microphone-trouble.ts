import { MICROPHONE_WORDS } from "./words.ts";

/** Why there is no sound from a microphone. */
export type MicrophoneCause = "denied" | "none" | "busy" | "insecure" | "embedded" | "unsupported" | "lost";

/** With the one sentence that helps. */
export class MicrophoneTrouble extends Error {
  override readonly cause: MicrophoneCause;

  constructor(cause: MicrophoneCause) {
    super(MICROPHONE_WORDS[cause]);
    this.cause = cause;
  }
}

/** What `getUserMedia` threw, by the names that it has for its errors (Media Capture and Streams, section 10.2.1). */
const CAUSES: Readonly<Record<string, MicrophoneCause>> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
  OverconstrainedError: "unsupported",
};

export function troubleOf(thrown: unknown): MicrophoneTrouble {
  if (thrown instanceof MicrophoneTrouble) return thrown;
  return new MicrophoneTrouble((thrown instanceof Error && CAUSES[thrown.name]) || "unsupported");
}
