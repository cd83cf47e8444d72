import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { Prompt } from "./ports.ts";

/** Asks on a terminal. Ctrl-C ends the program, as everywhere. */
export function terminalPrompt(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Prompt {
  const ask = async (question: string, isHidden: boolean): Promise<string | undefined> => {
    if (isHidden) output.write(question);
    // readline echoes what is typed into its output; that of a hidden question leads nowhere.
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input, output: isHidden ? nowhere : output, terminal: true, historySize: 0 });
    lines.on("SIGINT", () => {
      lines.close();
      process.kill(process.pid, "SIGINT");
    });
    try {
      const ended = once(lines, "close").then(() => undefined);
      const typed = await Promise.race([lines.question(isHidden ? "" : question), ended]);
      return typed?.trim() || undefined;
    } finally {
      lines.close();
      if (isHidden) output.write("\n");
    }
  };
  return { line: (question) => ask(question, false), hidden: (question) => ask(question, true) };
}
