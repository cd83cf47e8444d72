import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

/*
 * What the stand-ins of commands share: a folder with the state of the services that they play, and a journal of what was run.
 * The tests write the one and read both; `COMMAND_STANDIN_FOLDER` names it to the commands.
 */

const Worker = z.object({
  /** With their values, as only the service itself has them. */
  secrets: z.record(z.string(), z.string()).default({}),
  /** Every value that was ever put, in order. */
  history: z.array(z.object({ name: z.string(), value: z.string().nullable() })).default([]),
  /** Classes of Durable Objects in the version that runs. */
  classes: z.array(z.string()).default([]),
  deploys: z.number().default(0),
  cpuLimit: z.boolean().default(false),
});
export type StandinWorker = z.infer<typeof Worker>;

const State = z.object({
  accounts: z.array(z.object({ id: z.string(), name: z.string() })),
  /** Account ids in which this log-in may change Workers. */
  rights: z.array(z.string()),
  email: z.string().default("ada@example.com"),
  isLoggedIn: z.boolean().default(true),
  /** The one good value of CLOUDFLARE_API_TOKEN. */
  apiToken: z.string().optional(),
  plan: z.enum(["free", "paid"]).default("paid"),
  /** Before `.workers.dev`; `null`: the account has none yet. */
  subdomain: z.string().nullable().default("ada"),
  isEmailConfirmed: z.boolean().default(true),
  /** By account and name, `<id>/<name>`. */
  workers: z.record(z.string(), Worker).default({}),
  /** What Neon's tool hands out next. */
  neonUrl: z.string().optional(),
  neonDatabases: z.number().default(0),
  isOnline: z.boolean().default(true),
  /** A command that prints something else than ever before. */
  garbles: z.string().optional(),
  /** A command that fails for a reason that nobody has heard of. */
  breaks: z.string().optional(),
  /** Kills whoever has started the command, once, and goes on or not. */
  kill: z.object({ command: z.string(), when: z.enum(["before", "after"]) }).optional(),
});
export type CommandState = z.infer<typeof State>;
export type NewCommandState = z.input<typeof State>;

const Run = z.object({
  argv: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  stdin: z.string(),
});
export type JournaledRun = z.infer<typeof Run>;

const stateFile = (folder: string): string => join(folder, "state.json");
const journalFile = (folder: string): string => join(folder, "journal.ndjson");

export const readState = (folder: string): CommandState =>
  State.parse(JSON.parse(readFileSync(stateFile(folder), "utf8")));

export function writeState(folder: string, state: NewCommandState): void {
  const next = `${stateFile(folder)}.${process.pid}`;
  writeFileSync(next, JSON.stringify(State.parse(state)));
  renameSync(next, stateFile(folder));
}

export function changeState(folder: string, change: (state: CommandState) => void): void {
  const state = readState(folder);
  change(state);
  writeState(folder, state);
}

/** Every run of a command since the journal was begun, as anybody who looks at processes may have seen it. */
export function readJournal(folder: string): JournaledRun[] {
  try {
    const lines = readFileSync(journalFile(folder), "utf8").split("\n");
    return lines.filter((line) => line !== "").map((line) => Run.parse(JSON.parse(line)));
  } catch {
    return [];
  }
}

export const journalRun = (folder: string, run: JournaledRun): void =>
  appendFileSync(journalFile(folder), `${JSON.stringify(run)}\n`);

/** What a command has for its own process. */
export interface CommandSurroundings {
  readonly folder: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: string;
}

/** Begins a command: journals it, and kills whoever started it if that is wanted. `name`: its words, `secret bulk`. */
export function beginCommand(name: string, { folder, args, environment, stdin }: CommandSurroundings): () => void {
  const variables = Object.entries(environment).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]));
  journalRun(folder, { argv: [name, ...args], environment: Object.fromEntries(variables), stdin });
  const killAt = (when: "before" | "after"): void => {
    const { kill } = readState(folder);
    if (kill?.command !== name || kill.when !== when) return;
    changeState(folder, (state) => {
      delete state.kill;
    });
    process.kill(process.ppid, "SIGKILL");
    // What was not begun stays so: nobody waits for it any more.
    if (when === "before") process.exit(1);
  };
  killAt("before");
  return () => killAt("after");
}

/** A command ends with this on stderr; the exit code is 1. */
export class CommandFailure extends Error {}

/** Runs a command's process to its end; `readsStdin` says of its arguments whether it does. */
export async function playCommand(
  play: (surroundings: CommandSurroundings) => string,
  readsStdin: (args: readonly string[]) => boolean = () => false,
): Promise<void> {
  const folder = process.env.COMMAND_STANDIN_FOLDER ?? "";
  const pieces: string[] = [];
  const args = process.argv.slice(2);
  if (readsStdin(args)) {
    process.stdin.setEncoding("utf8");
    for await (const piece of process.stdin) pieces.push(String(piece));
  }
  try {
    const said = play({ folder, args, environment: process.env, stdin: pieces.join("") });
    process.stdout.write(`${said}\n`);
  } catch (thrown) {
    if (!(thrown instanceof CommandFailure)) throw thrown;
    process.stderr.write(`\n\u2718 [ERROR] ${thrown.message}\n\n`);
    process.exitCode = 1;
  }
}
