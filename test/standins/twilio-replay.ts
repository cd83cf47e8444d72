import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as z from "zod";
import { type CallOptions, placeCall, type TwilioPhone } from "./twilio-phone.ts";

/** One line of a recorded call; see the README of the shared fixtures. */
const Line = z.discriminatedUnion("dir", [
  z.object({
    ms: z.number(),
    dir: z.literal("http"),
    path: z.enum(["/voice", "/action"]),
    form: z.record(z.string(), z.string()),
  }),
  z.object({
    ms: z.number(),
    dir: z.literal("ws"),
    event: z.enum(["handshake", "open", "close"]),
    code: z.number().optional(),
  }),
  z.object({
    ms: z.number(),
    dir: z.literal("in"),
    session: z.number(),
    frame: z.looseObject({ type: z.string() }),
  }),
  z.object({ ms: z.number(), dir: z.literal("note"), say: z.string() }),
]);
export type RecordedLine = z.infer<typeof Line>;

export interface ReplayOptions extends Omit<CallOptions, "playback" | "form"> {
  /** `turns` (default): as fast as the turns allow. `original`: as long as the call took. */
  readonly pace?: "turns" | "original";
  /** Whether our agent greets, as the recorded application did. */
  readonly greets?: boolean;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** Where a recorded call lies, or undefined on a machine without the recordings. */
export function recordingPath(name: "barge-in" | "socket-drop" | "end-then-reconnect"): string | undefined {
  const path = resolve(import.meta.dirname, `../../../shared/fixtures/conversationrelay/${name}.jsonl`);
  return existsSync(path) ? path : undefined;
}

export function readRecording(path: string): readonly RecordedLine[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => Line.parse(JSON.parse(line)));
}

/**
 * Plays what Twilio sent in a recorded call to our server: frames verbatim, the session's end by its recorded cause. Ids
 * are new, so that one server can hear a recording twice. By turns, the recorded `agentSpeaking on` waits until our agent
 * has finished a turn that it owes, and a call is not hung up on an unanswered question. Returns the phone when the
 * recording is through, or when our server has ended the call earlier than the recorded one did.
 */
export async function replay(path: string, options: ReplayOptions): Promise<TwilioPhone> {
  const { pace = "turns", greets = true, sleep = realSleep } = options;
  const lines = readRecording(path);
  const ring = lines.find((line) => line.dir === "http" && line.path === "/voice");
  if (ring?.dir !== "http") throw new Error("a recording begins with the voice webhook");
  const phone = await placeCall({ ...options, form: ring.form, playback: "by-hand" });

  let owesTurn = greets;
  let isSilent = false;
  let atMs = ring.ms;
  for (const [index, line] of lines.entries()) {
    if (phone.isOver) break;
    if (pace === "original") await sleep(Math.max(0, line.ms - atMs));
    atMs = Math.max(atMs, line.ms);
    if (line.dir === "ws" && line.event === "close") {
      if (pace === "turns" && owesTurn) await phone.waitForTurn();
      owesTurn = false;
      await endAsRecorded(phone, line.code, lines.slice(index + 1));
    }
    if (line.dir !== "in" || line.frame.type === "setup") continue;
    const { frame } = line;
    await phone.waitForSession(line.session);
    if (isSpeechStart(frame) && pace === "turns") {
      // A resumed session: the recorded application greeted again, ours has nothing to say.
      isSilent = !owesTurn;
      if (owesTurn) await phone.waitForTurn();
      owesTurn = false;
    }
    if (isSilent && isAboutSpeech(frame)) continue;
    phone.send(frame);
    if (frame.type === "dtmf" || (frame.type === "prompt" && frame.last === true)) owesTurn = true;
  }
  return phone;
}

/** The session's end is told by the action post that follows it. */
async function endAsRecorded(
  phone: TwilioPhone,
  closeCode: number | undefined,
  rest: readonly RecordedLine[],
): Promise<void> {
  const action = rest.find((line) => line.dir === "http");
  if (action?.dir === "http" && action.form.SessionStatus === "ended") {
    await phone.endSession(action.form.HandoffData ?? "");
  } else if (closeCode === 1000) await phone.hangUp();
  else await phone.drop();
}

type RecordedFrame = Readonly<Record<string, unknown>>;

const isSpeechStart = (frame: RecordedFrame): boolean => frame.name === "agentSpeaking" && frame.value === "on";
const isAboutSpeech = (frame: RecordedFrame): boolean =>
  frame.name === "agentSpeaking" || frame.name === "tokensPlayed";
const realSleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
