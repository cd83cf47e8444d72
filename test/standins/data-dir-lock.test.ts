import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DataDirInUse, lockDataDir } from "./data-dir-lock.ts";

const MODULE = join(import.meta.dirname, "data-dir-lock.ts");

describe("the lock of a data folder", () => {
  let dir: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "callroom-lock-"));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  });

  /** Another process that takes the lock and then does as told. */
  async function holder(then: string): Promise<ChildProcess> {
    const script = `import { lockDataDir } from ${JSON.stringify(MODULE)}; lockDataDir(${JSON.stringify(dir)});
      process.stdout.write("locked"); ${then}`;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    await once(child.stdout!, "data");
    return child;
  }

  it("LOCK-1 a folder that a live process holds is refused with a sentence that names it", async () => {
    const child = await holder("setInterval(() => {}, 1000);");
    expect(() => lockDataDir(dir)).toThrow(DataDirInUse);
    expect(() => lockDataDir(dir)).toThrow(`in use by process ${child.pid}: stop it, or set DATA_DIR`);
  });

  it("LOCK-2 this process does not get it twice either, and again once it let go", () => {
    const unlock = lockDataDir(dir);
    expect(() => lockDataDir(dir)).toThrow(DataDirInUse);
    unlock();
    expect(readdirSync(dir)).toEqual([]);
    lockDataDir(dir)();
  });

  it("LOCK-3 a process that ends gives it up", async () => {
    const child = await holder("process.exit(0);");
    if (child.exitCode === null) await once(child, "exit");
    expect(existsSync(join(dir, "lock"))).toBe(false);
  });

  it("LOCK-4 the lock of a process that was killed is taken over", async () => {
    const child = await holder("setInterval(() => {}, 1000);");
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(existsSync(join(dir, "lock"))).toBe(true);
    const unlock = lockDataDir(dir);
    expect(readFileSync(join(dir, "lock"), "utf8")).toMatch(new RegExp(`^${process.pid} `));
    unlock();
  });

  it("LOCK-5 a number that another process has by now does not hold the lock", () => {
    writeFileSync(join(dir, "lock"), `${process.pid} 1\n`);
    lockDataDir(dir)();
    writeFileSync(join(dir, "lock"), "not a lock\n");
    lockDataDir(dir)();
  });

  it("LOCK-6 letting go leaves a lock alone that has become another's", () => {
    const unlock = lockDataDir(dir);
    writeFileSync(join(dir, "lock"), "1 1\n");
    unlock();
    expect(readFileSync(join(dir, "lock"), "utf8")).toBe("1 1\n");
  });
});
