import { useState } from "preact/hooks";

/** A request that a form or a button makes: once at a time, and why it failed. */
export interface RequestState {
  readonly isBusy: boolean;
  readonly problem: string | null;
  /**
   * For `onSubmit` and `onClick`. What is pressed meanwhile does nothing, so that a button need not be disabled and keeps
   * the focus: `aria-disabled` says it.
   */
  readonly run: (event?: Event) => void;
}

/** `job` answers with a sentence for the person, or with `null` when all went well. It never rejects. */
export function useRequest(job: () => Promise<string | null>): RequestState {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = (event?: Event): void => {
    event?.preventDefault();
    if (isBusy) return;
    setBusy(true);
    setProblem(null);
    void job().then((sentence) => {
      setBusy(false);
      setProblem(sentence);
    });
  };
  return { isBusy, problem, run };
}
