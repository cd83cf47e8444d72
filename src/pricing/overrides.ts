import type { PriceKind } from "./price.ts";

/*
 * What the table of prices is made of beside npm `@pydantic/genai-prices`: which of its models, and what it does not know.
 * Dollars for a million tokens or for a minute, as price lists write them. Only the generator reads this (`npm run prices`).
 */

/** When all of it was last looked through, in UTC. */
export const PRICES_CHECKED = "2026-11-22";

/** The package's release, and the day of it. */
export const GENAI_PRICES = { version: "0.1.8", date: "2026-09-23" } as const;

/** A model whose prices are genai-prices'; dated snapshots and other spellings come with it. */
export interface Picked {
  readonly model: string;
  readonly kind: PriceKind;
  /** Names that genai-prices lacks. */
  readonly aliases?: readonly string[];
  readonly note?: string;
}

/** All that Callroom can be configured with, and what it could: calls of last year are still shown. */
export const PICKED: readonly Picked[] = [
  { model: "gpt-4o-mini", kind: "text" },
  { model: "gpt-4o", kind: "text" },
  { model: "gpt-4.1", kind: "text" },
  { model: "gpt-4.1-mini", kind: "text" },
  { model: "gpt-4.1-nano", kind: "text" },
  { model: "gpt-5", kind: "text" },
  { model: "gpt-5-mini", kind: "text" },
  { model: "gpt-5-nano", kind: "text" },
  { model: "gpt-5.4", kind: "text" },
  { model: "gpt-5.4-mini", kind: "text" },
  { model: "gpt-5.4-nano", kind: "text" },
  { model: "gpt-5.6-luna", kind: "text" },
  { model: "gpt-5.6-terra", kind: "text" },
  { model: "gpt-5.6-sol", kind: "text" },
  { model: "gpt-6-luna", kind: "text" },
  { model: "gpt-6-sol", kind: "text" },
  { model: "gpt-6-astra", kind: "text" },
  { model: "gpt-realtime", kind: "realtime" },
  { model: "gpt-realtime-1.5", kind: "realtime" },
  { model: "gpt-realtime-mini", kind: "realtime" },
  { model: "gpt-realtime-2", kind: "realtime", note: "Text output: litellm (2026-07-24) has 16, OpenAI's page 24." },
  { model: "gpt-realtime-2.1", kind: "realtime" },
  { model: "gpt-realtime-2.1-mini", kind: "realtime" },
  {
    model: "gpt-4o-transcribe",
    kind: "transcribe",
    note: "Sound: OpenAI's model page says 2.50. The higher price is kept, so that a bill errs high.",
  },
  {
    model: "gpt-4o-mini-transcribe",
    kind: "transcribe",
    aliases: ["gpt-4o-mini-transcribe-2025-12-15"],
    note: "Sound: OpenAI's compare page says 1.25. The higher price is kept, so that a bill errs high.",
  },
  { model: "gpt-transcribe", kind: "transcribe" },
  { model: "whisper-1", kind: "transcribe" },
];

/** Dollars for a million tokens. */
export interface UsdPerMillion {
  readonly input?: number;
  readonly cachedInput?: number;
  readonly cacheWrite?: number;
  readonly output?: number;
}

/** A price of our own looking up. A new one of a model is a new row with a day; no row is edited or removed. */
export interface OwnPrice {
  readonly model: string;
  readonly kind: PriceKind;
  readonly aliases?: readonly string[];
  /** `YYYY-MM-DD`; none: from its beginning. */
  readonly effectiveFrom?: string;
  readonly text?: UsdPerMillion;
  readonly audio?: UsdPerMillion;
  readonly usdPerMinute?: number;
  readonly longContext?: UsdPerMillion & { readonly overInputTokens: number };
  readonly source: string;
  readonly sourceDate: string;
  readonly note?: string;
}

const QUOTED = "third parties that quote OpenAI's price page";
const COST_CALCULATOR = "npm ai-sdk-cost-calculator 7.1.14";
const TWILIO_QUOTED = "Twilio's price as public repositories quote it, not seen on Twilio's own page";
const TWILIO_NOTE = "On the instructor's Twilio bill, by started minutes.";

export const OWN_PRICES: readonly OwnPrice[] = [
  {
    model: "gpt-6.1-sol",
    kind: "text",
    aliases: ["gpt-6.1-sol-####-##-##"],
    text: { input: 2, cachedInput: 0.1, cacheWrite: 2.5, output: 10 },
    longContext: { overInputTokens: 272_000, input: 4, cachedInput: 0.2, cacheWrite: 5, output: 15 },
    source: QUOTED,
    sourceDate: "2026-10-13",
    note: "Several agree. The long cache write is inferred: twice the short one.",
  },
  {
    model: "gpt-6.1-terra",
    kind: "text",
    aliases: ["gpt-6.1-terra-####-##-##"],
    text: { input: 1, cachedInput: 0.05, cacheWrite: 1.25, output: 5 },
    longContext: { overInputTokens: 272_000, input: 2, cachedInput: 0.1, cacheWrite: 2.5, output: 7.5 },
    source: QUOTED,
    sourceDate: "2026-10-27",
    note: "Cache writes that last 30 minutes; the long one is inferred: twice the short one.",
  },
  {
    model: "gpt-live-transcribe",
    kind: "transcribe",
    usdPerMinute: 0.017,
    source: COST_CALCULATOR,
    sourceDate: "2026-09-23",
    note: "One source only.",
  },
  {
    model: "gpt-realtime-whisper",
    kind: "transcribe",
    usdPerMinute: 0.017,
    source: `OpenAI's model page; ${COST_CALCULATOR}`,
    sourceDate: "2026-09-23",
  },
  {
    model: "conversation-relay",
    kind: "phone",
    usdPerMinute: 0.07,
    source: TWILIO_QUOTED,
    sourceDate: "2026-11-22",
    note: TWILIO_NOTE,
  },
  {
    model: "media-streams",
    kind: "phone",
    usdPerMinute: 0.004,
    source: TWILIO_QUOTED,
    sourceDate: "2026-11-22",
    note: TWILIO_NOTE,
  },
  {
    model: "carrier-inbound",
    kind: "phone",
    usdPerMinute: 0.0085,
    source: TWILIO_QUOTED,
    sourceDate: "2026-11-22",
    note: `${TWILIO_NOTE} A US number's; others differ.`,
  },
];
