/**
 * What a page's question for the microphone comes to: an error by its name in the browser, `asking` as long as nobody answers,
 * a microphone that brings nothing, or one that hears the loudspeaker.
 */
export type FakeMicrophone =
  | "asking"
  | "NotAllowedError"
  | "NotFoundError"
  | "NotReadableError"
  | "OverconstrainedError once"
  | "silent"
  | "echo"
  | "no https"
  | "embedded";

/** Runs in the page before anything of it. */
export function fakeMicrophone(kind: FakeMicrophone): void {
  if (kind === "no https") {
    Object.defineProperty(globalThis, "isSecureContext", { value: false });
    return;
  }
  if (kind === "embedded") {
    const userAgent =
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Instagram 300.0";
    Object.defineProperty(navigator, "userAgent", { value: userAgent });
  }
  const real = Object.getOwnPropertyDescriptor(MediaDevices.prototype, "getUserMedia")?.value;
  const connect = Object.getOwnPropertyDescriptor(AudioNode.prototype, "connect")?.value;
  let asked = 0;

  const silence = (context: AudioContext): MediaStreamAudioDestinationNode => {
    const ear = context.createMediaStreamDestination();
    const source = new ConstantSourceNode(context, { offset: 0 });
    Reflect.apply(connect, source, [ear]);
    source.start();
    return ear;
  };
  const hearing = (): MediaStream => {
    const context = new AudioContext();
    const ear = silence(context);
    Reflect.set(AudioNode.prototype, "connect", function (this: AudioNode, ...to: readonly unknown[]) {
      if (kind === "echo" && to[0] instanceof AudioDestinationNode) {
        const tap = new MediaStreamAudioDestinationNode(to[0].context as AudioContext);
        Reflect.apply(connect, this, [tap]);
        Reflect.apply(connect, context.createMediaStreamSource(tap.stream), [ear]);
      }
      return Reflect.apply(connect, this, to);
    });
    return ear.stream;
  };

  Reflect.set(MediaDevices.prototype, "getUserMedia", function (this: MediaDevices, wanted: MediaStreamConstraints) {
    asked += 1;
    if (kind === "asking") return new Promise(() => {});
    if (kind === "silent" || kind === "echo") return Promise.resolve(hearing());
    if (kind === "embedded") return Promise.reject(new DOMException("", "NotAllowedError"));
    if (kind === "OverconstrainedError once") {
      const error = new OverconstrainedError("sampleRate");
      return asked === 1 ? Promise.reject(error) : Reflect.apply(real, this, [wanted]);
    }
    return Promise.reject(new DOMException("", kind));
  });
}
