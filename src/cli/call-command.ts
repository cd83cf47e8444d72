import type { Readable, Writable } from "node:stream";
import * as z from "zod";
import type { CallSocketWorld } from "../web/call-socket.ts";
import { closeSentence } from "../web/close-sentence.ts";
import { CALL_USAGE, type CallOptions, readCallOptions } from "./call-options.ts";
import { CallRest, CallTrouble, nothingAnswers, type ShownCall } from "./call-rest.ts";
import type { Configuration } from "./configuration.ts";
import { linesOf, sayAll, talk } from "./converse.ts";
import { CallPrinter, handoffSentence, printable } from "./print-call.ts";
import type { Terminal } from "./progress.ts";
import { connectRelay, type RelayClient } from "./relay-client.ts";
import { parseJson, RelayRefused } from "./relay-refusal.ts";
import { newestOf, showRecord } from "./show-record.ts";
import { placeVoiceCall } from "./voice-command.ts";
import { readRecorded, type SoundFiles, writeHeard } from "./voice-files.ts";
import { writeWav } from "./wav.ts";

/* `npm run call`: one call, from joining to its record; in text over ConversationRelay, or with sound as a browser's. */

/** What the command needs of the outside. */
export interface CallSurroundings {
  readonly configuration: Configuration;
  readonly input: Readable & { readonly isTTY?: boolean | undefined };
  readonly out: Writable & { readonly isTTY?: boolean | undefined };
  readonly err: Terminal;
  readonly files: SoundFiles;
  /** For calls with sound. */
  readonly callWorld: CallSocketWorld;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Calls back when the person wants to hang up (Ctrl-C), until the returned function is called. */
  readonly onHangUp: (hangUp: () => void) => () => void;
}

/** 0: the call was made and ended in order. 1: it could not be made, or failed. 2: the arguments are not understood. */
export type ExitCode = 0 | 1 | 2;

export async function callCommand(args: readonly string[], surroundings: CallSurroundings): Promise<ExitCode> {
  const { configuration, out, err } = surroundings;
  try {
    const read = readCallOptions(args, configuration);
    switch (read.wish) {
      case "help":
        out.write(CALL_USAGE);
        return 0;
      case "not-understood":
        err.write(`${read.problem}\n\n${CALL_USAGE}`);
        return 2;
      case "call":
        return await placeCall(read.options, surroundings);
    }
  } catch (thrown) {
    if (!(thrown instanceof CallTrouble)) throw thrown;
    err.write(`${printable(thrown.message)}\n`);
    return 1;
  }
}

async function placeCall(options: CallOptions, surroundings: CallSurroundings): Promise<ExitCode> {
  const printer = new CallPrinter(surroundings.out, isColored(surroundings));
  const rest = new CallRest(options.origin);
  const { who, out } = options;
  // First: nobody is called for a file that is not there, or cannot be.
  const recorded = [];
  for (const path of options.voices) recorded.push(await readRecorded(surroundings.files, path));
  if (out !== undefined) await writeHeard(surroundings.files, out, writeWav([]));

  const token = "token" in who ? who.token : await rest.join(who.joinCode, who.name);
  const { name, greets } = await rest.me(token);
  const as = name ?? "a student without a name";
  printer.line("Call to", `${options.origin} ${"token" in who ? "as" : "joined as"} ${as}`);
  if (!("token" in who)) printer.note(`the same student again: --token ${token}`);
  return recorded.length > 0
    ? placeVoiceCall({ token, greets, recorded, out }, rest, printer, surroundings)
    : placeTextCall(options, { token, greets }, rest, printer, surroundings);
}

async function placeTextCall(
  { origin, says }: CallOptions,
  { token, greets }: { readonly token: string; readonly greets: boolean },
  rest: CallRest,
  printer: CallPrinter,
  surroundings: CallSurroundings,
): Promise<ExitCode> {
  const { input, out, err, sleep, onHangUp } = surroundings;
  const earlier = newestOf(await rest.calls(token));
  const client = await dial(origin, token, printer, surroundings);
  let isHungUp = false;
  const hangUp = (): void => {
    isHungUp = true;
    void client.hangUp();
  };
  const forget = onHangUp(hangUp);
  try {
    if (says.length > 0) await sayAll(client, says, greets, printer, sleep);
    else if (input.isTTY) await talk(client, input, out, printer);
    else await sayAll(client, linesOf(input, client), greets, printer, sleep);
  } finally {
    if (!client.isClosed) hangUp();
    forget();
  }

  const close = await client.closed;
  printer.endLine();
  if (client.ended) printer.note(handoffSentence(readHandoff(client.ended.handoffData)));
  const isExplained = isHungUp || client.ended !== undefined || client.errors.length > 0;
  const trouble = isExplained ? undefined : closeSentence(close.code);
  if (trouble !== undefined) err.write(`${trouble}\n`);
  if (client.turns.length > 0) {
    const find = (calls: readonly ShownCall[]): ShownCall | undefined => {
      const newest = newestOf(calls);
      return newest?.id === earlier?.id ? undefined : newest;
    };
    await showRecord(rest, { token, find, withTools: true }, printer, sleep);
  }
  return trouble !== undefined || client.errors.length > 0 ? 1 : 0;
}

async function dial(
  origin: string,
  token: string,
  printer: CallPrinter,
  { now, err }: CallSurroundings,
): Promise<RelayClient> {
  try {
    return await connectRelay(`${origin.replace(/^http/, "ws")}/ws/${token}`, {
      headers: { authorization: `Bearer ${token}` },
      now,
      onWords: (_client, words) => printer.words(words),
      onTurn: (client, turn) => {
        printer.turn(turn);
        // What is printed is heard: an agent that has said goodbye waits for this before it ends the call.
        if (!turn.cut) client.info("agentSpeaking", "off");
      },
      onError: (_client, sentence) => {
        printer.endLine();
        err.write(`${printable(sentence)}\n`);
      },
    });
  } catch (thrown) {
    if (!(thrown instanceof RelayRefused)) throw thrown;
    if (thrown.status === undefined) throw new CallTrouble(nothingAnswers(origin));
    throw new CallTrouble(thrown.sentence ?? `The call was refused (status ${thrown.status}).`);
  }
}

function isColored({ out, configuration }: CallSurroundings): boolean {
  if (configuration.variable("NO_COLOR") !== undefined || configuration.variable("TERM") === "dumb") return false;
  return out.isTTY === true;
}

const Handoff = z.record(z.string(), z.string());

const readHandoff = (handoffData = ""): Readonly<Record<string, string>> =>
  Handoff.safeParse(parseJson(handoffData)).data ?? {};
