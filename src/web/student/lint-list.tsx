import { LINT_TITLE, LINT_WORDS } from "../words.ts";
import type { LintFinding } from "./prompt-lint.ts";

interface LintListProps {
  readonly findings: readonly LintFinding[];
  readonly onFix: (text: string) => void;
}

/** What would sound wrong, and the tap that mends it. */
export function LintList({ findings, onFix }: LintListProps) {
  if (findings.length === 0) return null;
  return (
    <ul class="lint" aria-label={LINT_TITLE}>
      {findings.map(({ rule, fixed }) => {
        const [says, fix] = LINT_WORDS[rule];
        return (
          <li key={rule} class={rule === "api-key" ? "severe" : ""}>
            <span>{says}</span>
            {fixed !== null && fix !== null && (
              <button type="button" class="small" onClick={() => onFix(fixed)}>
                {fix}
              </button>
            )}
          </li>
        );
      })}
    </ul>
  );
}
