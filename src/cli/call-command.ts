import type { Readable, Writable } from "node:stream";
import * as z from "zod";
import { CALL_USAGE, type CallOptions, readCallOptions } from "./call-options.ts";
import { CallRest, CallTrouble, nothingAnswers } from "./call-rest.ts";
import type { Configuration } from "./configuration.ts";
import { linesOf, sayAll, talk } from "./converse.ts";
import { CallPrinter, closeSentence, handoffSentence, printable } from "./print-call.ts";
import type { Terminal } from "./progress.ts";
import { connectRelay, type RelayClient } from "./relay-client.ts";
import { parseJson, RelayRefused } from "./relay-refusal.ts";

/* `npm run call`: one call over ConversationRelay, from joining to its record. */

/** What the command needs of the outside. */
export interface CallSurroundings {
  readonly configuration: Configuration;
  readonly input: Readable & { readonly isTTY?: boolean | undefined };
  readonly out: Writable & { readonly isTTY?: boolean | undefined };
  readonly err: Terminal;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Calls back when the person wants to hang up (Ctrl-C), until the returned function is called. */
  readonly onHangUp: (hangUp: () => void) => () => void;
}

/** 0: the call was made and ended in order. 1: it could not be made, or failed. 2: the arguments are not understood. */
export type ExitCode = 0 | 1 | 2;

/** The record is written after the call: how often and how long it is asked for. */
const RECORD_POLL_MS = 250;
const RECORD_WAIT_MS = 5_000;

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
  const { input, out, err, sleep, onHangUp } = surroundings;
  const printer = new CallPrinter(out, isColored(surroundings));
  const rest = new CallRest(options.origin);
  const { who, says } = options;

  const token = "token" in who ? who.token : await rest.join(who.joinCode, who.name);
  const { name, greets } = await rest.me(token);
  const earlier = await rest.newestCall(token);
  const as = name ?? "a student without a name";
  printer.line("Call to", `${options.origin} ${"token" in who ? "as" : "joined as"} ${as}`);
  if (!("token" in who)) printer.note(`the same student again: --token ${token}`);

  const client = await dial(options.origin, token, printer, surroundings);
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
  const trouble = isExplained ? undefined : closeSentence(close);
  if (trouble !== undefined) err.write(`${trouble}\n`);
  if (client.turns.length > 0) await printRecord(rest, token, earlier?.id, printer, sleep);
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

/** Tools, whose key, tokens and duration, from the call's record; it is written after the call has ended. */
async function printRecord(
  rest: CallRest,
  token: string,
  earlierId: string | undefined,
  printer: CallPrinter,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  for (let waitedMs = 0; waitedMs <= RECORD_WAIT_MS; waitedMs += RECORD_POLL_MS) {
    if (waitedMs > 0) await sleep(RECORD_POLL_MS);
    const newest = await rest.newestCall(token);
    if (!newest || newest.id === earlierId || newest.endedAt === null) continue;
    const { call, toolCalls } = await rest.call(token, newest.id);
    for (const toolCall of toolCalls) printer.toolCall(toolCall);
    printer.summary(call);
    return;
  }
  printer.note("The record of this call is not written yet; it will be in the call history.");
}

function isColored({ out, configuration }: CallSurroundings): boolean {
  if (configuration.variable("NO_COLOR") !== undefined || configuration.variable("TERM") === "dumb") return false;
  return out.isTTY === true;
}

const Handoff = z.record(z.string(), z.string());

const readHandoff = (handoffData = ""): Readonly<Record<string, string>> =>
  Handoff.safeParse(parseJson(handoffData)).data ?? {};
