import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, Room } from "./room.ts";

const ROOT = resolve(import.meta.dirname, "../..");

let room: Room;
beforeAll(async () => {
  room = await Room.open();
});
afterAll(() => room.close());

/** Starts `npm run dev` once more and takes what it says on giving up. */
async function startAnother(environment: Record<string, string>): Promise<{ code: unknown; said: string }> {
  try {
    const env = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "", WATCH: "0", ...environment };
    await promisify(execFile)(join(ROOT, "node_modules/.bin/node"), ["src/cli/dev.ts"], {
      cwd: ROOT,
      env,
      timeout: 60_000,
    });
    return { code: 0, said: "" };
  } catch (thrown) {
    const { code, stderr } = Object(thrown);
    return { code, said: String(stderr).trim() };
  }
}

describe("npm run dev", () => {
  it("DEV-1 prints one block that says all there is: page, console, join code, psql, OpenAI", () => {
    const block = room.log.join("\n");
    expect(block).toMatch(new RegExp(`page +${room.url}\n`));
    expect(block).toMatch(/console +http:\S+#instructor-token-of-the-tests\n/);
    expect(block).toMatch(/join code +[A-Z]+-[0-9A-F]{4}\n/);
    expect(block).toMatch(/psql +postgres:\/\/postgres:postgres@127\.0\.0\.1:\d+\/postgres\n/);
    expect(block).toMatch(/OpenAI +a stand-in at http:\/\/127\.0\.0\.1:\d+\/v1/);
  });

  it("DEV-2 serves the page with its headers, the API with its own, and the documentation", async () => {
    const page = await fetch(room.url);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    const health = await fetch(`${room.url}/healthz`);
    expect(await health.json()).toEqual({ success: true, checks: { database: "ok", secrets: "ok" } });
    expect(await (await fetch(`${room.url}/docs`)).text()).toContain("/api/student-config-save");
    expect(await (await fetch(`${room.url}/openapi.json`)).json()).toMatchObject({ openapi: "3.1.0" });
    expect((await fetch(`${room.url}/api/no-such-thing`)).status).toBe(404);
  });

  it("DEV-3 refuses a second instance on the same data, in a sentence", async () => {
    const ports = { PORT: String(await freePort()), PG_PORT: String(await freePort()) };
    const { code, said } = await startAnother({ ...ports, DATA_DIR: room.dataDir });
    expect(code).toBe(1);
    expect(said).toMatch(/^The data in .* is in use by process \d+: stop it, or set DATA_DIR to another folder\.$/);
    expect((await fetch(`${room.url}/healthz`)).status).toBe(200);
  });

  it("DEV-4 says which port is taken, and which variable changes it", async () => {
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((listening) => taken.listen(port, "127.0.0.1", listening));
    const { code, said } = await startAnother({ PORT: String(port), DATA_DIR: join(room.dataDir, "other") });
    taken.close();
    expect({ code, said }).toEqual({
      code: 1,
      said: `Port ${port} is taken by another program: stop it, or set PORT to another port.`,
    });
    expect((await startAnother({ PORT: "many", DATA_DIR: join(room.dataDir, "other") })).said).toContain(
      "PORT must be",
    );
  });

  it("DEV-5 stops on Ctrl-C without leaving a process, and starts again with its data", async () => {
    await room.save("test_session_kept", { systemPrompt: "You are Juno." });
    const { joinCode } = room.endpoints;
    const workerds = room.workerds();
    expect(workerds.length).toBeGreaterThan(0);
    expect(await room.stop()).toBe(0);
    for (const pid of workerds) expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(existsSync(join(room.dataDir, "endpoints.json"))).toBe(false);
    await room.start();
    expect(room.endpoints.joinCode).toBe(joinCode);
    expect(
      await room.sql("select system_prompt from student_configs where session_token = 'test_session_kept'"),
    ).toEqual([{ system_prompt: "You are Juno." }]);
  });

  it("DEV-6 leaves for the other commands where things are, and no secret with it", () => {
    const file = readFileSync(join(room.dataDir, "endpoints.json"), "utf8");
    expect(Object.keys(JSON.parse(file)).toSorted()).toEqual([
      "databaseHttpEndpoint",
      "databaseUrl",
      "joinCode",
      "openaiBaseUrl",
      "pageUrl",
      "psqlUrl",
    ]);
    for (const secret of [
      room.variables.ENCRYPTION_KEY,
      "instructor-token-of-the-tests",
      "service-token-of-the-tests",
    ]) {
      if (secret) expect(file).not.toContain(secret);
    }
  });
});
