import type { Prompt, SetupPorts } from "../../src/cli/setup/ports.ts";
import { setupCommand } from "../../src/cli/setup/setup-command.ts";
import type { Clone } from "./setup-world.ts";

export interface Ended {
  readonly code: number;
  /** All that it wrote, to either stream. */
  readonly said: string;
}

/** Setup within this process, in a clone. */
export async function setupIn(
  clone: Clone,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  parts: Partial<SetupPorts> = {},
): Promise<Ended> {
  const ports = clone.ports({ environment, ...parts });
  return { code: await setupCommand(args, ports), said: ports.said() };
}

/** Somebody who types these, one after the other, and then nothing but Enter. */
export function typist(...answers: string[]): Prompt & { readonly asked: string[] } {
  const asked: string[] = [];
  const next = async (question: string): Promise<string | undefined> => {
    asked.push(question);
    return answers.shift() || undefined;
  };
  return { line: next, hidden: next, asked };
}
