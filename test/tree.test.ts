import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");
const SRC = join(ROOT, "src");

/** What a folder of `src` may import from outside itself: folders, files of `src`, and packages where they are bound. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  vault: [],
  pricing: ["protocol"],
  caller: ["protocol", "failure.ts", "limits.ts"],
  model: ["protocol", "vault", "failure.ts", "limits.ts"],
  store: ["protocol", "failure.ts", "limits.ts"],
  workshop: ["protocol", "api/deps.ts", "env.ts", "failure.ts", "limits.ts", "log.ts"],
  api: [
    "protocol",
    "pricing",
    "store",
    "vault",
    "caller",
    "model",
    "workshop",
    "env.ts",
    "failure.ts",
    "limits.ts",
    "log.ts",
  ],
  call: ["protocol", "pricing", "caller", "model", "failure.ts", "limits.ts", "log.ts"],
  web: ["protocol"],
  cli: ["protocol", "pricing", "store", "vault", "caller", "web", "limits.ts", "failure.ts"],
};

/** Files where the legs, the store, the vault and the call meet: the shell of the call, and nothing else. */
const WIRING: Readonly<Record<string, readonly string[]>> = {
  "call/call-object.ts": ["api/deps.ts", "workshop"],
  "call/live-call.ts": ["store", "vault", "workshop", "env.ts"],
  "call/voice-world.ts": ["vault", "env.ts"],
  "call/call-secrets.ts": ["vault", "env.ts"],
  "call/call-entry.ts": ["store", "vault", "env.ts"],
  "call/sound-entry.ts": ["env.ts"],
  "call/handshake.ts": ["vault", "env.ts"],
  "call/call-directory.ts": ["api/deps.ts", "store", "workshop", "env.ts"],
  "call/prepare-call.ts": ["api/deps.ts", "store", "env.ts"],
  "call/prepare-start.ts": ["store", "workshop", "env.ts"],
  "call/first-webhook-secret.ts": ["store", "vault", "env.ts"],
  "call/payer.ts": ["store", "env.ts"],
  // What a call and its workshop tell each other.
  "call/call-funds.ts": ["workshop/funds.ts"],
  "call/purse.ts": ["workshop/funds.ts"],
  "call/call-start.ts": ["workshop/funds.ts"],
  "call/workshop-link.ts": ["workshop"],
  "call/call-reports.ts": ["workshop/call-report.ts"],
  "call/call-tally.ts": ["workshop/call-report.ts"],
  "call/call-storage.ts": ["workshop/call-report.ts"],
  // What is due at a workshop's end is in its row.
  "workshop/closing-rows.ts": ["store"],
  // A handshake is the same for every socket.
  "api/live-entry.ts": ["call/handshake.ts"],
  // Whose key a call runs on is one rule, also for what is told before there is a call.
  "api/twilio.ts": ["call/payer.ts"],
  "api/agent-configs.ts": ["call/payer.ts"],
  "api/voice-samples.ts": ["call/payer.ts"],
  // Which models are used when nothing is set.
  "cli/configured-models.ts": ["env.ts"],
  // A tool that is tried out runs as it would in a call.
  "api/tool-runs.ts": [
    "call/call-secrets.ts",
    "call/first-webhook-secret.ts",
    "call/tool-runner.ts",
    "call/webhook.ts",
  ],
};

/** Packages that belong to one folder. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  openai: ["model"],
  hono: ["api"],
  "@pydantic/genai-prices": ["cli"],
  uqr: ["api", "cli"],
  "@scure/bip39": ["vault"],
  preact: ["web"],
  "@preact/signals": ["web"],
  "drizzle-orm": ["store"],
  "@neondatabase/serverless": ["store"],
  pg: ["store"],
  "cloudflare:workers": ["call", "workshop"],
};

/** Tables that are generated, one field a line: nobody reads them but in a diff. */
const DATA: readonly string[] = ["src/pricing/prices.ts"];

interface Import {
  readonly file: string;
  readonly target: string;
}

const files = globSync("**/*.{ts,tsx}", { cwd: SRC }).map((file) => file.replaceAll("\\", "/"));
const imports = files.flatMap((file) => importsOf(file));

describe("the tree", () => {
  it("TREE-1 imports go only where the arrows of the architecture point", () => {
    const wrong = imports.filter(({ file, target }) => {
      const folder = file.split("/")[0] ?? "";
      if (!target.startsWith("src:") || !file.includes("/")) return false;
      const path = target.slice("src:".length);
      const allowed = [folder, ...(ARROWS[folder] ?? []), ...(WIRING[file] ?? [])];
      return !allowed.some((entry) => path === entry || path.startsWith(`${entry}/`));
    });
    expect(wrong.map(({ file, target }) => `${file} → ${target}`)).toEqual([]);
  });

  it("TREE-2 a vendor's package is imported by the one folder that owns it", () => {
    const wrong = imports.filter(({ file, target }) => {
      const owner = Object.entries(PACKAGES).find(([name]) => target === name || target.startsWith(`${name}/`));
      return owner !== undefined && !owner[1].includes(file.split("/")[0] ?? "");
    });
    expect(wrong.map(({ file, target }) => `${file} → ${target}`)).toEqual([]);
  });

  it("TREE-3 zod is imported as a namespace: by name it brings every language it knows", () => {
    const named = files.filter((file) => /import\s*\{[^}]*\}\s*from "zod"/.test(readFileSync(join(SRC, file), "utf8")));
    expect(named).toEqual([]);
  });

  it("TREE-4 no file is longer than anyone wants to read", () => {
    const linesOf = (file: string): number => readFileSync(join(ROOT, file), "utf8").split("\n").length;
    const long = [
      ...files.map((file) => `src/${file}`).filter((file) => linesOf(file) > 360 && !DATA.includes(file)),
      ...globSync("test/**/*.ts", { cwd: ROOT }).filter((file) => linesOf(file) > 420),
    ];
    expect(long).toEqual([]);
  });

  it("TREE-5 every folder says what it is for", () => {
    const folders = [...new Set(files.filter((file) => file.includes("/")).map((file) => `src/${dirname(file)}`))];
    const silent = [...folders, "test", "test/bench", "test/standins"].filter(
      (folder) => !existsSync(join(ROOT, folder, "README.md")),
    );
    expect(silent).toEqual([]);
  });

  it("TREE-6 what the Worker runs has no Node package in it", () => {
    const reached = reachableFrom("worker.ts");
    expect(reached.size).toBeGreaterThan(30);
    expect([...reached].filter((file) => file.startsWith("cli/"))).toEqual([]);
    const node = imports.filter(({ file, target }) => reached.has(file) && /^(node:|pg$|ws$)/.test(target));
    expect(node.map(({ file, target }) => `${file} → ${target}`)).toEqual([]);
  });
});

describe("the rules", () => {
  const rules = [...readFileSync(join(ROOT, "test/rules.md"), "utf8").matchAll(/^- ([A-Z]+-\d+) /gm)].map(
    ([, rule]) => rule ?? "",
  );
  const cited = globSync("test/**/*.test.ts", { cwd: ROOT }).flatMap((file) =>
    [...readFileSync(join(ROOT, file), "utf8").matchAll(/["'`]([A-Z]+-\d+) /g)].map(([, rule]) => rule ?? ""),
  );

  it("TREE-7 every rule is shown by a test", () => {
    expect(rules.filter((rule) => !cited.includes(rule))).toEqual([]);
  });

  it("TREE-8 every test cites a rule, and no rule is written twice", () => {
    expect([...new Set(cited)].filter((rule) => !rules.includes(rule))).toEqual([]);
    expect(rules.filter((rule, index) => rules.indexOf(rule) !== index)).toEqual([]);
  });
});

function importsOf(file: string): Import[] {
  const text = readFileSync(join(SRC, file), "utf8");
  return [...text.matchAll(/(?:from|import\() ?"([^"]+)"/g)].map(([, target = ""]) => {
    if (!target.startsWith(".")) return { file, target };
    const path = relative(ROOT, resolve(SRC, dirname(file), target)).replaceAll("\\", "/");
    return { file, target: path.startsWith("src/") ? `src:${path.slice("src/".length)}` : path };
  });
}

function reachableFrom(entry: string): Set<string> {
  const reached = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file; file = open.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    for (const { file: from, target } of imports) {
      if (from === file && target.startsWith("src:")) open.push(target.slice("src:".length));
    }
  }
  return reached;
}
