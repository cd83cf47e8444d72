import { Failure } from "../failure.ts";
import { parseJoinCode } from "../protocol/ids.ts";
import type { HealthCheck } from "../protocol/rest.ts";
import { findWorkshopByJoinCode } from "../store/workshops.ts";
import type { ApiContext } from "./deps.ts";
import { endpoint } from "./endpoint.ts";
import { failed, noteThrown, succeeded } from "./replies.ts";
import { healthReply } from "./reply-schemas.ts";
import { sealingKeys } from "./sealing-keys.ts";

export const health = endpoint("anyone", {
  summary: "Whether the database answers and the secrets can be used.",
  reply: healthReply,
  fails: [],
  handle: async (c) => {
    const [database, secrets] = await Promise.all([outcomeOf(() => askDatabase(c)), outcomeOf(() => useMasterKeys(c))]);
    const checks = { database, secrets };
    if (secrets === "failed") return failed(c, "misconfigured", { checks });
    if (database === "failed") return failed(c, "database_unavailable", { checks });
    return succeeded(c, { success: true, checks });
  },
});

/** Asks for one row of a table of ours, by an index: a database without our tables is not healthy either. */
async function askDatabase(c: ApiContext): Promise<void> {
  const nobodys = parseJoinCode("HEALTHZ");
  if (!nobodys) throw new Failure("internal");
  await findWorkshopByJoinCode(c.env.database, nobodys);
}

/** They must be those that sealed what is stored. Of a database that does not answer the other check tells. */
async function useMasterKeys(c: ApiContext): Promise<void> {
  await sealingKeys(c).catch((thrown: unknown) => {
    if (!(thrown instanceof Failure) || thrown.reason === "misconfigured") throw thrown;
  });
}

const outcomeOf = (check: () => Promise<unknown>): Promise<HealthCheck> =>
  check().then(
    () => "ok" as const,
    (thrown) => {
      noteThrown(thrown);
      return "failed" as const;
    },
  );
