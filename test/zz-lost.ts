import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { callCommand } from "../src/cli/call-command.ts";
import { nodeCallWorld } from "../src/cli/call-world.ts";
import { readConfiguration } from "../src/cli/configuration.ts";
let n = 0;
process.exitCode = await callCommand(process.argv.slice(2), {
  configuration: readConfiguration(process.env, resolve(import.meta.dirname, "..")),
  input: process.stdin, out: process.stdout, err: process.stderr,
  files: { read: (p) => readFile(p), write: (p, b) => writeFile(p, b) },
  callWorld: { ...nodeCallWorld, openSocket: (u, p) => { const s = nodeCallWorld.openSocket(u, p); if (n++ < 2) setTimeout(() => (s as any).terminate(), 4000); return s; } },
  now: () => performance.now(), sleep: (ms) => new Promise((r) => setTimeout(r, ms)), onHangUp: () => () => {},
});
