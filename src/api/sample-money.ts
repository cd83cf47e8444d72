import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { guessOfSample, mostOfSample, type VoiceSample } from "../model/voice-sample.ts";
import { costOf, mostItCanCost } from "../pricing/cost.ts";
import { PRICE_VERSION } from "../pricing/prices.ts";
import { type KeySource, NO_USAGE, type Usage } from "../protocol/call-record.ts";
import type { Charge, ChargeState } from "../protocol/charge.ts";
import { type CallId, callIdFrom } from "../protocol/ids.ts";
import { insertCharge } from "../store/charges.ts";
import type { Student } from "../store/students.ts";
import { lendingOf } from "../store/workshops.ts";
import type { FundsReply } from "../workshop/funds.ts";
import type { ApiContext } from "./deps.ts";
import { noteThrown } from "./replies.ts";

interface Used extends Pick<VoiceSample, "source"> {
  readonly usage: Usage;
}

/** Whoever does not answer is asked again: what was spent must be counted. */
const TRIES = 3;

/**
 * The money of one voice sample: reserved before, as for an answer of a call; a row of the ledger from the moment it is asked
 * for; settled after.
 */
export class SampleMoney {
  readonly #c: ApiContext;
  readonly #student: Student;
  readonly #payer: KeySource;
  readonly #words: string;
  readonly #callId: CallId;
  readonly #atMs: number;

  /** `payer`: whose key makes the sample, and no other. */
  constructor(c: ApiContext, student: Student, payer: KeySource, words: string) {
    this.#c = c;
    this.#student = student;
    this.#payer = payer;
    this.#words = words;
    this.#callId = callIdFrom(c.env.randomBytes(16));
    this.#atMs = c.env.now();
  }

  /**
   * Reserves the most that it can cost, where anybody limits that.
   *
   * @throws Failure with the reason why nothing is lent; on the instructor's key also `unpriced_model` and
   *   `money_unreachable`. A student's own key goes on then: nobody else pays.
   */
  async reserve(): Promise<void> {
    if (!this.#isLimited) return;
    const isLent = this.#payer === "instructor";
    const needMicroUsd = mostItCanCost(this.#model, mostOfSample(this.#words), this.#atMs);
    if (needMicroUsd === null) {
      if (isLent) throw new Failure("unpriced_model");
      return;
    }
    const reply = await this.#ask(0, needMicroUsd);
    if (!reply) {
      if (isLent) throw new Failure("money_unreachable");
      return;
    }
    if (!reply.granted) throw new Failure(reply.reason);
  }

  /** It is being made: if nobody tells what it came to, the ledger has it as the most that it can be. Never rejects. */
  async begin(): Promise<void> {
    await this.#keep(this.#charge(1, "open", { usage: guessOfSample(this.#words) }));
  }

  /** What it came to, for the ledger and for whoever limits it, now or later. Never rejects. */
  async settle({ usage, source }: Omit<VoiceSample, "sound">): Promise<void> {
    const state = usage === null ? "void" : usage.estimated ? "estimated" : "told";
    const charge = this.#charge(2, state, { usage: usage ?? NO_USAGE, source });
    await Promise.all([this.#keep(charge), this.#tell(charge.costMicroUsd ?? 0)]);
  }

  get #isLimited(): boolean {
    return this.#payer === "instructor" || this.#student.ownCapMicroUsd !== null;
  }

  get #model(): string {
    return this.#c.env.settings.voiceModel;
  }

  #charge(revision: number, state: ChargeState, { usage, source }: Used): Charge {
    const charge = {
      seq: 1,
      revision,
      atMs: this.#atMs,
      kind: "sample",
      state,
      payer: this.#payer,
      model: this.#model,
      usage,
      lineMs: 0,
      rawUsage: source?.rawUsage ?? null,
      upstreamId: source?.upstreamId ?? null,
      priceVersion: PRICE_VERSION,
    } as const;
    return { ...charge, costMicroUsd: state === "void" ? 0 : costOf(charge).costMicroUsd };
  }

  async #keep(charge: Charge): Promise<void> {
    const { sessionToken, workshop } = this.#student;
    const owner = { callId: this.#callId, sessionToken, workshopId: workshop?.id ?? null };
    for (let each = 0; each < TRIES; each += 1) {
      const kept = await insertCharge(this.#c.env.database, { ...owner, charge }).catch(noteThrown);
      if (kept === "stored" || kept === "student-gone") return;
    }
  }

  async #tell(spentMicroUsd: number): Promise<void> {
    for (let each = 0; each < TRIES; each += 1) if (await this.#ask(spentMicroUsd, 0)) return;
  }

  /** `undefined`: nobody answers. */
  async #ask(spentMicroUsd: number, needMicroUsd: number): Promise<FundsReply | undefined> {
    const { sessionToken, studentId, workshop, ownCapMicroUsd } = this.#student;
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(late.resolve, LIMITS.workshopMs);
    try {
      const asked = this.#c.env.workshops.funds(workshop?.id ?? null, {
        callId: this.#callId,
        sessionToken,
        studentId,
        payer: this.#payer,
        model: this.#model,
        spentMicroUsd,
        needMicroUsd,
        lending: lendingOf(workshop),
        ownCapMicroUsd,
      });
      return await Promise.race([asked, late.promise]);
    } catch (thrown) {
      noteThrown(thrown);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}
