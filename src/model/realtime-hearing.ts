import type { RealtimeAudioInputTurnDetection } from "openai/resources/realtime/realtime";
import type { Patience } from "../protocol/agent-config.ts";
import { languageCodeOf } from "../protocol/language.ts";
import type { VoiceRequest } from "./voice-leg.ts";

/*
 * How a session hears, in OpenAI's form: when a caller's turn is over, and in which language it is written down.
 */

/**
 * The silence that ends a turn with `server_vad`, in milliseconds; every answer begins that much later. `normal` is
 * OpenAI's default. `short` is for quick exchanges, and cuts in on who hesitates. `long` is for who stutters, searches for
 * words or speaks a second language; more would make each short reply wait too.
 */
const PAUSE_MS: Readonly<Record<Patience, number>> = { short: 300, normal: 500, long: 1_500 };

/** With `semantic_vad` words that seem unfinished are waited for at most 2, 4 and 8 s (OpenAI's reference, 2026-11-22). */
const EAGERNESS: Readonly<Record<Patience, "high" | "medium" | "low">> = {
  short: "high",
  normal: "medium",
  long: "low",
};

/** What ends a caller's turn, and that the server answers it by itself. */
export function turnDetectionOf({ turnEnd, patience }: VoiceRequest): RealtimeAudioInputTurnDetection {
  const answering = { create_response: true, interrupt_response: true };
  switch (turnEnd) {
    case "pause":
      return {
        type: "server_vad",
        threshold: 0.5,
        prefix_padding_ms: 300,
        silence_duration_ms: PAUSE_MS[patience],
        // Whether the caller is still there is asked by the call.
        idle_timeout_ms: null,
        ...answering,
      };
    case "meaning":
      return { type: "semantic_vad", eagerness: EAGERNESS[patience], ...answering };
  }
}

/** What OpenAI takes as a transcript's language: its refusal of any other lists these (jambonz-api-server#402, 2025-03-24). */
const TRANSCRIBED = new Set(
  (
    "af ar az be bg bs ca cs cy da de el en es et fa fi fr gl he hi hr hu hy id is it ja kk kn ko lt lv mi mk mr ms ne " +
    "nl no pl pt ro ru sk sl sr sv sw ta th tl tr uk ur vi zh"
  ).split(" "),
);

/**
 * The hint for the transcript, a bare code of ISO 639-1. `undefined` also for a language that OpenAI does not take: it
 * would refuse the whole set-up, and the call with it, where without the hint it finds out.
 */
export function transcriptLanguageOf(language: string | undefined): string | undefined {
  if (language === undefined) return undefined;
  const code = languageCodeOf(language);
  // Both written forms of Norwegian are spoken as one.
  const spoken = code === "nb" || code === "nn" ? "no" : code;
  return TRANSCRIBED.has(spoken) ? spoken : undefined;
}
