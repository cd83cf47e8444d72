import { useEffect, useMemo, useState } from "preact/hooks";
import { clockWords, REPLAY_WORDS, shortenedWords, speedWords } from "../words.ts";
import type { ArchivedCall } from "./call-record-view.ts";
import { statusOf } from "./call-status.ts";
import { Captions } from "./captions.tsx";
import { advanced, callMsAt, pauseAt, playerOf, replayOf, stepFrom } from "./replay.ts";

const SPEEDS = [1, 4, 16] as const;
/** How often the picture changes while it plays. */
const TICK_MS = 100;
/** With less motion asked for, words come in fewer, larger pieces. */
const CALM_TICK_MS = 1_000;
const isCalm = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
const KEY_STEP_MS = 500;

/** A call played again on a screen like the one it had. */
export function ReplayView({ archived }: { readonly archived: ArchivedCall }) {
  const replay = useMemo(() => replayOf(archived), [archived]);
  const [positionMs, setPosition] = useState(0);
  const [speed, setSpeed] = useState<number>(1);
  const [isPlaying, setPlaying] = useState(() => !isCalm());
  const view = useMemo(() => playerOf(replay), [replay])(positionMs);
  const isOver = positionMs >= replay.durationMs;
  useEffect(() => {
    if (!isPlaying || isOver) return;
    const tickMs = isCalm() ? CALM_TICK_MS : TICK_MS;
    let lastMs = performance.now();
    const timer = setInterval(() => {
      const nowMs = performance.now();
      const watchedMs = nowMs - lastMs;
      lastMs = nowMs;
      setPosition((before) => advanced(replay, before, watchedMs, speed));
    }, tickMs);
    return () => clearInterval(timer);
  }, [replay, isPlaying, isOver, speed]);
  const pause = pauseAt(replay, positionMs);
  const jump = (direction: 1 | -1): void => {
    setPlaying(false);
    setPosition(stepFrom(replay, positionMs, direction));
  };
  const play = (): void => {
    if (isOver) setPosition(0);
    setPlaying(isOver || !isPlaying);
  };
  const clock = clockWords(callMsAt(replay, positionMs));
  return (
    <section class="card replay" aria-labelledby="replay-title">
      <h2 id="replay-title">{REPLAY_WORDS.title}</h2>
      <p class="quiet small">{REPLAY_WORDS.hint}</p>
      <p class="replay-state">
        <span class="status">{statusOf(view)}</span>
        {pause && <span class="cut">{shortenedWords(pause.callMs)}</span>}
      </p>
      <Captions lines={view.lines} titleId="replay-title" isLive={false} />
      <input
        type="range"
        aria-label={REPLAY_WORDS.position}
        aria-valuetext={`${clock}, ${statusOf(view)}`}
        min={0}
        max={Math.ceil(replay.durationMs / KEY_STEP_MS) * KEY_STEP_MS}
        step={KEY_STEP_MS}
        value={positionMs}
        onInput={({ currentTarget }) => {
          setPlaying(false);
          setPosition(Math.min(replay.durationMs, currentTarget.valueAsNumber));
        }}
      />
      <div class="replay-controls">
        <button type="button" aria-label={REPLAY_WORDS.back} onClick={() => jump(-1)}>
          <Shape path="M4 4h2.5v12H4zM16 4v12L7.5 10z" />
        </button>
        <button type="button" class="primary" onClick={play}>
          <Shape path={isPlaying && !isOver ? "M5 4h3.5v12H5zM11.5 4H15v12h-3.5z" : "M5 3.5v13L16 10z"} />
          {isPlaying && !isOver ? REPLAY_WORDS.pause : REPLAY_WORDS.play}
        </button>
        <button type="button" aria-label={REPLAY_WORDS.next} onClick={() => jump(1)}>
          <Shape path="M13.500 4H16v12h-2.500zM4 4v12l8.500-6z" />
        </button>
        <span class="clock">
          {clock} / {clockWords(callMsAt(replay, replay.durationMs))}
        </span>
        <fieldset class="speeds">
          <legend class="hidden-label">{REPLAY_WORDS.speed}</legend>
          {SPEEDS.map((times) => (
            <button key={times} type="button" aria-pressed={speed === times} onClick={() => setSpeed(times)}>
              {speedWords(times)}
            </button>
          ))}
        </fieldset>
      </div>
    </section>
  );
}

const Shape = ({ path }: { readonly path: string }) => (
  <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" fill="currentColor">
    <path d={path} />
  </svg>
);
