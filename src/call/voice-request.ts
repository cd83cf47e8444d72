import { LIMITS } from "../limits.ts";
import type { VoiceRequest } from "../model/voice-leg.ts";
import { DEFAULT_PATIENCE, DEFAULT_PROMPT, DEFAULT_TURN_END, DEFAULT_VOICE } from "../protocol/agent-config.ts";
import type { CallFacts } from "./call-facts.ts";
import { historyOf } from "./history.ts";
import type { Transcript } from "./transcript.ts";

const instructionsOf = ({ config }: CallFacts): string => config.prompt ?? DEFAULT_PROMPT;

/** What a session is opened with: the agent, and what was said so far. */
export function voiceRequestOf(facts: CallFacts, transcript: Transcript, pushToTalk: boolean): VoiceRequest {
  const { config, sound, answerTokens } = facts;
  return {
    instructions: instructionsOf(facts),
    voice: config.voice ?? DEFAULT_VOICE,
    tools: config.tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
    format: sound ?? "pcm16-24k",
    turnEnd: config.turnEnd ?? DEFAULT_TURN_END,
    patience: config.patience ?? DEFAULT_PATIENCE,
    pushToTalk,
    ...(answerTokens === null ? {} : { answerTokens }),
    history: historyOf(transcript.turns, { items: LIMITS.historyItems, characters: LIMITS.historyCharacters }),
  };
}
