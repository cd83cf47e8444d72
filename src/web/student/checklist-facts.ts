import { DEFAULT_GREETING } from "../../protocol/agent-config.ts";
import type { KeySource } from "../../protocol/call-record.ts";
import type { Me } from "./me.ts";

export const FIRST_STEPS = ["called", "yours", "tool", "key", "own-key-call"] as const;
export type FirstStep = (typeof FIRST_STEPS)[number];

/** What is known of a student's calls. */
export interface CallFacts {
  readonly keySources: readonly KeySource[];
  readonly usedTool: boolean;
}

/** The steps that have been taken. Nobody ticks them: they follow from what is there. */
export function stepsDone({ config, key }: Me, calls: CallFacts): ReadonlySet<FirstStep> {
  const facts: Readonly<Record<FirstStep, boolean>> = {
    called: calls.keySources.length > 0,
    yours: config.prompt !== null || (config.greeting !== null && config.greeting !== DEFAULT_GREETING),
    tool: calls.usedTool,
    key: key !== null && key.status !== "unreadable",
    "own-key-call": calls.keySources.includes("student"),
  };
  return new Set(FIRST_STEPS.filter((step) => facts[step]));
}
