/** Why there is no sound from a microphone, with the one sentence that helps. */
const SENTENCES = {
  denied: "The microphone is blocked for this page. Allow it in the browser's address bar, then try again.",
  none: "No microphone was found. Plug one in, then try again.",
  busy: "The microphone is in use by another app, such as Teams or Zoom. Close it there, then try again.",
  insecure: "A browser gives the microphone only to a page with https. Open the https address of this page.",
  unsupported: "This browser cannot give us sound from your microphone. Try Chrome, Edge or Safari.",
  lost: "The microphone was unplugged or taken away. You can go on by typing.",
} as const;

export type MicrophoneCause = keyof typeof SENTENCES;

export class MicrophoneTrouble extends Error {
  override readonly cause: MicrophoneCause;

  constructor(cause: MicrophoneCause) {
    super(SENTENCES[cause]);
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
