import type { Tool, ToolJson } from "./tools.ts";

/**
 * What a student makes their agent with. `null` is "not set": the defaults below are used. The voice, and how the agent
 * hears, are those of calls with sound.
 */
export interface AgentConfig {
  readonly prompt: string | null;
  readonly greeting: string | null;
  readonly voice: string | null;
  readonly tools: readonly Tool[];
  /** What callers speak, as `parseLanguage` of `language.ts` has it: a hint for the transcript. `null`: it is found out. */
  readonly language: string | null;
  readonly turnEnd: TurnEnd | null;
  readonly patience: Patience | null;
}

/** What ends a caller's spoken turn: a pause, whatever was said before it, or a pause where the words seem complete. */
export const TURN_ENDS = ["pause", "meaning"] as const;
export type TurnEnd = (typeof TURN_ENDS)[number];
export const DEFAULT_TURN_END: TurnEnd = "pause";

/** How long a caller may pause in a turn. With `long` there is time to think, and every answer comes later. */
export const PATIENCES = ["short", "normal", "long"] as const;
export type Patience = (typeof PATIENCES)[number];
export const DEFAULT_PATIENCE: Patience = "normal";

/** Voices of the Realtime API; `marin` and `cedar` are recommended by OpenAI. */
export const VOICES = [
  "alloy",
  "ash",
  "ballad",
  "cedar",
  "coral",
  "echo",
  "marin",
  "sage",
  "shimmer",
  "verse",
] as const;
export const DEFAULT_VOICE = "marin";

/** The voice that a call speaks with: one of OpenAI's. The predecessor's rows name those of any provider. */
export const voiceOf = (voice: string | null): string => VOICES.find((known) => known === voice) ?? DEFAULT_VOICE;

/** Instructions of an agent whose student has not written any. */
export const DEFAULT_PROMPT = [
  "You are a friendly voice agent on a phone call.",
  "Answer in one or two short sentences, in plain spoken language, without lists, markup or emoji.",
  "If you do not know something, say so. Ask back when a question is unclear.",
  "Use your tools when they help, and say the result in your own words.",
].join("\n");

/** First words of an agent of a newly joined student. */
export const DEFAULT_GREETING = "Hello! I am your workshop agent. What can I do for you?";

/** Tools of a newly joined student: each works at once and needs no server. */
export const DEFAULT_TOOLS: readonly ToolJson[] = [
  {
    type: "function",
    function: {
      name: "current_time",
      description: "The current date and time in a time zone.",
      parameters: {
        type: "object",
        properties: { time_zone: { type: "string", description: "IANA time zone, e.g. Asia/Tokyo" } },
        required: ["time_zone"],
        additionalProperties: false,
      },
    },
    mode: "builtin",
    builtin: "current_time",
  },
  {
    type: "function",
    function: {
      name: "roll_dice",
      description: "Rolls dice and returns each result.",
      parameters: {
        type: "object",
        properties: {
          count: { type: "integer", minimum: 1, maximum: 10, description: "How many dice" },
          sides: { type: "integer", minimum: 2, maximum: 1000, description: "Sides of each" },
        },
        required: [],
        additionalProperties: false,
      },
    },
    mode: "builtin",
    builtin: "roll_dice",
  },
  {
    type: "function",
    function: {
      name: "end_call",
      description: "Ends the call after your goodbye. Use it when the caller says goodbye.",
      parameters: {
        type: "object",
        properties: { reason: { type: "string", description: "Why, in a few words" } },
        required: [],
        additionalProperties: false,
      },
    },
    mode: "builtin",
    builtin: "end_call",
  },
  {
    type: "function",
    function: {
      name: "hand_over",
      description: "Hands the caller over to a human. Use it when the caller asks for a person.",
      parameters: {
        type: "object",
        properties: { reason: { type: "string", description: "What the human should know" } },
        required: ["reason"],
        additionalProperties: false,
      },
    },
    mode: "builtin",
    builtin: "hand_over",
  },
];
