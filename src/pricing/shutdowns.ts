/**
 * Models of OpenAI that end, with the day on which they do (UTC) and what OpenAI names instead. Data: a row is added when
 * OpenAI announces one. A model that is not here may still end.
 */

export interface ModelShutdown {
  /** As they are written in `TEXT_MODEL`, `VOICE_MODEL` and `TRANSCRIBE_MODEL`. */
  readonly models: readonly string[];
  /** `YYYY-MM-DD`. */
  readonly on: string;
  readonly instead: string;
}

/** When the list was last looked through, and in what: https://developers.openai.com/api/docs/deprecations, npm `openai`. */
export const SHUTDOWNS_CHECKED = "2026-11-22";

export const MODEL_SHUTDOWNS: readonly ModelShutdown[] = [
  {
    models: [
      "gpt-4.1-nano",
      "gpt-4.1-nano-2025-04-14",
      "o4-mini",
      "o3-mini",
      "o1",
      "gpt-4",
      "gpt-4-turbo",
      "gpt-3.5-turbo",
    ],
    on: "2026-10-23",
    instead: "gpt-6-luna",
  },
  { models: ["gpt-5", "gpt-5-2025-08-07", "o3"], on: "2026-12-11", instead: "gpt-6.1-sol" },
  { models: ["gpt-5-mini", "gpt-5-mini-2025-08-07"], on: "2026-12-11", instead: "gpt-6.1-terra" },
  { models: ["gpt-5-nano", "gpt-5-nano-2025-08-07"], on: "2026-12-11", instead: "gpt-6-luna" },
  {
    models: ["gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-2024-11-20", "gpt-4o-mini", "gpt-4o-mini-2024-07-18"],
    on: "2027-01-14",
    instead: "gpt-6-luna",
  },
  {
    models: ["gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"],
    on: "2027-01-14",
    instead: "gpt-6-luna",
  },
  { models: ["gpt-realtime", "gpt-realtime-2025-08-28"], on: "2027-01-20", instead: "gpt-realtime-2.1" },
  {
    models: ["gpt-realtime-mini", "gpt-realtime-mini-2025-10-06", "gpt-realtime-mini-2025-12-15"],
    on: "2027-01-20",
    instead: "gpt-realtime-2.1-mini",
  },
  {
    models: ["gpt-audio-mini", "gpt-audio-mini-2025-10-06", "gpt-audio-mini-2025-12-15"],
    on: "2027-01-20",
    instead: "gpt-realtime-2.1-mini",
  },
  {
    models: [
      "whisper-1",
      "gpt-4o-transcribe",
      "gpt-4o-transcribe-diarize",
      "gpt-4o-mini-transcribe",
      "gpt-4o-mini-transcribe-2025-12-15",
    ],
    on: "2027-02-26",
    instead: "gpt-transcribe",
  },
  { models: ["gpt-5.1", "gpt-5.4-nano", "gpt-5.4-nano-2026-03-17"], on: "2027-04-01", instead: "gpt-6-luna" },
];
