import { expect, it } from "vitest";
import { DEFAULT_VOICE, VOICES, voiceOf } from "../../src/protocol/agent-config.ts";

it("CFG-140 an agent speaks with a voice of OpenAI's, whatever provider's voice its row names", () => {
  for (const voice of VOICES) expect(voiceOf(voice)).toBe(voice);
  for (const foreign of [null, "", "Polly.Joanna", "en-US-Neural2-F", "MARIN", "constructor"]) {
    expect(voiceOf(foreign)).toBe(DEFAULT_VOICE);
  }
});
