import { Failure } from "../failure.ts";
import { sentinelsIn } from "../store/sentinels.ts";
import type { MasterKeys } from "../vault/master-keys.ts";
import { maySeal } from "../vault/sentinel.ts";
import type { ApiContext } from "./deps.ts";

/**
 * The master keys for whoever is about to store something under them. One query in an isolate's life, as long as all is well.
 *
 * @throws Failure `misconfigured` when they are not those that sealed what is stored: what was written now would be lost with
 * the mistake. Failure `database_unavailable`.
 */
export async function sealingKeys(c: ApiContext): Promise<MasterKeys> {
  const { settings, database, masterKeys, randomBytes } = c.env;
  const keys = await masterKeys();
  const isRight = await maySeal(settings.database.url, sentinelsIn(database), keys, randomBytes);
  if (!isRight) throw new Failure("misconfigured", "ENCRYPTION_KEY");
  return keys;
}
