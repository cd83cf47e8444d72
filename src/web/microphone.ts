/// <reference types="vite/client" />

import { isEmbedded } from "./browser-kind.ts";
import { type MicrophoneCause, MicrophoneTrouble, troubleOf } from "./microphone-trouble.ts";
import type { MicrophoneFrame } from "./microphone-worklet.ts";
import workletUrl from "./microphone-worklet.ts?worker&url";

export interface MicrophoneEvents {
  /** 25 times a second, 960 samples each. */
  onFrame(frame: MicrophoneFrame): void;
  /** It was unplugged, or taken back in the browser's settings. */
  onLost(trouble: MicrophoneTrouble): void;
}

const PLAIN: MediaStreamConstraints = { audio: true };
const CLEAN: MediaTrackConstraints = {
  channelCount: 1,
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

/** What the microphone hears, in frames, from {@link Microphone.open} to {@link Microphone.close}. */
export class Microphone {
  readonly #context: AudioContext;
  readonly #stream: MediaStream;
  readonly #worklet: AudioWorkletNode;

  private constructor(context: AudioContext, stream: MediaStream, events: MicrophoneEvents) {
    this.#context = context;
    this.#stream = stream;
    this.#worklet = new AudioWorkletNode(context, "microphone", { numberOfOutputs: 0, channelCount: 1 });
    this.#worklet.port.onmessage = ({ data }: MessageEvent<MicrophoneFrame>) => events.onFrame(data);
    context.createMediaStreamSource(stream).connect(this.#worklet);
    for (const track of stream.getTracks()) {
      track.onended = () => events.onLost(new MicrophoneTrouble("lost"));
    }
  }

  /**
   * Asks for the microphone; the browser may ask its user, so this may take as long as a person does.
   *
   * @param deviceId the one that is wanted; empty, or no longer there: the system's own choice
   * @throws MicrophoneTrouble with one sentence for the person
   */
  static async open(events: MicrophoneEvents, deviceId: string): Promise<Microphone> {
    const wanted = deviceId === "" ? CLEAN : { ...CLEAN, deviceId: { ideal: deviceId } };
    const stream = await microphoneStream({ audio: wanted });
    // Of its own, at the microphone's own rate: Firefox connects no microphone to a context of another.
    const context = new AudioContext({ latencyHint: "interactive" });
    try {
      await context.audioWorklet.addModule(workletUrl);
      return new Microphone(context, stream, events);
    } catch {
      release(context, stream);
      throw new MicrophoneTrouble("unsupported");
    }
  }

  /** As the browser reports it, which is not always as it was asked for. Where it does not report, it is believed. */
  get hasEchoCancellation(): boolean {
    return this.#stream.getAudioTracks()[0]?.getSettings().echoCancellation !== false;
  }

  /** The device had taken the sound away, for a phone call say. */
  resume(): void {
    this.#context.resume().catch(() => {});
  }

  /** Lets go of the device: the browser's sign that it listens goes out. */
  close(): void {
    this.#worklet.port.onmessage = null;
    release(this.#context, this.#stream);
  }
}

async function microphoneStream(constraints: MediaStreamConstraints): Promise<MediaStream> {
  const blocked: MicrophoneCause = isEmbedded(navigator) ? "embedded" : "insecure";
  // Not there in a page without https, whatever its type says.
  if (!window.isSecureContext || !("mediaDevices" in navigator)) throw new MicrophoneTrouble(blocked);
  try {
    return await navigator.mediaDevices.getUserMedia(constraints);
  } catch (thrown) {
    const trouble = troubleOf(thrown);
    if (trouble.cause === "unsupported" && constraints !== PLAIN) return microphoneStream(PLAIN);
    throw trouble.cause === "denied" && blocked === "embedded" ? new MicrophoneTrouble(blocked) : trouble;
  }
}

function release(context: AudioContext, stream: MediaStream): void {
  for (const track of stream.getTracks()) {
    track.onended = null;
    track.stop();
  }
  if (context.state !== "closed") context.close().catch(() => {});
}
