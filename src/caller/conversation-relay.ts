import { LIMITS } from "../limits.ts";
import type { CallerCommand, CallerRead } from "./caller-leg.ts";
import { type Frame, isDigit, isRecord, nestsDeeperThan, parseObject, storable } from "./frame-text.ts";

/**
 * The ConversationRelay wire: Twilio's JSON text frames into events of ours, and our commands into its frames. Pure.
 * The facts are Twilio's "WebSocket messages" page and recorded calls; see README.md for what they say.
 */

const UNREADABLE: CallerRead = { ok: false };
const IGNORED: CallerRead = { ok: true, event: { type: "ignored" } };

/**
 * Reads one frame of the caller. Never throws: what is not JSON, not an object, nested deeper than
 * `LIMITS.frameDepth`, or lacks a field its type needs is `{ ok: false }`; unknown types and keys mean nothing to us.
 */
export function readFrame(text: string): CallerRead {
  if (nestsDeeperThan(text, LIMITS.frameDepth)) return UNREADABLE;
  const frame = parseObject(text);
  switch (frame?.type) {
    case "prompt":
      return readPrompt(frame);
    case "info":
      return readInfo(frame);
    case "interrupt":
      return readInterrupt(frame);
    case "dtmf":
      return readDtmf(frame);
    case "setup":
      return readSetup(frame);
    case "error":
      return { ok: true, event: { type: "carrier-error", code: errorCode(frame.description) } };
    default:
      return typeof frame?.type === "string" ? IGNORED : UNREADABLE;
  }
}

/** One command as the frame that goes out; `undefined`: this wire has no words for it. `handoffData` has to be a string for Twilio, so it is JSON within JSON. */
export function writeCommand(command: CallerCommand): string | undefined {
  switch (command.type) {
    case "speech":
      return JSON.stringify({ type: "text", token: command.text, last: command.last });
    case "end":
      return JSON.stringify({ type: "end", handoffData: JSON.stringify(command.handoff) });
    case "error":
      // Not a message that Twilio knows: for clients with a screen only.
      return JSON.stringify({ type: "error", error: command.sentence, code: command.code });
    default:
      return undefined;
  }
}

function readSetup(frame: Frame): CallerRead {
  const { callSid = "", accountSid = "", customParameters = {} } = frame;
  if (typeof callSid !== "string" || typeof accountSid !== "string" || !isRecord(customParameters)) return UNREADABLE;
  if (!Object.values(customParameters).every((value) => typeof value === "string")) return UNREADABLE;
  const greeting = customParameters.welcomeGreeting;
  return {
    ok: true,
    event: {
      type: "leg-start",
      phoneCallId: callSid === "" ? undefined : callSid,
      greetedByCarrier: greeting !== undefined && greeting !== "" && greeting !== "false",
      fromCarrier: accountSid.startsWith("AC"),
    },
  };
}

function readPrompt({ voicePrompt, last }: Frame): CallerRead {
  if (typeof voicePrompt !== "string" || typeof last !== "boolean") return UNREADABLE;
  const text = storable(voicePrompt).trim();
  if (text === "") return IGNORED;
  return { ok: true, event: last ? { type: "utterance", text } : { type: "utterance-interim" } };
}

/** A duration nobody can read must not cost the barge-in itself: the text is what history is cut by. */
function readInterrupt({ utteranceUntilInterrupt, durationUntilInterruptMs }: Frame): CallerRead {
  if (typeof utteranceUntilInterrupt !== "string") return UNREADABLE;
  const heardMs = readMs(durationUntilInterruptMs);
  return { ok: true, event: { type: "barge-in", heardText: storable(utteranceUntilInterrupt), heardMs } };
}

function readDtmf({ digit }: Frame): CallerRead {
  return isDigit(digit) ? { ok: true, event: { type: "dtmf", digit } } : UNREADABLE;
}

function readInfo({ name, value }: Frame): CallerRead {
  if (name !== "agentSpeaking" || (value !== "on" && value !== "off")) return IGNORED;
  return { ok: true, event: { type: "playback", playing: value === "on" } };
}

/** Twilio's documentation has shown the duration as a number and as a string. */
function readMs(value: unknown): number | undefined {
  const ms = typeof value === "string" && /^\d{1,9}(\.\d+)?$/.test(value) ? Number(value) : value;
  return typeof ms === "number" && Number.isFinite(ms) && ms >= 0 ? Math.round(ms) : undefined;
}

/**
 * The number out of `Invalid message received, code: 64107, {"type":…}`. What follows the first brace is our own frame
 * quoted back, which holds what the agent said: never looked at.
 */
function errorCode(description: unknown): string {
  const words = typeof description === "string" ? description.split("{", 1)[0] : undefined;
  return words?.match(/\bcode:?\s{0,4}(\d{5})\b/i)?.[1] ?? "unknown";
}
