import * as z from "zod";
import type { Budget, Lending } from "../protocol/bill.ts";
import { KEY_SOURCES } from "../protocol/call-record.ts";
import { type CallId, parseCallId } from "../protocol/ids.ts";
import { sessionToken, studentId } from "./call-report.ts";

/*
 * What a call, or whoever else uses a key, asks of the one who counts the money: the workshop's object.
 */

const microUsd = z.int().nonnegative();
const limit = microUsd.nullable();

export const LendingShape: z.ZodType<Lending> = z.object({
  allowed: z.boolean(),
  poolMicroUsd: limit,
  studentMicroUsd: limit,
  callMicroUsd: limit,
  models: z.array(z.string()).nullable(),
});

/**
 * Asked before anything that costs money, and after it. Always the whole sum of the call so far, so that one request that
 * is lost, or comes twice or late, does no harm: the highest sum counts. A refusal takes nothing away of what is held.
 */
export const FundsRequest = z.object({
  /** Of a voice that is tried out: an id made for it. */
  callId: z.custom<CallId>((value) => parseCallId(value) !== undefined),
  sessionToken,
  studentId: studentId.nullable(),
  payer: z.enum(KEY_SOURCES),
  model: z.string(),
  /** All that the call has cost this payer so far. */
  spentMicroUsd: microUsd,
  /** The most that comes next may cost; 0: nothing comes next, what was held is free. */
  needMicroUsd: microUsd,
  /** By the caller's clock, in milliseconds since 1970: what comes late does not undo what was asked after it. */
  askedAtMs: z.number().optional(),
  /** As the workshop's row said when the call began: for an object that was never told. Null: nothing is lent. */
  lending: LendingShape.nullable(),
  /** The student's own cap, likewise. */
  ownCapMicroUsd: limit,
});
export type FundsRequest = z.infer<typeof FundsRequest>;

/** Reasons of `failure.ts`. */
export type FundsRefusal =
  | "allowance_used"
  | "pool_used"
  | "call_budget_used"
  | "own_cap_used"
  | "fallback_off"
  | "model_not_lent";

export type FundsReply =
  /** `untilMs`: from then on it is not held any more. `budget` null: nothing limits this call. */
  | { readonly granted: true; readonly untilMs: number; readonly budget: Budget | null }
  /** `isHeld`: it is not spent, others hold it now, and may not need it. */
  | {
      readonly granted: false;
      readonly reason: FundsRefusal;
      readonly isHeld: boolean;
      readonly budget: Budget | null;
    };
