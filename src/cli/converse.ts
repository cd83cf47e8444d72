import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { CallTrouble } from "./call-rest.ts";
import type { CallPrinter } from "./print-call.ts";
import { NoTurn, type RelayClient } from "./relay-client.ts";

/* The caller's part of a call: lines that are there already, or somebody at the keyboard. */

/** Longer than any answer with all the tools it may use. */
const ANSWER_MS = 60_000;
/** An agent that has just said goodbye ends the call itself within this. */
const GOODBYE_MS = 500;

/** Says one line after the other, each after the answer to the one before, until the call or the lines are over. */
export async function sayAll(
  client: RelayClient,
  lines: Iterable<string> | AsyncIterable<string>,
  greets: boolean,
  printer: CallPrinter,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  try {
    if (greets) await client.nextTurn(ANSWER_MS);
    for await (const line of lines) {
      const text = line.trim();
      if (text === "") continue;
      printer.caller(text);
      client.say(text);
      await client.nextTurn(ANSWER_MS);
    }
    await Promise.race([client.closed, sleep(GOODBYE_MS)]);
  } catch (thrown) {
    if (!(thrown instanceof NoTurn)) throw thrown;
    if (thrown.why === "timeout") throw new CallTrouble(`The agent did not answer within ${ANSWER_MS / 1_000} s.`);
    // Closed: the call is over, and its close says why.
  }
}

/** Lines of a pipe or file, until it or the call ends. Read only when asked: lines of an unread interface are lost. */
export async function* linesOf(input: Readable, client: RelayClient): AsyncGenerator<string> {
  const lines = createInterface({ input });
  void client.closed.then(() => lines.close());
  yield* lines;
}

/**
 * Somebody types. A line sent while the agent speaks interrupts it: what was printed by then is what was heard. Comes
 * back after an empty line, the end of the input, Ctrl-C, or the end of the call.
 */
export function talk(
  client: RelayClient,
  input: Readable,
  out: Writable & { readonly isTTY?: boolean | undefined },
  printer: CallPrinter,
): Promise<void> {
  const isScreen = out.isTTY === true;
  const keyboard = createInterface({
    input,
    ...(isScreen && { output: out }),
    terminal: isScreen,
    prompt: printer.callerLabel,
  });
  if (isScreen) {
    printer.typingLine = {
      hide: () => out.write("\r\x1b[K"),
      show: () => {
        if (!client.isClosed) keyboard.prompt(true);
      },
    };
  }
  return new Promise((resolve) => {
    keyboard.on("line", (line) => {
      const text = line.trim();
      if (isScreen) printer.entered();
      if (text === "") return keyboard.close();
      if (client.speaking) client.interrupt();
      // On a screen it stands there already, as it was typed.
      if (!isScreen) printer.caller(text);
      return client.say(text);
    });
    keyboard.on("SIGINT", () => keyboard.close());
    keyboard.once("close", () => {
      printer.endLine();
      printer.typingLine = undefined;
      resolve();
    });
    void client.closed.then(() => keyboard.close());
    if (isScreen && !client.speaking) keyboard.prompt();
  });
}
