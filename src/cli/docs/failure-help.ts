import { FAILURES, type Reason } from "../../failure.ts";
import { OF_CALLS } from "./help-of-calls.ts";
import { OF_INSTRUCTORS } from "./help-of-instructors.ts";
import { OF_KEYS_AND_MONEY } from "./help-of-keys-and-money.ts";
import { OF_OPENAI } from "./help-of-openai.ts";
import { OF_REQUESTS } from "./help-of-requests.ts";
import { OF_STUDENTS } from "./help-of-students.ts";

/** Why a reason of `failure.ts` is met, and what to do; `who` meets it, and can do something. In the Markdown of a table. */
export interface Help {
  readonly who: "student" | "instructor" | "developer";
  readonly cause: string;
  readonly fix: string;
}

/** One for each reason: a new one in `failure.ts` does not compile until it has one. */
export const FAILURE_HELP: Readonly<Record<Reason, Help>> = {
  ...OF_STUDENTS,
  ...OF_KEYS_AND_MONEY,
  ...OF_CALLS,
  ...OF_OPENAI,
  ...OF_INSTRUCTORS,
  ...OF_REQUESTS,
};

export const isReason = (text: string): text is Reason => Object.hasOwn(FAILURES, text);

/** What to do about a code, in plain text; `undefined`: it is none of ours. */
export function fixOf(code: string): string | undefined {
  return isReason(code) ? FAILURE_HELP[code].fix.replaceAll("`", "").replaceAll("**", "") : undefined;
}
