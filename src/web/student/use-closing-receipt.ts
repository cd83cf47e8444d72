import { useEffect, useState } from "preact/hooks";
import type { StudentReceipt } from "../../protocol/closing.ts";
import { orNull } from "../../protocol/read-fields.ts";
import { readReceipt } from "../read-closing.ts";
import { ask } from "../rest-client.ts";
import { keepReceipt, keptReceipt } from "./kept-receipt.ts";
import { callsChanged, closing, me, refreshMe } from "./session.ts";

interface ClosingReceipt {
  /** The newest there is; `null`: none yet. */
  readonly receipt: StudentReceipt | null;
  /** Why it is not newer. */
  readonly problem: string | null;
  readonly again: () => void;
}

/** The receipt of a workshop that was closed; asked for anew when a step of its end is done or a call has ended, and kept in this browser. */
export function useClosingReceipt(): ClosingReceipt {
  const [problem, setProblem] = useState<string | null>(null);
  const [asked, setAsked] = useState(0);
  const studentId = me.value?.studentId;
  const step = JSON.stringify(closing.value);
  // The archive has the last call a moment after its end.
  const archived = callsChanged.value;
  useEffect(() => {
    let isWanted = true;
    void ask("GET", "/api/me/receipt", ({ receipt }) => orNull(readReceipt, receipt)).then((answer) => {
      if (!isWanted) return;
      setProblem(answer.ok ? null : answer.sentence);
      if (answer.ok && answer.value) keepReceipt({ receipt: answer.value, isErased: false });
      // It was opened anew meanwhile, or nobody is signed in any more.
      else if (answer.ok || answer.code === "unknown_session" || answer.code === "unauthorized") void refreshMe();
    });
    return () => {
      isWanted = false;
    };
  }, [studentId, step, archived, asked]);
  return { receipt: keptReceipt.value?.receipt ?? null, problem, again: () => setAsked(asked + 1) };
}
