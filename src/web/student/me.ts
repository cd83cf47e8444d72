import { PATIENCES, type Patience, TURN_ENDS, type TurnEnd } from "../../protocol/agent-config.ts";
import { KEY_SOURCES } from "../../protocol/call-record.ts";
import { readEstimate } from "../../protocol/read-bill.ts";
import { type Fields, fields, flag, list, number, oneOf, orNull, words } from "../../protocol/read-fields.ts";
import { type MeReply, SHOWN_KEY_STATUSES, WORKSHOP_STATES } from "../../protocol/rest.ts";
import { readClosing } from "../read-closing.ts";

/** What the server knows of the student who is signed in. */
export type Me = Omit<MeReply, "success">;
export type Config = Me["config"];

/** @throws Unreadable */
export function readMe(reply: Fields & Partial<Record<keyof MeReply, unknown>>): Me {
  return {
    studentId: words(reply.studentId),
    name: orNull(words, reply.name),
    email: orNull(words, reply.email),
    workshop: orNull(readWorkshop, reply.workshop),
    config: readConfig(reply.config),
    key: orNull(readKey, reply.key),
    payer: orNull((value) => oneOf(KEY_SOURCES, value), reply.payer),
    fallback: flag(reply.fallback),
    recovery: { set: flag(fields(reply.recovery).set) },
    phone: flag(reply.phone),
    models: readModels(reply.models),
    estimates: readEstimates(reply.estimates),
    ownCapMicroUsd: orNull(number, reply.ownCapMicroUsd),
    webhookSecret: { set: flag(fields(reply.webhookSecret).set) },
    websocketUrl: words(reply.websocketUrl),
    voiceUrl: words(reply.voiceUrl),
    limits: readLimits(reply.limits),
  };
}

function readWorkshop(value: unknown): NonNullable<Me["workshop"]> {
  const { id, name, state, opensAt, closesAt, closing } = fields(value);
  return {
    id: words(id),
    name: words(name),
    state: oneOf(WORKSHOP_STATES, state),
    opensAt: orNull(words, opensAt),
    closesAt: orNull(words, closesAt),
    closing: orNull(readClosing, closing),
  };
}

function readConfig(value: unknown): Config {
  const { prompt, greeting, voice, tools, language, turnEnd, patience } = fields(value);
  return {
    prompt: orNull(words, prompt),
    greeting: orNull(words, greeting),
    voice: orNull(words, voice),
    tools: list(tools),
    language: orNull(words, language),
    turnEnd: orNull((end): TurnEnd => oneOf(TURN_ENDS, end), turnEnd),
    patience: orNull((much): Patience => oneOf(PATIENCES, much), patience),
  };
}

/** A key as its student sees it. */
export function readKey(value: unknown): NonNullable<Me["key"]> {
  const { status, hint, connectedAt, lastUsedAt } = fields(value);
  return {
    status: oneOf(SHOWN_KEY_STATUSES, status),
    hint: orNull(words, hint),
    connectedAt: orNull(words, connectedAt),
    lastUsedAt: orNull(words, lastUsedAt),
  };
}

function readModels(value: unknown): Me["models"] {
  const { text, voice } = fields(value);
  return { text: words(text), voice: words(voice) };
}

function readEstimates(value: unknown): Me["estimates"] {
  const { browser, text, phone } = fields(value);
  return { browser: readEstimate(browser), text: readEstimate(text), phone: readEstimate(phone) };
}

function readLimits(value: unknown): Me["limits"] {
  const limits = fields(value);
  return {
    bodyBytes: number(limits.bodyBytes),
    promptBytes: number(limits.promptBytes),
    greetingBytes: number(limits.greetingBytes),
    nameBytes: number(limits.nameBytes),
    tools: number(limits.tools),
    callMs: number(limits.callMs),
    callsAtOnce: number(limits.callsAtOnce),
    keyChecksPerMinute: number(limits.keyChecksPerMinute),
  };
}
