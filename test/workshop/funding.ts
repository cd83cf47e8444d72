import { LIMITS } from "../../src/limits.ts";
import type { Lending } from "../../src/protocol/bill.ts";
import { Allowance, type KeptMoney } from "../../src/workshop/allowance.ts";
import type { FundsReply, FundsRequest } from "../../src/workshop/funds.ts";
import { callId, studentId, token } from "./class.ts";

export const UNLIMITED: Lending = {
  allowed: true,
  poolMicroUsd: null,
  studentMicroUsd: null,
  callMicroUsd: null,
  models: null,
};

/** What a call of a student asks, both by number. */
export const asking = (call: number, student: number, changed: Partial<FundsRequest> = {}): FundsRequest => ({
  callId: callId(call),
  sessionToken: token(student),
  studentId: studentId(student),
  payer: "instructor",
  model: "gpt-6-luna",
  spentMicroUsd: 0,
  needMicroUsd: 0,
  lending: UNLIMITED,
  ownCapMicroUsd: null,
  ...changed,
});

export const NOTHING_KEPT: KeptMoney = { accounts: [], unreadMicroUsd: 0, lending: undefined, ownCaps: new Map() };

export const newAllowance = (lending: Partial<Lending> = {}): Allowance =>
  new Allowance({ ...NOTHING_KEPT, lending: { ...UNLIMITED, ...lending } });

/** Why it was refused; `granted` when it was not. */
export const verdict = (reply: FundsReply): string => (reply.granted ? "granted" : reply.reason);

export const HOLD_MS = LIMITS.reservationMs;
