import { isPriced, kindOf } from "./price-of.ts";
import { PRICES_DATE } from "./prices.ts";
import { MODEL_SHUTDOWNS, type ModelShutdown } from "./shutdowns.ts";

/** The Worker's variables that name a model, and what it is used for. */
const USED_AS = { TEXT_MODEL: "text", VOICE_MODEL: "realtime", TRANSCRIBE_MODEL: "transcribe" } as const;
export const MODEL_VARIABLES = ["TEXT_MODEL", "VOICE_MODEL", "TRANSCRIBE_MODEL"] as const;
export type ModelVariable = (typeof MODEL_VARIABLES)[number];

export interface ConfiguredModel {
  readonly variable: ModelVariable;
  readonly model: string;
}

/** The Worker's settings as a list. */
export const configuredIn = (settings: {
  readonly textModel: string;
  readonly voiceModel: string;
  readonly transcribeModel: string;
}): readonly ConfiguredModel[] => [
  { variable: "TEXT_MODEL", model: settings.textModel },
  { variable: "VOICE_MODEL", model: settings.voiceModel },
  { variable: "TRANSCRIBE_MODEL", model: settings.transcribeModel },
];

/** Those without a price, or with one of another kind: sound cannot be billed at a text model's prices. */
export const unpricedOf = <Model extends ConfiguredModel>(models: readonly Model[], atMs: number): readonly Model[] =>
  models.filter(({ variable, model }) => !isPriced(model, atMs) || kindOf(model) !== USED_AS[variable]);

/** Those that OpenAI has ended, or ends within so long, the soonest first. */
export function endingOf<Model extends ConfiguredModel>(
  models: readonly Model[],
  nowMs: number,
  withinMs: number,
): readonly (Model & { readonly shutdown: ModelShutdown; readonly isOver: boolean })[] {
  return models
    .flatMap((one) => {
      const shutdown = MODEL_SHUTDOWNS.find((ended) => ended.models.includes(one.model));
      if (!shutdown || Date.parse(shutdown.on) - nowMs > withinMs) return [];
      return [{ ...one, shutdown, isOver: Date.parse(shutdown.on) <= nowMs }];
    })
    .sort((a, b) => Date.parse(a.shutdown.on) - Date.parse(b.shutdown.on));
}

/** Since the prices were looked up; 0 by a clock that is behind that day. */
export const pricesAgeMs = (nowMs: number): number => Math.max(0, nowMs - Date.parse(PRICES_DATE));
