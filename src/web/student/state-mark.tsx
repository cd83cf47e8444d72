import type { CallView } from "../call-view.ts";
import "./state-mark.css";

type Shape = CallView["state"] | "idle" | "dialling" | "lost" | "ended" | "muted" | "paused";

/** What a call does, as a shape of its own for each: told apart without colour, and never the only sign. */
export function shapeOf(view: CallView): Shape {
  if (view.phase !== "live") return view.phase;
  if (view.isSoundPaused) return "paused";
  return view.state === "listening" && view.muted ? "muted" : view.state;
}

/** @param loudness of the microphone, 0 to 1 */
export function StateMark({ shape, loudness = 0 }: { readonly shape: Shape; readonly loudness?: number }) {
  return (
    <svg class={`mark ${shape}`} viewBox="0 0 64 64" aria-hidden="true">
      {shape === "listening" && <circle class="echo" cx="32" cy="32" r={16 + loudness * 15} />}
      <Inside shape={shape} />
    </svg>
  );
}

const BARS = [20, 34, 26, 38, 18];

function Inside({ shape }: { readonly shape: Shape }) {
  switch (shape) {
    case "idle":
    case "muted":
      return (
        <>
          <circle class="disc" cx="32" cy="32" r="26" />
          <path
            class="ink"
            d="M32 18a6 6 0 0 1 6 6v8a6 6 0 0 1-12 0v-8a6 6 0 0 1 6-6ZM21 31a11 11 0 0 0 22 0M32 42v6"
          />
          {shape === "muted" && <path class="slash" d="M17 17 47 47" />}
        </>
      );
    case "dialling":
    case "connecting":
      return <circle class="ring turning" cx="32" cy="32" r="22" />;
    case "listening":
      return <circle class="dot" cx="32" cy="32" r="14" />;
    case "thinking":
      return (
        <>
          {[16, 32, 48].map((x) => (
            <circle key={x} class="dot step" cx={x} cy="32" r="6" />
          ))}
        </>
      );
    case "using-tool":
      return <path class="ring turning slow" d="M32 8 53 20v24L32 56 11 44V20Z" />;
    case "speaking":
      return (
        <>
          {BARS.map((height, at) => (
            <rect key={height} class="dot bar" x={9 + at * 10} y={32 - height / 2} width="6" height={height} rx="3" />
          ))}
        </>
      );
    case "lost":
      return <path class="ring" d="M10 26a31 31 0 0 1 14-12M54 26a31 31 0 0 0-14-12M32 24v14M32 47v1" />;
    case "paused":
      return <path class="ring" d="M24 18v28M40 18v28" />;
    case "ended":
      return <rect class="dot" x="18" y="18" width="28" height="28" rx="6" />;
  }
}
