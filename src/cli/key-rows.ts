import type { Database } from "../store/database.ts";
import { countStudents, pageOfSealed, reseal, resealWebhookSecret } from "../store/sealed-keys.ts";
import type { KeyRows } from "./key-rotation.ts";

/** The sealed rows of a database. Throws what the store throws. */
export const keyRowsIn = (db: Database): KeyRows => ({
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
