import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { SpendReply } from "../protocol/rest-workshop.ts";
import { spendOf } from "../store/spend.ts";
import { topUp } from "../store/workshops.ts";
import { endpoint } from "./endpoint.ts";
import { isoTime, succeeded } from "./replies.ts";
import { spendReply, workshopReply } from "./reply-schemas-workshop.ts";
import { topUpRequest } from "./schemas-workshop.ts";
import { lendingTold } from "./workshop-lending.ts";
import { soon, workshopIdOf } from "./workshop-of.ts";
import { workshopAnswer } from "./workshop-settings.ts";

/**
 * Beside whatever else changes the sum, so two consoles can add at once. Asked for again it adds again: when nobody could
 * be told of it, it is taken back, and a failure means that nothing was added.
 */
export const topUpPool = endpoint("instructor", {
  summary: "Adds to what all students together may use of the instructor's key. A failure adds nothing.",
  body: topUpRequest,
  reply: workshopReply,
  fails: ["not_found"],
  handle: async (c, { body: { microUsd } }) => {
    const { database } = c.env;
    const workshop = await topUp(database, workshopIdOf(c), microUsd);
    if (workshop === "too-much") {
      throw new Failure("bad_request", `microUsd: must not bring the pool over ${LIMITS.moneyMaxMicroUsd}`);
    }
    if (!workshop) throw new Failure("not_found");
    try {
      return workshopAnswer(c, await lendingTold(c, workshop));
    } catch (thrown) {
      const before = await topUp(database, workshop.id, -microUsd);
      if (before && before !== "too-much") soon(c, lendingTold(c, before));
      throw thrown;
    }
  },
});

export const showSpend = endpoint("instructor", {
  summary: "What each student has used of each model, by payer, from the ledger.",
  reply: spendReply,
  fails: ["not_found"],
  handle: async (c) => {
    const spend = await spendOf(c.env.database, workshopIdOf(c));
    if (!spend) throw new Failure("not_found");
    return succeeded<SpendReply>(c, {
      success: true,
      rows: spend.rows.map((row) => ({
        studentId: row.studentId,
        name: row.name,
        payer: row.payer,
        kind: row.kind,
        model: row.model,
        charges: row.charges,
        inputTokens: row.inputTokens,
        outputTokens: row.outputTokens,
        lineMs: row.lineMs,
        costMicroUsd: row.costMicroUsd,
        unpriced: row.unpriced,
        lastAt: isoTime(row.lastAtMs),
      })),
      unreadable: spend.unreadable,
    });
  },
});
