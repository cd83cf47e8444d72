/** Processes of the bench: started, awaited until they say where they listen, and ended with it. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";

const START_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 5_000;

export interface Running {
  readonly pid: number;
  readonly port: number;
  readonly close: () => Promise<void>;
}

/**
 * Starts a file of this folder with this very Node and waits for its `{"port":…}` line.
 *
 * @throws Error when it ends or stays silent instead.
 */
export function startNode(file: string, args: readonly string[] = []): Promise<Running> {
  const path = join(import.meta.dirname, file);
  const child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  return running(child, child.stdout, file);
}

let reaper: ChildProcess | undefined;

/** Whatever becomes of this process, the child does not outlive it. */
function endsWithUs(child: ChildProcess): void {
  reaper ??= spawn(process.execPath, [join(import.meta.dirname, "reaper.ts")], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const list = reaper.stdin;
  list?.write(`+${child.pid}\n`);
  child.once("close", () => list?.write(`-${child.pid}\n`));
}

/** Waits until a process tells its port on `announcements`, one JSON object a line. */
export function running(child: ChildProcess, announcements: Readable, name: string): Promise<Running> {
  if (child.pid !== undefined) endsWithUs(child);
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      child.kill("SIGKILL");
      reject(new Error(`${name}: ${why}`));
    };
    const timeout = setTimeout(() => fail("does not say where it listens"), START_TIMEOUT_MS);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => fail(`ended with ${code}`));
    let text = "";
    announcements.setEncoding("utf8");
    announcements.on("data", (chunk: string) => {
      text += chunk;
      const port = Number(/"port":(\d+)/.exec(text)?.[1]);
      const { pid } = child;
      if (Number.isNaN(port) || pid === undefined) return;
      clearTimeout(timeout);
      child.removeAllListeners("exit");
      announcements.removeAllListeners("data").resume();
      resolve({ pid, port, close: () => end(child) });
    });
  });
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const timeout = setTimeout(() => child.kill("SIGKILL"), END_TIMEOUT_MS);
    child.once("exit", () => {
      clearTimeout(timeout);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
