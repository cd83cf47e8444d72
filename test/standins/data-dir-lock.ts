import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Two processes can open one PGlite folder without any refusal, and would ruin it. */
export class DataDirInUse extends Error {
  constructor(dir: string, pid: number) {
    super(`The data in ${dir} is in use by process ${pid}: stop it, or set DATA_DIR to another folder.`);
    this.name = "DataDirInUse";
  }
}

/**
 * Makes `dir` ours until the returned function is called or this process ends. A lock whose process is gone, or whose
 * number another process has by now, is taken over.
 *
 * @param path where the lock lies; beside the folder when that must be empty at first.
 * @throws DataDirInUse when a live process, this one included, holds it.
 */
export function lockDataDir(dir: string, path = join(dir, "lock")): () => void {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${process.pid} ${startOf(process.pid) ?? ""}\n`;
  // Written elsewhere and linked into place: the lock is there with its content or not at all.
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, mine);
  try {
    while (!linked(draft, path)) clearStale(dir, path);
  } finally {
    rmSync(draft, { force: true });
  }
  const unlock = () => {
    process.off("exit", unlock);
    if (contentOf(path) === mine) rmSync(path, { force: true });
  };
  process.on("exit", unlock);
  return unlock;
}

/** Removes a lock that nobody holds. */
function clearStale(dir: string, path: string): void {
  const found = contentOf(path);
  if (found === undefined) return;
  const pid = Number.parseInt(found, 10);
  if (isAlive(pid, found)) throw new DataDirInUse(dir, pid);
  // Of several processes that find it stale one moves it away; one that was late puts back what it moved by mistake.
  const moved = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, moved);
  } catch {
    return;
  }
  if (contentOf(moved) !== found) linked(moved, path);
  rmSync(moved, { force: true });
}

function isAlive(pid: number, lock: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, under another user.
    if (!(error instanceof Error && "code" in error && error.code === "EPERM")) return false;
  }
  const start = startOf(pid);
  return start === undefined || lock === `${pid} ${start}\n`;
}

/** When a process began, in words that never change while it lives; `undefined` where this cannot be asked. */
function startOf(pid: number): string | undefined {
  try {
    // Field 22 of proc_pid_stat(5); the second, the name, may hold spaces and ends at the last bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    try {
      return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    } catch {
      return undefined;
    }
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
