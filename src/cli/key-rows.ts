import type { Database } from "../store/database.ts";
import { countRecoveryDigests } from "../store/recovery.ts";
import { countStudents, pageOfSealed, reseal, resealWebhookSecret } from "../store/sealed-keys.ts";
import { sentinelsIn } from "../store/sentinels.ts";
import type { KeyStore } from "./key-world.ts";

/** What stands under a master key in a database. Throws what the store throws. */
export const keyStoreIn = (db: Database): KeyStore => ({
  sentinels: sentinelsIn(db),
  words: () => countRecoveryDigests(db),
  count: () => countStudents(db),
  page: async (after, limit) => {
    const rows = await pageOfSealed(db, { after, limit });
    return rows.map(({ sessionToken, sealed, sealedWebhookSecret }) => ({
      sessionToken,
      "openai-key": sealed,
      "webhook-secret": sealedWebhookSecret,
    }));
  },
  reseal: (purpose, sessionToken, change) =>
    (purpose === "openai-key" ? reseal : resealWebhookSecret)(db, sessionToken, change),
});
