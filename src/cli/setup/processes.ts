import { spawn } from "node:child_process";
import type { Command, ProcessRequest, Ran, Variables } from "./ports.ts";
import { SECRETS } from "./variables.ts";

/* The processes that setup starts: wrangler, and Neon's tool. */

/** More than any of them prints; what comes after it is not kept. */
const OUTPUT_CHARACTERS = 1_000_000;

/** Runs a process to its end. Never rejects. */
export function runProcess(request: ProcessRequest, cwd: string): Promise<Ran> {
  const { command, args, environment, stdin, timeoutMs, isForPerson = false } = request;
  return new Promise((resolve) => {
    const child = spawn(command.file, [...command.args, ...args], {
      cwd,
      env: { ...environment },
      stdio: isForPerson ? "inherit" : ["pipe", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        if (printed[name].length < OUTPUT_CHARACTERS) printed[name] += text;
      });
    }
    child.once("error", () => resolve({ exitCode: null, ...printed }));
    child.once("close", (exitCode) => resolve({ exitCode, ...printed }));
    // It may end before it has read everything.
    child.stdin?.on("error", () => {}).end(stdin ?? "");
  });
}

/** The environment of a process that has no business with the Worker's secrets: whoever may look at processes may see it. */
export function childVariables(environment: Variables): Variables {
  const secrets: readonly string[] = SECRETS;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !secrets.includes(name)));
}

/** A command, or the one that a variable names in its place: a program, or a script for the Node that runs us. */
export function commandOf(environment: Variables, variable: string, otherwise: Command): Command {
  const path = environment[variable]?.trim();
  if (!path) return otherwise;
  return /\.[cm]?[jt]s$/.test(path) ? { file: process.execPath, args: [path] } : { file: path, args: [] };
}
