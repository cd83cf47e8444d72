import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { readSetupOptions, STEPS, USAGE } from "../../src/cli/setup/setup-options.ts";
import { SECRETS } from "../../src/cli/setup/variables.ts";
import { LIMITS } from "../../src/limits.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const TEXT = readFileSync(join(ROOT, "docs/deploy.md"), "utf8");
const Scripts = z.object({ scripts: z.record(z.string(), z.string()) });

describe("docs/deploy.md", () => {
  it("SETUP-26 every command in it is there, and setup takes every argument that it shows", () => {
    const { scripts } = Scripts.parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));
    const named = [...TEXT.matchAll(/npm run ([a-z:]+)/g)].map(([, script = ""]) => script);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
    const shown = [...TEXT.matchAll(/npm run setup -- (.*?)(?: {2,}.*|;.*|`.*|\)|$)/gm)].map(([, args = ""]) =>
      args.trim(),
    );
    expect(shown.length).toBeGreaterThan(8);
    for (const args of shown)
      expect([args, readSetupOptions(args.split(" "))]).toEqual([
        args,
        expect.objectContaining({ steps: expect.any(Array) }),
      ]);
  });

  it("SETUP-26 wrangler has every command that it names", () => {
    const named = [...TEXT.matchAll(/npx wrangler ([a-z]+)/g)].map(([, command = ""]) => command);
    expect(named.length).toBeGreaterThan(2);
    const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
    const environment = { ...process.env, NO_COLOR: "1", WRANGLER_WRITE_LOGS: "false", WRANGLER_SEND_METRICS: "false" };
    const help = execFileSync(process.execPath, [wrangler, "--help"], { encoding: "utf8", env: environment });
    expect(named.filter((command) => !new RegExp(`wrangler ${command}\\b`).test(help))).toEqual([]);
  }, 30_000);

  it("SETUP-26 names the steps and variables that there are, all of them", () => {
    const steps = [...TEXT.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, step]) => step);
    expect(steps).toEqual([...STEPS]);
    const table = TEXT.slice(TEXT.indexOf("## Unattended"), TEXT.indexOf("Exit code 0"));
    const variables = new Set([...table.matchAll(/`([A-Z_]{4,})`/g)].map(([, name]) => name ?? ""));
    const known = [...SECRETS, "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "WORKER_NAME"];
    expect([...variables].sort()).toEqual([...known].sort());
    expect(known.filter((name) => !USAGE.includes(name))).toEqual([]);
  });

  it("SETUP-26 has the numbers of the code, and names files that are there", () => {
    const toml = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
    const delayS = Number(/max_delay = (\d+)/.exec(toml)?.[1]);
    expect(TEXT).toContain(`up to ${delayS / 60} minutes each`);
    expect(delayS * 1_000).toBeGreaterThan(LIMITS.callMaxMs);
    expect(toml).toContain("new_sqlite_classes");
    const ours = [...TEXT.matchAll(/`((?:docs\/)?[a-z-]+\.(?:md|toml))`/g)].map(([, file = ""]) => file);
    expect(ours.length).toBeGreaterThan(3);
    expect(ours.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it("SETUP-26 is one or two screens long", () => {
    expect(TEXT.split("\n").length).toBeLessThan(130);
  });
});
