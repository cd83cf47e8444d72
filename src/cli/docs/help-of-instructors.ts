import type { Reason } from "../../failure.ts";
import { LIMITS } from "../../limits.ts";
import type { Help } from "./failure-help.ts";

/** The console, and what the Worker needs to run. */
export const OF_INSTRUCTORS = {
  bad_token: {
    who: "instructor",
    cause: "What was typed is not the `INSTRUCTOR_TOKEN` of this Worker.",
    fix: "`npm run setup -- --only class --show-token` prints a link with it. Lost: `npx wrangler secret put INSTRUCTOR_TOKEN` sets another.",
  },
  too_many_logins: {
    who: "instructor",
    cause: `${LIMITS.loginsWithoutWait} wrong tokens came from this network: each next try waits longer, ${LIMITS.loginWaitMaxMs / 60_000} minutes at the most. After ${LIMITS.loginsWrongInAll} wrong ones from anywhere only networks that were right before may try.`,
    fix: "Wait as long as the page says; the right token works then. If it was not you, set a new token.",
  },
  join_code_taken: {
    who: "instructor",
    cause: "Another workshop here has this join code, perhaps an old one.",
    fix: "Take another code, or give the old workshop one.",
  },
  already_erased: {
    who: "instructor",
    cause:
      "The date of erasing has passed: the students of this workshop and all they wrote are gone, as its closing said.",
    fix: "Make a new workshop. The report stays.",
  },
  misconfigured: {
    who: "instructor",
    cause:
      "A variable of the Worker is missing or malformed, and `variable` names it; or `ENCRYPTION_KEY` is not the one that sealed what is stored. Until that is right nothing is answered, so that nothing is open by accident.",
    fix: "`npm run doctor -- --deployed` says what a right value looks like. A secret: `npx wrangler secret put NAME`. Others are in `wrangler.toml`, then `npm run deploy`.",
  },
  database_unavailable: {
    who: "instructor",
    cause: `Postgres did not answer within ${LIMITS.databaseStartMs / 1_000} s: it wakes up, is overloaded, or \`DATABASE_URL\` leads nowhere. Live calls go on and lose nothing.`,
    fix: "Try again in a moment: Neon wakes within a second. When it stays, look at the database's own page, and at `database` on the check page.",
  },
  internal: {
    who: "developer",
    cause:
      "Something that nobody expected. Also: a statement that the database refused, mostly because its migrations are not applied; a call that could not be told that it is over.",
    fix: "Try again. Then look for the reply's `requestId` in the Worker's log (`npx wrangler tail`, not during a class), and at `migrations` on the check page.",
  },
} as const satisfies Partial<Record<Reason, Help>>;
