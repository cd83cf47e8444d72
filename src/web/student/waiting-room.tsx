import { useEffect, useState } from "preact/hooks";
import { opensAtWords, WAITING_ROOM_WORDS, waitingFor } from "../words.ts";
import { nextAskMs } from "./entrance.ts";
import { whenWords } from "./when.ts";

interface WaitingRoomProps {
  readonly name: string;
  readonly opensAt: string | null;
  /** Tries to come in again: why it did not go, or `null`. */
  readonly ask: () => Promise<string | null>;
  readonly onLeave: () => void;
}

/** Before the workshop begins. Comes in by itself. */
export function WaitingRoom({ name, opensAt, ask, onLeave }: WaitingRoomProps) {
  const [problem, setProblem] = useState<string | null>(null);
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const opensAtMs = opensAt === null ? null : Date.parse(opensAt);
    const askAgain = async (): Promise<void> => {
      setProblem(await ask());
      setAsked((count) => count + 1);
    };
    const timer = setTimeout(() => void askAgain(), nextAskMs(opensAtMs, Date.now(), Math.random()));
    return () => clearTimeout(timer);
  }, [asked, opensAt]);
  return (
    <div class="waiting">
      <h2>{WAITING_ROOM_WORDS.title}</h2>
      <p role="status">{waitingFor(name)}</p>
      {opensAt !== null && <p class="opens">{opensAtWords(whenWords(opensAt, Date.now()))}</p>}
      <p class="quiet">{opensAt === null ? WAITING_ROOM_WORDS.asked : WAITING_ROOM_WORDS.lead}</p>
      <p class="alert" role="alert">
        {problem}
      </p>
      <button type="button" class="link" onClick={onLeave}>
        {WAITING_ROOM_WORDS.other}
      </button>
    </div>
  );
}
