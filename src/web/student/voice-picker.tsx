import { useEffect, useState } from "preact/hooks";
import { DEFAULT_VOICE, VOICES } from "../../protocol/agent-config.ts";
import { playWords, VOICE_WORDS } from "../words.ts";
import { draftOf, edit, saveNow } from "./drafts.ts";
import { SaveLine } from "./save-line.tsx";
import { me } from "./session.ts";
import { VoiceSamples } from "./voice-samples.ts";

/** As OpenAI says. */
const RECOMMENDED: readonly string[] = ["marin", "cedar"];
const ORDER = [...VOICES].sort((one, other) => Number(RECOMMENDED.includes(other)) - Number(RECOMMENDED.includes(one)));

const samples = new VoiceSamples();

interface Playing {
  readonly voice: string;
  readonly isLoading: boolean;
}

/** The voice of the agent's calls with sound; each can be heard first. */
export function VoicePicker() {
  const [playing, setPlaying] = useState<Playing | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => () => samples.stop(), []);
  const chosen = draftOf("voice") ?? DEFAULT_VOICE;
  const greeting = draftOf("greeting") ?? "";
  const payer = me.value?.payer ?? null;
  const cannot = payer === null ? VOICE_WORDS.noKey : greeting.trim() === "" ? VOICE_WORDS.noGreeting : null;

  const hear = async (voice: string): Promise<void> => {
    samples.stop();
    setProblem(null);
    if (playing?.voice === voice) return setPlaying(null);
    setPlaying({ voice, isLoading: true });
    // Another voice may be playing by the time this one is over.
    const isOver = (): void => setPlaying((now) => (now?.voice === voice ? null : now));
    const trouble = await samples.play(greeting, voice, saveNow, isOver).catch(() => VOICE_WORDS.noSound);
    if (trouble !== null) isOver();
    else setPlaying((now) => (now?.voice === voice ? { voice, isLoading: false } : now));
    setProblem(trouble);
  };

  return (
    <fieldset class="field">
      <legend class="field-top">
        {VOICE_WORDS.title} <SaveLine fields={["voice"]} />
      </legend>
      <p class="hint">{cannot ?? `${VOICE_WORDS.hint} ${VOICE_WORDS[payer ?? "noKey"]}`}</p>
      <div class="voices">
        {ORDER.map((voice) => (
          <div key={voice} class="voice">
            <label>
              <input
                type="radio"
                name="voice"
                value={voice}
                checked={voice === chosen}
                onChange={() => edit({ voice })}
              />
              <span>
                <span class="voice-name">{voice}</span>{" "}
                {RECOMMENDED.includes(voice) && <span class="tag">{VOICE_WORDS.recommended}</span>}
              </span>
            </label>
            <button
              type="button"
              class="play"
              aria-label={playing?.voice === voice ? VOICE_WORDS.stop : playWords(voice)}
              aria-busy={playing?.voice === voice && playing.isLoading}
              disabled={cannot !== null}
              onClick={() => void hear(voice)}
            >
              <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
                <path d={playing?.voice === voice ? "M6 5h8v10H6z" : "M7 4.5v11l9-5.5z"} />
              </svg>
            </button>
          </div>
        ))}
      </div>
      <p class="alert" role="alert">
        {problem}
      </p>
    </fieldset>
  );
}
