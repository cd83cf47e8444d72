import { describe, expect, it } from "vitest";
import type { Configuration } from "../../src/cli/configuration.ts";
import { doctorCommand } from "../../src/cli/doctor-command.ts";
import type { Machine } from "../../src/cli/doctor-machine.ts";
import { CHECKS } from "../../src/protocol/rest-workshop.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { HEX_A, HEX_B } from "../vault/samples.ts";

const DEV = "http://127.0.0.1:8787";
const DEPLOYED = "https://callroom.example.workers.dev";
const FINE: Machine = {
  nodeVersion: "24.21.0",
  wrangler: { installed: "4.155.0", pinned: "4.155.0" },
  exists: (path) => path === ".dev.vars",
  modeOf: () => 0o600,
  isIgnored: async () => true,
};

type Variables = Readonly<Record<string, string | undefined>>;
type Answer = (url: URL, authorization: string | null) => Response | Promise<Response>;

const kidOf = async (hex: string) => (await loadMasterKeys(hex, [])).newest.kid;
const failure = (status: number, body: object) =>
  Response.json({ success: false, error: "CANARY sentence.", requestId: "r", ...body }, { status });
const checksReply = async (status = "ok", hex = HEX_A) =>
  Response.json({
    success: true,
    masterKey: await kidOf(hex),
    checks: CHECKS.map((name) => ({ name, status: "ok", found: "Fine.", fix: "" })).with(0, {
      name: "secrets",
      status,
      found: "Found.",
      fix: status === "ok" ? "" : "Do this.",
    }),
  });

/** The command with everything around it played. */
async function doctor(
  args: readonly string[],
  around: {
    readonly answer?: Answer;
    readonly environment?: Variables;
    readonly dev?: Variables | undefined;
    readonly deployed?: Variables | undefined;
    readonly isDevRunning?: boolean;
    readonly machine?: Partial<Machine>;
    readonly isTTY?: boolean;
    readonly columns?: number;
  } = {},
) {
  const { environment = {}, isDevRunning = true, machine, isTTY = false, columns } = around;
  const dev = around.dev ?? { INSTRUCTOR_TOKEN: "dev-token", ENCRYPTION_KEY: HEX_A };
  const deployed = around.deployed ?? {};
  const asked: { url: string; authorization: string | null }[] = [];
  const endpoints = {
    pageUrl: DEV,
    databaseUrl: "",
    databaseHttpEndpoint: "",
    psqlUrl: "",
    openaiBaseUrl: "",
    joinCode: "",
  };
  const configuration = (isDeployed: boolean): Configuration => ({
    variable: (name) => environment[name] ?? (isDeployed ? deployed : dev)[name],
    endpoints: isDevRunning && !isDeployed ? endpoints : undefined,
    database: undefined,
  });
  const [written, complained]: [string[], string[]] = [[], []];
  const code = await doctorCommand(args, {
    environment,
    configuration,
    out: { write: (part) => written.push(part), isTTY, columns },
    err: { write: (part) => complained.push(part) },
    fetch: async (input, init) => {
      const url = new URL(new Request(input).url);
      const authorization = new Headers(init?.headers).get("authorization");
      asked.push({ url: url.href, authorization });
      return (around.answer ?? (() => checksReply()))(url, authorization);
    },
    machine: { ...FINE, ...machine },
  });
  const [text, errors] = [written.join(""), complained.join("")];
  expect(text + errors).not.toMatch(/CANARY|dev-token|036e3515|b5c1f0a2/);
  return { code, text, errors, asked };
}

/** The lines of `--json`, by name. */
async function linesOf(args: readonly string[], around: Parameters<typeof doctor>[1] = {}) {
  const done = await doctor([...args, "--json"], around);
  const { lines }: { lines: { name: string; status: string; found: string; fix: string }[] } = JSON.parse(done.text);
  return { ...done, lines: new Map(lines.map((line) => [line.name, line])) };
}

describe("what is looked at", () => {
  it("DOCTOR-40 without arguments it is the running dev server, with the token of .dev.vars", async () => {
    const { code, asked } = await doctor([]);
    expect([code, asked]).toEqual([0, [{ url: `${DEV}/api/workshop/check`, authorization: "Bearer dev-token" }]]);
  });

  it("DOCTOR-41 with --deployed it is the deployed one, as it is kept here", async () => {
    const deployed = { CALLROOM_URL: `${DEPLOYED}/`, INSTRUCTOR_TOKEN: "kept-token", ENCRYPTION_KEY: HEX_A };
    const { code, asked, lines } = await linesOf(["--deployed"], { deployed });
    expect(asked).toEqual([{ url: `${DEPLOYED}/api/workshop/check`, authorization: "Bearer kept-token" }]);
    expect([code, lines.get("kept-key")?.status]).toEqual([0, "ok"]);
  });

  it("DOCTOR-42 another address is given the token of the environment, and never one that is kept for another", async () => {
    const deployed = { CALLROOM_URL: DEPLOYED, INSTRUCTOR_TOKEN: "kept-token" };
    const none = await linesOf(["--url", "https://other.example"], {
      deployed,
      answer: () => Response.json({ success: true }),
    });
    expect(none.asked).toEqual([{ url: "https://other.example/healthz", authorization: "Bearer" }]);
    expect([none.code, none.lines.get("callroom")?.fix]).toEqual([
      2,
      "Give it: INSTRUCTOR_TOKEN=… npm run doctor -- --url URL",
    ]);
    const given = await doctor(["--url", "https://other.example/x"], { environment: { INSTRUCTOR_TOKEN: "given" } });
    expect(given.asked).toEqual([{ url: "https://other.example/api/workshop/check", authorization: "Bearer given" }]);
    const known = await doctor(["--url", DEPLOYED], { deployed });
    expect(known.asked[0]?.authorization).toBe("Bearer kept-token");
  });

  it.each([
    [[], "No npm run dev is running here.", "npm run doctor -- --deployed"],
    [["--deployed"], ".callroom/deployment.env knows no deployed Callroom.", "npm run setup"],
  ])("DOCTOR-43 with %j and nothing to look at, it says so and looks at this machine", async (args, found, fix) => {
    const { code, lines, asked } = await linesOf(args, { isDevRunning: false });
    expect(lines.get("callroom")).toMatchObject({ status: "failed", found, fix: expect.stringContaining(fix) });
    expect([code, asked, [...lines.keys()]]).toEqual([2, [], ["callroom", "tools", "secret-files"]]);
  });

  it.each([
    [["--url", "callroom.example"]],
    [["--url", "ftp://callroom.example"]],
    [["--url", DEV, "--deployed"]],
    [["--loud"]],
    [["now"]],
  ])("DOCTOR-44 %j is not understood, and nobody is asked", async (args) => {
    const { code, text, errors, asked } = await doctor(args);
    expect([code, text, asked]).toEqual([2, "", []]);
    expect(errors).toContain("npm run doctor");
    expect((await doctor(["--help"])).code).toBe(0);
  });
});

describe("what the Worker says", () => {
  it.each([
    ["ok", 0],
    ["off", 0],
    ["warning", 0],
    ["failed", 1],
  ])("DOCTOR-45 a line that is %s ends with %i", async (status, code) => {
    expect((await doctor([], { answer: () => checksReply(status) })).code).toBe(code);
  });

  it("DOCTOR-45 lines of a newer Worker are lines too, and a status that nobody knows is no answer", async () => {
    const check = { name: "moon", status: "failed", found: "Full.", fix: "Wait." };
    const newer = await linesOf([], { answer: () => Response.json({ checks: [check], more: 1 }) });
    expect([newer.code, newer.lines.get("moon")]).toEqual([1, check]);
    const odd = { ...check, status: "CANARY" };
    expect((await linesOf([], { answer: () => Response.json({ checks: [odd] }) })).code).toBe(2);
  });

  it.each([
    [
      [],
      "ENCRYPTION_KEY",
      "Set ENCRYPTION_KEY in .dev.vars or the environment, and start npm run dev again (the one that sealed what is stored;",
    ],
    [
      ["--deployed"],
      "ENCRYPTION_KEY",
      "Set it: npx wrangler secret put ENCRYPTION_KEY (the one that sealed what is stored;",
    ],
    [["--deployed"], "TWILIO_AUTH_TOKEN", "Set it: npx wrangler secret put TWILIO_AUTH_TOKEN"],
    [["--deployed"], "ENROLLMENT", "Set ENROLLMENT in wrangler.toml, then npm run deploy (code or open)."],
  ])(
    "DOCTOR-46 with %j a Worker without %s is red in secrets, with how to set it there",
    async (args, variable, fix) => {
      const { code, lines } = await linesOf(args, {
        deployed: { CALLROOM_URL: DEPLOYED, INSTRUCTOR_TOKEN: "kept-token" },
        answer: () => failure(503, { code: "misconfigured", variable }),
      });
      expect(lines.get("secrets")).toEqual({
        name: "secrets",
        status: "failed",
        found: `${variable} is missing or malformed.`,
        fix: expect.stringContaining(fix),
      });
      expect(code).toBe(1);
    },
  );

  it("DOCTOR-46 the name of a variable is shown only if it looks like one, and no other word of the Worker's refusal is", async () => {
    const answer = () => failure(503, { code: "misconfigured", variable: "\x1b[31mCANARY rm -rf" });
    expect((await linesOf([], { answer })).lines.get("secrets")?.found).toBe(
      "A variable of the Worker is missing or malformed.",
    );
  });

  it("DOCTOR-47 without a token the Worker is still asked whether it is set up at all", async () => {
    const dev = {};
    const answer: Answer = (url) =>
      url.pathname === "/healthz"
        ? failure(503, { code: "misconfigured", variable: "DATABASE_URL" })
        : failure(401, {});
    const { code, lines } = await linesOf([], { dev, answer });
    expect([code, lines.get("secrets")?.found]).toEqual([1, "DATABASE_URL is missing or malformed."]);
  });

  it.each<[string, Answer, string, string]>([
    ["nobody answers", () => Promise.reject(new Error("CANARY ECONNREFUSED")), "Nobody answers", "npm run dev"],
    ["another server answers", () => new Response("<h1>CANARY</h1>"), "Nobody answers", "npm run dev"],
    [
      "the token is wrong",
      () => failure(401, { code: "bad_token" }),
      "does not take this INSTRUCTOR_TOKEN",
      "INSTRUCTOR_TOKEN",
    ],
    ["it was tried too often", () => failure(429, { code: "too_many_logins" }), "Too many wrong tokens", "Wait"],
    ["something else is wrong", () => failure(500, { code: "internal" }), "does not tell", "npm run dev"],
  ])("DOCTOR-48 when %s it could not be asked, and says what to do", async (_what, answer, found, fix) => {
    const { code, lines } = await linesOf([], { answer });
    expect([code, [...lines.keys()]]).toEqual([2, ["callroom", "tools", "secret-files"]]);
    expect(lines.get("callroom")).toMatchObject({
      status: "failed",
      found: expect.stringContaining(found),
      fix: expect.stringContaining(fix),
    });
  });

  it("DOCTOR-48 a deployed one that is silent is looked for with wrangler", async () => {
    const deployed = { CALLROOM_URL: DEPLOYED, INSTRUCTOR_TOKEN: "kept-token" };
    const answer = () => Promise.reject(new Error("no such host"));
    const { lines } = await linesOf(["--deployed"], { deployed, answer });
    expect(lines.get("callroom")?.found).toContain(DEPLOYED);
    expect(lines.get("callroom")?.fix).toMatch(/npx wrangler deployments list.*npx wrangler tail/);
  });
});

describe("what only this machine can see", () => {
  it.each<[string, Partial<Machine>, string, string, string]>([
    ["Node is old", { nodeVersion: "20.11.1" }, "tools", "failed", "Install what the project brings: npm ci"],
    [
      "wrangler is missing",
      { wrangler: { installed: undefined, pinned: "4.155.0" } },
      "tools",
      "failed",
      "Install what the project brings: npm ci",
    ],
    [
      "wrangler is another one",
      { wrangler: { installed: "4.100.0", pinned: "4.155.0" } },
      "tools",
      "warning",
      "Install what the project brings: npm ci",
    ],
    ["a file of secrets is open", { modeOf: () => 0o644 }, "secret-files", "failed", "Close it: chmod 600 .dev.vars"],
    [
      "a group may read it",
      { exists: () => true, modeOf: (path) => (path === ".dev.vars" ? 0o600 : 0o640) },
      "secret-files",
      "failed",
      "Close it: chmod 600 .callroom/deployment.env",
    ],
    [
      "git sees it",
      { isIgnored: async () => false },
      "secret-files",
      "failed",
      "Take it out: git rm --cached --ignore-unmatch .dev.vars, and name it in .gitignore. What was pushed is known: make those secrets new.",
    ],
  ])("DOCTOR-49 when %s, that line turns and no other", async (_what, machine, name, status, fix) => {
    const { code, lines } = await linesOf([], { machine });
    const turned = [...lines.values()].filter((line) => line.status !== "ok");
    expect(turned).toEqual([{ name, status, found: expect.any(String), fix }]);
    expect(code).toBe(status === "failed" ? 1 : 0);
  });

  it("DOCTOR-49 no file of secrets and no git are fine", async () => {
    const none = await linesOf([], { machine: { exists: () => false } });
    expect([none.code, none.lines.get("secret-files")?.status]).toEqual([0, "off"]);
    const noGit = await linesOf([], { machine: { isIgnored: async () => undefined, modeOf: () => undefined } });
    expect(noGit.lines.get("secret-files")?.status).toBe("ok");
  });

  it.each<[string, Variables, string, string]>([
    ["is the Worker's", { ENCRYPTION_KEY: HEX_A }, "ok", ""],
    ["is another", { ENCRYPTION_KEY: HEX_B }, "failed", ".callroom/deployment.env"],
    ["is no key", { ENCRYPTION_KEY: "abc" }, "failed", ".callroom/deployment.env"],
    ["is not kept", {}, "warning", ".callroom/deployment.env"],
  ])("DOCTOR-50 an ENCRYPTION_KEY of the deployment that %s", async (_what, kept, status, fix) => {
    const deployed = { CALLROOM_URL: DEPLOYED, INSTRUCTOR_TOKEN: "kept-token", ...kept };
    const { code, lines } = await linesOf(["--deployed"], { deployed });
    expect(lines.get("kept-key")).toMatchObject({ status, fix: expect.stringContaining(fix) });
    expect(code).toBe(status === "failed" ? 1 : 0);
  });
});

describe("how it looks", () => {
  it("DOCTOR-51 every line has symbol, word and name in columns, and the fix beneath what was found", async () => {
    const { text } = await doctor([], { answer: () => checksReply("failed") });
    const lines = text.split("\n");
    expect(lines[1]).toBe(`Callroom at ${DEV}`);
    expect(lines[3]).toBe("  ✗ failed   secrets           Found.");
    expect(lines[4]).toBe("                               → Do this.");
    expect(lines[5]).toBe("  ✓ ok       master-key        Fine.");
    expect(text).toContain(`\n1 failed, ${CHECKS.length + 2} ok.\n`);
    expect(text).not.toContain("\x1b");
  });

  it("DOCTOR-52 long texts are broken between words, in their column, and colour is for a terminal that wants it", async () => {
    const found = "word ".repeat(40).trim();
    const answer = () =>
      Response.json({ checks: [{ name: "openai", status: "warning", found, fix: "npm run keys -- rotate" }] });
    const { text } = await doctor([], { answer, columns: 70 });
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(70);
    const broken = text.split("\n").filter((line) => line.includes("word"));
    expect(new Set(broken.slice(1).map((line) => line.indexOf("word")))).toEqual(new Set([broken[0]?.indexOf("word")]));
    expect((await doctor([], { answer, isTTY: true })).text).toContain("\x1b[33m! warning\x1b[0m");
    expect((await doctor([], { answer, isTTY: true, environment: { NO_COLOR: "1" } })).text).not.toContain("\x1b");
  });
});
