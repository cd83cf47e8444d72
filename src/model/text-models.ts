/**
 * What a text model accepts, by the beginning of its id. Source: OpenAI's model pages and error texts, as of
 * 2026-11-22: gpt-4* know no reasoning effort; from gpt-5.6 on effort `none` is the fastest and the only one that allows
 * a temperature; gpt-6-astra and gpt-6.1-sol know no `none`.
 */
export interface TextModelTraits {
  /** Sent as `reasoning.effort`; `undefined`: the model refuses the parameter. */
  readonly effort: "none" | "low" | undefined;
}

const TRAITS: readonly (readonly [prefix: string, traits: TextModelTraits])[] = [
  ["gpt-4", { effort: undefined }],
  ["gpt-6-astra", { effort: "low" }],
  ["gpt-6.1-sol", { effort: "low" }],
  ["gpt-5.6", { effort: "none" }],
  ["gpt-6", { effort: "none" }],
];

/** Traits of a model id; an unknown one is sent no effort, so that OpenAI's own default applies. */
export function traitsOf(model: string): TextModelTraits {
  return TRAITS.find(([prefix]) => model.startsWith(prefix))?.[1] ?? { effort: undefined };
}
