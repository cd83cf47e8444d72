import type { CallerCommand } from "../caller/caller-leg.ts";
import { writeCommand } from "../caller/conversation-relay.ts";
import { readSettings } from "../env.ts";
import { type Reason, reasonOf } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import { log } from "../log.ts";
import type { ModelLeg } from "../model/model-leg.ts";
import { openAiClient } from "../model/openai-client.ts";
import { responsesLeg, type StartTimer } from "../model/responses.ts";
import { voiceOf } from "../protocol/agent-config.ts";
import type { CallMessage } from "../protocol/call-messages.ts";
import type { CallRecord } from "../protocol/call-record.ts";
import type { KeyStatus } from "../protocol/rest.ts";
import { archiveCall } from "../store/calls.ts";
import { type Database, openDatabase } from "../store/database.ts";
import { noteKeyUse, reseal } from "../store/sealed-keys.ts";
import { findStudent } from "../store/students.ts";
import { lendingOf } from "../store/workshops.ts";
import type { ApiKey } from "../vault/api-key.ts";
import { workshopStub } from "../workshop/workshop-object.ts";
import { Call } from "./call.ts";
import { CallFunds } from "./call-funds.ts";
import { CallRunner } from "./call-runner.ts";
import { openApiKey, openWebhookSecret, type Resealed, randomBelow, strangeKid } from "./call-secrets.ts";
import { agentConfigOf, answerTokensOf, type CallStart } from "./call-start.ts";
import type { CallStorage } from "./call-storage.ts";
import { Outbox } from "./outbox.ts";
import { ToolRunner } from "./tool-runner.ts";
import { turnMessage } from "./turn-message.ts";
import { mintResumeTicket, soundOf, voiceWorld } from "./voice-world.ts";
import { WorkshopLink } from "./workshop-link.ts";

/** What the Durable Object lends to its call. */
export interface CallShell {
  readonly env: Cloudflare.Env;
  readonly storage: CallStorage;
  readonly sendText: (frame: string) => void;
  readonly close: (closeCode: number) => void;
  readonly arm: (atMs: number) => void;
  readonly settle: () => void;
  /** Keeps the object awake for work that nobody waits for. */
  readonly background: (work: Promise<unknown>) => void;
  /**
   * This object may run with variables of before the master key was renewed. Ends it, so that it comes back with those of
   * today, once for each `kid`; false: it has been done.
   */
  readonly startAgain: (kid: string) => boolean;
}

type CallStartMessage = Extract<CallMessage, { type: "call-start" }>;

export interface LiveCall {
  readonly runner: CallRunner;
  readonly outbox: Outbox;
  readonly workshop: WorkshopLink;
  readonly start: CallStart;
  /** Takes what the student has now for the next turn. The payer stays: without the key it runs on, the call ends. */
  takeKey(now: StudentNow): void;
  /** Asks whether the call may go on: the key opens, and the workshop has room. A reason refuses it. */
  admission(): Promise<Reason | undefined>;
  /** The student sees when the key was last used. */
  noteKeyUsed(): void;
  /** First message to a browser. */
  introduction(): Promise<CallStartMessage>;
  /** Asks what the student has now, and takes it. */
  reloadKey(): Promise<void>;
  /** Says that the call is over, and what it has spent; false when that could not be said. */
  leave(): Promise<boolean>;
}

/** What may change of a student while a call goes on. */
export type StudentNow = Pick<CallStart, "sealedKey" | "sealedWebhookSecret" | "ownCapMicroUsd" | "lending">;

const startTimer: StartTimer = (run, afterMs) => {
  const timer = setTimeout(run, afterMs);
  return () => clearTimeout(timer);
};

/** Wires a call to its legs, store, vault and tools; the only place where all of them meet. */
export function assembleCall(
  kept: Exclude<ReturnType<CallStorage["read"]>, "over" | undefined>,
  shell: CallShell,
): LiveCall {
  const settings = readSettings(shell.env);
  const { callId, sessionToken } = kept.start;
  const database = (timeoutMs: number): Database => openDatabase(settings.database, timeoutMs);
  let start = kept.start;
  let leg: Promise<ModelLeg> | undefined;

  const resealStart = (resealed: Resealed): void => {
    start = { ...start, sealedKey: resealed.to };
    shell.storage.keepStart(start);
    shell.background(
      reseal(database(LIMITS.outboxDrainMs), sessionToken, resealed).then(
        () => log({ event: "key-resealed", callId }),
        () => {},
      ),
    );
  };
  const openKey = async (): Promise<ApiKey> => {
    try {
      return await openApiKey(settings, start, resealStart);
    } catch (thrown) {
      // A call that has opened a key before, and now is given one under a master key that it never heard of.
      const kid = call.progress.admitted ? await strangeKid(settings, start) : undefined;
      if (kid === undefined || !shell.startAgain(kid)) throw thrown;
      return new Promise(() => {});
    }
  };
  const openLeg = async (): Promise<ModelLeg> => {
    const apiKey = await openKey();
    const client = openAiClient(apiKey, settings.openaiBaseUrl, fetch);
    return responsesLeg({ client, model: start.model, cacheKey: callId, startTimer, nowMs: Date.now });
  };
  const modelLeg = (): Promise<ModelLeg> => {
    leg ??= openLeg().catch((thrown: unknown) => {
      leg = undefined;
      throw thrown;
    });
    return leg;
  };

  const tools = new ToolRunner(callId, {
    nowMs: Date.now,
    randomBelow,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    webhook: async () => {
      const secret = await openWebhookSecret(settings, start);
      if (secret === undefined) return undefined;
      const { ownHost } = start;
      const rules = { urlCharacters: LIMITS.urlCharacters, ownHost, standinOrigin: settings.webhookStandinOrigin };
      return { nowMs: Date.now, fetch: (input, init) => fetch(input, init), secret, rules };
    },
  });

  const noteKey = (status: KeyStatus | undefined): void => {
    if (start.keySource !== "student" || start.sealedKey === null) return;
    // Said of the key that this call ran on: the student may have another one by now.
    const note = {
      atMs: Date.now(),
      ...(status ? { status } : {}),
      ifSealed: start.sealedKey,
    };
    shell.background(noteKeyUse(database(LIMITS.outboxDrainMs), sessionToken, note).catch(() => {}));
  };

  const call = new Call(
    {
      callId,
      config: agentConfigOf(start),
      payer: start.keySource,
      model: start.model,
      transcriptionModel: start.transcriptionModel,
      answerTokens: answerTokensOf(start),
      startedAtMs: start.startedAtMs,
      callMaxMs: start.callMaxMs,
      resumable: start.resumable,
      carrierGreets: start.carrierGreets,
      sound: soundOf(start.wayIn),
      firstLegMs: soundOf(start.wayIn) ? LIMITS.ticketMs : LIMITS.firstMessageMs,
    },
    kept.progress,
    kept.turns,
    kept.charges,
  );
  const workshop = new WorkshopLink(call, {
    nowMs: Date.now,
    startTimer,
    workshop: () => workshopStub(shell.env, start.workshopId),
    start: () => start,
    watch: shell.storage.watch,
    keepWatch: (watch) => shell.storage.keepWatch(watch),
    hasLeft: shell.storage.hasLeft,
    keepLeft: () => shell.storage.keepLeft(),
    onSilence: (asked) => log({ event: "workshop-silent", callId, asked }),
  });
  const funds = new CallFunds(call, {
    nowMs: Date.now,
    startTimer,
    start: () => start,
    ask: (request) => workshopStub(shell.env, start.workshopId).funds(request),
    dispatch: (event) => runner.dispatch(event),
    onSilence: () => log({ event: "workshop-silent", callId, asked: "funds" }),
  });
  const record = (): CallRecord => ({
    id: callId,
    revision: [...call.transcript.turns, ...call.ledger.charges].reduce(
      (sum, { revision }) => sum + revision,
      call.progress.revision,
    ),
    sessionToken,
    workshopId: start.workshopId,
    wayIn: start.wayIn,
    startedAtMs: start.startedAtMs,
    endedAtMs: call.progress.endedAtMs,
    endReason: call.progress.endReason,
    keySource: start.keySource,
    model: start.model,
    transcriptionModel: start.transcriptionModel,
    usage: call.ledger.usage,
  });
  const runner = new CallRunner(call, {
    nowMs: Date.now,
    startTimer,
    keepTurn: (turn) => shell.storage.keepTurn(turn),
    keepCharge: (charge) => shell.storage.keepCharge(charge),
    keepProgress: (progress) => shell.storage.keepProgress(progress),
    sendToCaller: (command: CallerCommand) => {
      const frame = writeCommand(command);
      if (frame !== undefined) shell.sendText(frame);
    },
    closeLeg: shell.close,
    modelLeg,
    cover: (request) => funds.cover(request),
    isLimited: () => funds.isLimited,
    voice: {
      ...voiceWorld(
        () => start,
        settings,
        openKey,
        () => funds.openSound(),
        shell.env.ASSETS,
      ),
      isFunded: () => funds.passesSound,
    },
    tools,
    archive: shell.settle,
    keyRefused: (reason) => noteKey(STATUS_OF_REASON[reason]),
    setAlarm: shell.arm,
    changed() {
      funds.changed();
      workshop.changed();
    },
    log,
    reasonOf,
  });

  return {
    runner,
    outbox: new Outbox(
      shell.storage,
      (turns, charges) => {
        const { costMicroUsd } = call.ledger.bill;
        return archiveCall(database(LIMITS.outboxDrainMs), { call: record(), turns, charges, costMicroUsd });
      },
      Date.now,
      startTimer,
      (rows, retryMs) => log({ event: "archive-failed", callId, rows, retryMs }),
    ),
    workshop,
    get start() {
      return start;
    },
    takeKey({ sealedKey: theirs, sealedWebhookSecret, ownCapMicroUsd, lending }) {
      const isOwn = start.keySource === "student";
      const sealedKey = isOwn ? theirs : start.sealedKey;
      const isOther = sealedKey !== start.sealedKey;
      start = { ...start, sealedKey, sealedWebhookSecret, ownCapMicroUsd, lending };
      shell.storage.keepStart(start);
      if (isOwn && sealedKey === null) return runner.dispatch({ type: "refused", reason: "no_key" });
      const isLent = settings.instructorApiKey !== undefined && lending?.allowed === true;
      if (!isOwn && !isLent) return runner.dispatch({ type: "refused", reason: "fallback_off" });
      if (!isOther) return;
      leg = undefined;
      if (call.voice) runner.dispatch({ type: "key-changed" });
    },
    async admission() {
      const opened = (call.voice ? openKey() : modelLeg()).then(
        () => undefined,
        (thrown: unknown) => reasonOf(thrown),
      );
      const [reason, refusal, moneyRefusal] = await Promise.all([opened, workshop.enter(), funds.admit()]);
      if (reason === "key_unreadable") log({ event: "key-unreadable", callId });
      return reason ?? refusal ?? moneyRefusal;
    },
    async introduction() {
      const { progress, transcript } = call;
      return {
        type: "call-start",
        callId,
        resumed: progress.legs > 0,
        keySource: start.keySource,
        model: start.model,
        voice: voiceOf(start.voice),
        startedAtMs: start.startedAtMs,
        endsAtMs: start.startedAtMs + start.callMaxMs,
        resumeTicket: await mintResumeTicket(start, settings),
        turns: transcript.turns.map(turnMessage),
      };
    },
    noteKeyUsed() {
      if (call.ledger.usage.responses > 0) noteKey(undefined);
    },
    async reloadKey() {
      const student = await findStudent(database(LIMITS.databaseStartMs), sessionToken).catch(reasonOf);
      // Without knowing which key the student has now, none may be used.
      if (typeof student === "string") return runner.dispatch({ type: "refused", reason: student });
      if (!student) return runner.dispatch({ type: "refused", reason: "revoked" });
      const { sealedKey, sealedWebhookSecret, ownCapMicroUsd } = student;
      this.takeKey({ sealedKey, sealedWebhookSecret, ownCapMicroUsd, lending: lendingOf(student.workshop) });
    },
    async leave() {
      const isSettled = await funds.close();
      return (await workshop.leave()) && isSettled;
    },
  };
}

/** What a student sees of their key after OpenAI refused it in a call. */
const STATUS_OF_REASON: Partial<Record<Reason, KeyStatus>> = {
  key_rejected: "rejected",
  key_restricted: "restricted",
  no_credit: "no_credit",
};
