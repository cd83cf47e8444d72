import type { KeyStatus } from "../../protocol/rest.ts";

/** What is found out about a key, in this order. */
export const KEY_STAGES = ["shape", "known", "permitted", "credit", "saved"] as const;
export type KeyStage = (typeof KEY_STAGES)[number];

/** `open`: not yet, or not asked any more. `unknown`: asked, and nobody could tell. */
export type StageMark = "passed" | "failed" | "unknown" | "busy" | "open";

/** `bad-shape` is found out here, without asking anybody; `not-asked`: the question did not get through. */
export type KeyCheckState = "bad-shape" | "asking" | "not-asked" | KeyStatus;

const MARKS: Readonly<Record<KeyCheckState, readonly [StageMark, StageMark, StageMark, StageMark, StageMark]>> = {
  "bad-shape": ["failed", "open", "open", "open", "open"],
  "not-asked": ["passed", "open", "open", "open", "open"],
  asking: ["passed", "busy", "open", "open", "open"],
  connected: ["passed", "passed", "passed", "passed", "passed"],
  rejected: ["passed", "failed", "open", "open", "open"],
  restricted: ["passed", "passed", "failed", "unknown", "passed"],
  no_credit: ["passed", "passed", "unknown", "failed", "passed"],
  unverified: ["passed", "unknown", "unknown", "unknown", "passed"],
};

/** How far the check of a key is. A key that OpenAI rejects is not saved; with any other outcome it is. */
export const stagesOf = (state: KeyCheckState): readonly { readonly stage: KeyStage; readonly mark: StageMark }[] =>
  KEY_STAGES.map((stage, at) => ({ stage, mark: MARKS[state][at] ?? "open" }));

/** A key as people paste it: with white space, quotes or `OPENAI_API_KEY=` around it. */
export const pastedKey = (text: string): string =>
  text
    .trim()
    .replace(/^(?:export\s+)?[A-Z_]+\s*=\s*/, "")
    .replace(/^["'`]|["'`,;]+$/g, "")
    .trim();

/** By its looks; admin keys never speak to a model. The server is the judge. */
export const looksLikeKey = (text: string): boolean => /^sk-(?!admin-)[\x21-\x7e]{16,509}$/.test(text);
