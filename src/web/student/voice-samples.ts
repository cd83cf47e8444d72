import { voiceSample } from "./student-client.ts";

/**
 * Plays how a greeting sounds in a voice. Sound is made ready within the tap, which phones insist on, and what has been
 * paid for once is kept as long as the page and the greeting are the same.
 */
export class VoiceSamples {
  #context: AudioContext | undefined;
  #source: AudioBufferSourceNode | undefined;
  #heard = new Map<string, AudioBuffer>();
  #greeting = "";
  /** The sample that was asked for last: an earlier one that comes later is not played. */
  #asked = 0;

  /**
   * Called in the tap. Returns a sentence for the person when there is nothing to play, else `null`, once it plays.
   * `prepare` resolves when the server has the greeting; `onEnd` is called when the sound is over by itself.
   *
   * @throws Error when the browser cannot play sound
   */
  async play(greeting: string, voice: string, prepare: () => Promise<void>, onEnd: () => void): Promise<string | null> {
    this.stop();
    const asked = this.#asked;
    this.#context ??= new AudioContext();
    const context = this.#context;
    const resumed = context.resume();
    if (greeting !== this.#greeting) this.#heard.clear();
    this.#greeting = greeting;
    const sound = this.#heard.get(voice) ?? (await this.#fetch(context, voice, prepare));
    if (typeof sound === "string") return sound;
    this.#heard.set(voice, sound);
    await resumed;
    if (asked !== this.#asked) return null;
    this.#source = new AudioBufferSourceNode(context, { buffer: sound });
    this.#source.connect(context.destination);
    this.#source.onended = onEnd;
    this.#source.start();
    return null;
  }

  stop(): void {
    this.#asked += 1;
    if (this.#source) this.#source.onended = null;
    this.#source?.stop();
    this.#source = undefined;
  }

  async #fetch(context: AudioContext, voice: string, prepare: () => Promise<void>): Promise<AudioBuffer | string> {
    await prepare();
    const answer = await voiceSample(voice);
    return answer.ok ? context.decodeAudioData(answer.value) : answer.sentence;
  }
}
