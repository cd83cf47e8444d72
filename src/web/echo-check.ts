import { CHIME_MS, chimeSamples, isChimeHeard } from "./chime.ts";

/** The chime may come back so much later: a wireless loudspeaker, and the microphone's own delay. */
const DELAY_MS = 400;
const FRAME_MS = 40;
const WINDOW_FRAMES = (CHIME_MS + DELAY_MS) / FRAME_MS;

/** Listens to the microphone while the chime is played, and tells whether it hears it. */
export class EchoCheck {
  /** To be played when the check begins: mono, 24 kHz. */
  readonly chime = chimeSamples();
  readonly #hasEchoCancellation: boolean;
  readonly #frames: Int16Array[] = [];

  constructor(hasEchoCancellation: boolean) {
    this.#hasEchoCancellation = hasEchoCancellation;
  }

  /** A frame of the microphone's, 40 ms. `undefined`: it is too early to tell. */
  add(frame: Int16Array): boolean | undefined {
    this.#frames.push(frame);
    return this.#frames.length < WINDOW_FRAMES ? undefined : isChimeHeard(this.#frames, this.#hasEchoCancellation);
  }
}
