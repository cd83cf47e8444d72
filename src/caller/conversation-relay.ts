import { LIMITS } from "../limits.ts";
import type { CallerCommand, CallerRead } from "./caller-leg.ts";

/**
 * The ConversationRelay wire: Twilio's JSON text frames into events of ours, and our commands into its frames. Pure.
 * The facts are Twilio's "WebSocket messages" page and recorded calls; see README.md for what they say.
 */

const UNREADABLE: CallerRead = { ok: false };
const IGNORED: CallerRead = { ok: true, event: { type: "ignored" } };

type Frame = Readonly<Record<string, unknown>>;

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

/** One command as the frame that goes out. `handoffData` has to be a string for Twilio, so it is JSON within JSON. */
export function writeCommand(command: CallerCommand): string {
  switch (command.type) {
    case "speech":
      return JSON.stringify({ type: "text", token: command.text, last: command.last });
    case "end":
      return JSON.stringify({ type: "end", handoffData: JSON.stringify(command.handoff) });
    case "error":
      // Not a message that Twilio knows: for clients with a screen only.
      return JSON.stringify({ type: "error", error: command.sentence, code: command.code });
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
  if (typeof digit !== "string" || !/^[0-9*#A-D]$/.test(digit)) return UNREADABLE;
  return { ok: true, event: { type: "dtmf", digit } };
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

/** Postgres stores neither NUL nor half a surrogate pair in text; JSON escapes carry both. */
const storable = (text: string): string => text.replaceAll("\u0000", "").toWellFormed();

function parseObject(text: string): Frame | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Counts brackets outside strings, without parsing: JSON.parse would first build what a nesting bomb asks for. */
function nestsDeeperThan(text: string, levels: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: // "
        inString = !inString;
        break;
      case 0x5c: // a backslash hides the next character
        at++;
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (!inString && ++depth > levels) return true;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        if (!inString) depth--;
        break;
      default:
    }
  }
  return false;
}
