/**
 * The models the stand-in knows and what each accepts. Facts as of 2026-11-22: lifetimes from the deprecation comments of
 * npm openai 7.57.0, efforts and the Chat Completions rule from OpenAI's model pages and from error texts quoted in
 * public bug reports (BerriAI/litellm/pull/34569, livekit/agents/pull/7169).
 */
export const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export type Effort = (typeof EFFORTS)[number];

/** Function tools in Chat Completions: always; unless an effort is sent; only with effort `none` sent; never. */
type ChatTools = "always" | "unless-effort" | "only-none" | "never";

/** What a family of text models accepts. */
export interface TextTraits {
  /** Empty: no reasoning model, which refuses the parameter. */
  readonly efforts: readonly Effort[];
  readonly defaultEffort: Effort;
  readonly chatTools: ChatTools;
}

export interface KnownModel {
  readonly id: string;
  /** `YYYY-MM-DD` as in `shutdown_date`; refused from the beginning of that day, UTC. */
  readonly shutdownDate: string | null;
  /** `undefined`: no text model; listed, but neither text endpoint takes it. */
  readonly traits: TextTraits | undefined;
}

const PLAIN: TextTraits = { efforts: [], defaultEffort: "none", chatTools: "always" };
const EARLY: TextTraits = {
  efforts: ["minimal", "low", "medium", "high"],
  defaultEffort: "medium",
  chatTools: "always",
};
const BETWEEN: TextTraits = {
  efforts: ["none", "low", "medium", "high", "xhigh"],
  defaultEffort: "none",
  chatTools: "unless-effort",
};
const CURRENT: TextTraits = {
  efforts: ["none", "low", "medium", "high", "xhigh", "max"],
  defaultEffort: "medium",
  chatTools: "only-none",
};
const ALWAYS_THINKING: TextTraits = {
  efforts: ["low", "medium", "high", "xhigh", "max"],
  defaultEffort: "medium",
  chatTools: "never",
};

const OCTOBER = "2026-10-23";
const DECEMBER = "2026-12-11";
const JANUARY = "2027-01-14";

type Row = readonly [traits: TextTraits | undefined, shutdownDate: string | null, ...ids: string[]];

const ROWS: readonly Row[] = [
  [
    CURRENT,
    null,
    "gpt-6-luna",
    "gpt-6-sol",
    "gpt-6.1-terra",
    "gpt-5.6",
    "gpt-5.6-luna",
    "gpt-5.6-sol",
    "gpt-5.6-terra",
  ],
  [ALWAYS_THINKING, null, "gpt-6-astra", "gpt-6.1-sol"],
  [BETWEEN, null, "gpt-5.4", "gpt-5.4-mini"],
  [BETWEEN, "2027-04-01", "gpt-5.1", "gpt-5.4-nano"],
  [EARLY, DECEMBER, "gpt-5", "gpt-5-mini", "gpt-5-nano", "o3"],
  [EARLY, OCTOBER, "o4-mini", "o3-mini", "o1"],
  [PLAIN, JANUARY, "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini"],
  [PLAIN, OCTOBER, "gpt-4.1-nano", "gpt-4", "gpt-4-turbo", "gpt-3.5-turbo"],
  [undefined, null, "gpt-realtime-2.1", "gpt-realtime-2.1-mini", "gpt-realtime-2", "gpt-realtime-1.5"],
  [undefined, null, "gpt-transcribe", "gpt-live-transcribe"],
  [undefined, "2027-01-20", "gpt-realtime", "gpt-realtime-mini", "gpt-audio-mini"],
  [undefined, "2027-01-06", "gpt-4o-mini-tts", "tts-1", "tts-1-hd"],
  [undefined, "2027-02-26", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-4o-transcribe-diarize"],
];

export const KNOWN_MODELS: readonly KnownModel[] = ROWS.flatMap(([traits, shutdownDate, ...ids]) =>
  ids.map((id) => ({ id, shutdownDate, traits })),
);

const BY_ID = new Map(KNOWN_MODELS.map((model) => [model.id, model]));

/** A model by its id or by a dated snapshot of it, such as `gpt-4o-2024-11-20`. */
export const findModel = (id: string): KnownModel | undefined =>
  BY_ID.get(id) ?? BY_ID.get(id.replace(/-\d{4}-\d{2}-\d{2}$/, ""));

export const isShutDown = (model: KnownModel, nowMs: number): boolean =>
  model.shutdownDate !== null && Date.parse(`${model.shutdownDate}T00:00:00Z`) <= nowMs;

/** `GET /v1/models`: only what can still be used. */
export const listedModels = (nowMs: number): readonly object[] =>
  KNOWN_MODELS.filter((model) => !isShutDown(model, nowMs)).map(modelJson);

export const modelJson = (model: KnownModel): object => ({
  id: model.id,
  object: "model",
  created: 1_780_000_000,
  owned_by: "openai",
  shutdown_date: model.shutdownDate,
});

/** Hidden tokens thought before the answer. The figures are ours; OpenAI's vary with the question. */
export const REASONING_TOKENS: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 16,
  low: 64,
  medium: 192,
  high: 512,
  xhigh: 1_024,
  max: 2_048,
};
