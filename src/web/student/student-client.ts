import { KEY_SOURCES, type KeySource } from "../../protocol/call-record.ts";
import { fields, list, number, oneOf, orNull, Unreadable, words } from "../../protocol/read-fields.ts";
import { type KeyReply, type PromptVersion, SAVERS } from "../../protocol/rest.ts";
import { type Answer, ask, nothing } from "../rest-client.ts";
import { BAD_REPLY_WORDS, NO_SERVER_WORDS } from "../words.ts";
import { readKey } from "./me.ts";

/** The routes by which a student comes, goes, and makes their agent. */

export interface Joined {
  /** As the server has it: with a number behind it where somebody has the name already. */
  readonly name: string;
  readonly recoveryPhrase: string;
}

export const joinWorkshop = (joinCode: string, name: string): Promise<Answer<Joined>> =>
  ask("POST", "/api/join", (reply) => ({ name: words(reply.name), recoveryPhrase: words(reply.recoveryPhrase) }), {
    joinCode,
    name,
  });

/** Signs this browser in as whoever has these words. */
export const recover = (recoveryPhrase: string): Promise<Answer<null>> =>
  ask("POST", "/api/recover", nothing, { recoveryPhrase });

/** Signs this browser out. */
export const leave = (): Promise<Answer<null>> => ask("POST", "/api/leave", nothing, {});

export const eraseMe = (): Promise<Answer<null>> => ask("DELETE", "/api/me", nothing);

export const newRecoveryPhrase = (): Promise<Answer<string>> =>
  ask("POST", "/api/me/recovery-phrase", ({ recoveryPhrase }) => words(recoveryPhrase), {});

export const connectKey = (openaiApiKey: string): Promise<Answer<KeyReply["key"]>> =>
  ask("PUT", "/api/me/key", ({ key }) => readKey(key), { openaiApiKey });

export const forgetKey = (): Promise<Answer<null>> => ask("DELETE", "/api/me/key", nothing);

/** Newest first. */
export const promptVersions = (): Promise<Answer<readonly PromptVersion[]>> =>
  ask("GET", "/api/me/prompts", ({ versions }) => list(versions).map(readVersion));

function readVersion(value: unknown): PromptVersion {
  const { savedAt, prompt, savedBy } = fields(value);
  return {
    savedAt: words(savedAt),
    prompt: orNull(words, prompt),
    savedBy: oneOf(SAVERS, savedBy),
  };
}

export interface CallBrief {
  readonly id: string;
  readonly keySource: KeySource;
  readonly turnCount: number;
}

/** The latest calls, newest first. */
export const latestCalls = (): Promise<Answer<readonly CallBrief[]>> =>
  ask("GET", "/api/me/calls", ({ calls }) => list(calls).map(readBrief));

function readBrief(value: unknown): CallBrief {
  const { id, keySource, turnCount } = fields(value);
  return { id: words(id), keySource: oneOf(KEY_SOURCES, keySource), turnCount: number(turnCount) };
}

/** Whether a tool of the agent's was called in that call. */
export const usedTool = (callId: string): Promise<Answer<boolean>> =>
  ask("GET", `/api/me/calls/${encodeURIComponent(callId)}`, ({ turns }) =>
    list(turns).some((turn) => fields(turn).speaker === "tool"),
  );

/** The saved greeting in that voice: a WAV file. */
export async function voiceSample(voice: string): Promise<Answer<ArrayBuffer>> {
  try {
    const response = await fetch("/api/me/voice-sample", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ voice }),
    });
    if (response.ok) return { ok: true, value: await response.arrayBuffer() };
    const { code, error } = fields(await response.json());
    return { ok: false, code: words(code), sentence: words(error), field: null, reply: {} };
  } catch (thrown) {
    const isUnreadable = thrown instanceof SyntaxError || thrown instanceof Unreadable;
    const code = isUnreadable ? "unreadable" : "offline";
    return { ok: false, code, sentence: isUnreadable ? BAD_REPLY_WORDS : NO_SERVER_WORDS, field: null, reply: {} };
  }
}
