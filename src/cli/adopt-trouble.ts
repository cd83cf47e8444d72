import { Failure } from "../failure.ts";
import { DatabaseFailure } from "../store/database.ts";
import { type PredecessorProblem, PredecessorUnreadable } from "../store/predecessor.ts";

/** A sentence for the person at the terminal: why nothing can be done. */
export class AdoptTrouble extends Error {}

const OF_THE_PREDECESSOR: Readonly<Record<PredecessorProblem, string>> = {
  "not-a-url": "--from is neither a PostgreSQL URL nor the name of a variable that holds one.",
  "no-answer": "The predecessor's database does not answer. Is its host right, and is it awake?",
  tls: "No safe connection to the predecessor's database: it has no TLS, or a certificate that is not trusted.",
  "login-refused": "The predecessor's database refuses the user or the password of that URL.",
  "no-database": "That server has no database of this name.",
  "no-table": "That database has no table student_configs where its search path looks: is it the predecessor's?",
  "no-token-column": "Its table student_configs has no column session_token: it is not the predecessor's.",
  "not-permitted": "This user may not read student_configs there.",
  other: "The predecessor's database cannot be read.",
};

/** What stopped the command, only in sentences of ours: what anything else says may quote a value. */
export function sentenceOf(thrown: unknown): string {
  if (thrown instanceof AdoptTrouble) return thrown.message;
  if (thrown instanceof PredecessorUnreadable) return OF_THE_PREDECESSOR[thrown.problem];
  if (thrown instanceof DatabaseFailure) return ofOurs(thrown);
  if (thrown instanceof Failure) return thrown.message;
  return "Something went wrong on our side.";
}

function ofOurs({ sqlState, reason }: DatabaseFailure): string {
  if (sqlState?.startsWith("28")) return "Callroom's database refuses the user or the password of DATABASE_URL.";
  if (sqlState === "3D000") return "There is no database of the name that DATABASE_URL has.";
  return reason === "internal"
    ? "Callroom's database refused a statement: npm run db:migrate brings it up to date."
    : "Callroom's database does not answer.";
}
