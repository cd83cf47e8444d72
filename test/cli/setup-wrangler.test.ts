import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { withoutLimits } from "../../src/cli/setup/free-plan.ts";
import type { Ran } from "../../src/cli/setup/ports.ts";
import { openWrangler } from "../../src/cli/setup/wrangler.ts";
import { troubleWith } from "../../src/cli/setup/wrangler-trouble.ts";
import { setupIn } from "./setup-running.ts";
import { ADAS, type Clone, openClone, ROOT } from "./setup-world.ts";

const RUN_MS = 30_000;
const WORKER = `${ADAS}/callroom`;

let clone: Clone;
beforeAll(async () => {
  clone = await openClone();
}, 60_000);
beforeEach(() => clone.reset());
afterAll(() => clone.close());

/** A wrangler that prints this, and writes that into the file for programs. */
function wranglerSaying(ran: Partial<Ran>, outputFile = "") {
  const printed: Ran = { exitCode: 0, stdout: "", stderr: "", ...ran };
  return openWrangler(
    {
      projectFolder: clone.folder,
      run: async ({ environment }) => {
        const path = environment.WRANGLER_OUTPUT_FILE_PATH;
        if (path !== undefined && outputFile !== "") {
          mkdirSync(join(clone.folder, ".callroom"), { recursive: true });
          writeFileSync(path, outputFile);
        }
        return printed;
      },
    },
    { file: "wrangler", args: [] },
    {},
    () => "the log",
  );
}

describe("wrangler in setup", { timeout: RUN_MS }, () => {
  it("SETUP-18 a wrangler that fails in the middle leaves nothing half done, and its words in a file", async () => {
    clone.change((state) => {
      state.breaks = "deploy";
    });
    const broken = await setupIn(clone, ["--yes", "--neon"]);
    expect(broken).toMatchObject({ code: 1, said: expect.stringContaining("What it said is in .callroom/setup.log") });
    expect(broken.said).not.toContain("flux");
    expect(readFileSync(join(clone.folder, ".callroom/setup.log"), "utf8")).toContain("flux capacitor");
    const { ENCRYPTION_KEY } = clone.kept();
    clone.change((state) => {
      delete state.breaks;
    });
    expect((await setupIn(clone, ["--yes"])).code).toBe(0);
    expect(clone.state().workers[WORKER]?.secrets.ENCRYPTION_KEY).toBe(ENCRYPTION_KEY);
    expect(clone.state().workers[WORKER]?.history.filter(({ name }) => name === "ENCRYPTION_KEY")).toHaveLength(1);
  });

  it("SETUP-18 what is kept of a failure has no secret in it", async () => {
    const { run } = clone.ports({});
    const leaky: typeof run = async (request) => {
      const ran = await run(request);
      return request.args[0] === "deploy" ? { ...ran, exitCode: 1, stdout: JSON.stringify(clone.kept()) } : ran;
    };
    const { code } = await setupIn(clone, ["--yes", "--neon"], { CLOUDFLARE_API_TOKEN: "cf-token-1" }, { run: leaky });
    expect(code).toBe(1);
    const tokenless = await setupIn(clone, ["--yes", "--neon"], {}, { run: leaky });
    expect(tokenless.code).toBe(1);
    const log = readFileSync(join(clone.folder, ".callroom/setup.log"), "utf8");
    const { ENCRYPTION_KEY = "-", INSTRUCTOR_TOKEN = "-", DATABASE_URL = "-" } = clone.kept();
    expect(log).toContain("[redacted]");
    for (const secret of [ENCRYPTION_KEY, INSTRUCTOR_TOKEN, DATABASE_URL, "cf-token-1"])
      expect(log).not.toContain(secret);
  });

  it("SETUP-18 a wrangler that says something unexpected is not believed", async () => {
    for (const command of ["--version", "whoami", "secret list"]) {
      await clone.reset({ garbles: command, workers: { [WORKER]: {} } });
      const { code, said } = await setupIn(clone, ["--yes", "--neon"]);
      expect([command, code, said]).toEqual([command, 1, expect.stringMatching(/does not understand|does not start/)]);
      expect(said).not.toContain("wrangler 9");
    }
    await clone.reset({ garbles: "deploy" });
    // Without an address of one's own there is nothing to go on with.
    const lost = await setupIn(clone, ["--yes", "--neon"], { PUBLIC_ORIGIN: "" });
    expect(lost).toMatchObject({ code: 1, said: expect.stringContaining("wrangler did not say where") });
  });

  it("SETUP-18 without a network it says so", async () => {
    clone.change((state) => {
      state.isOnline = false;
    });
    const { code, said } = await setupIn(clone, ["--yes", "--neon"]);
    expect([code, said]).toEqual([1, expect.stringContaining("Cloudflare cannot be reached")]);
    const started = await setupIn(clone, ["--yes", "--neon"], { CALLROOM_WRANGLER: "/no/such/wrangler" });
    expect(started).toMatchObject({ code: 1, said: expect.stringContaining("wrangler does not start: run npm ci") });
  });

  it("SETUP-19 on the free plan it is deployed without a CPU limit, and on the other with it", async () => {
    await clone.reset({ plan: "free" });
    const free = await setupIn(clone, ["--yes", "--neon"]);
    expect(free).toMatchObject({ code: 0, said: expect.stringContaining("free plan takes none") });
    expect(clone.state().workers[WORKER]).toMatchObject({ deploys: 1, cpuLimit: false });
    expect(readdirSync(clone.folder).filter((name) => name.includes("free-plan"))).toEqual([]);
    clone.change((state) => {
      state.plan = "paid";
    });
    expect((await setupIn(clone, ["--yes"])).said).not.toContain("free plan");
    expect(clone.state().workers[WORKER]).toMatchObject({ deploys: 2, cpuLimit: true });
  });

  it("SETUP-19 the configuration for the free plan is ours without its limits", async () => {
    const toml = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
    const lines = toml.split("\n");
    const without = withoutLimits(toml)?.split("\n") ?? [];
    expect(lines.filter((line) => !without.includes(line))).toEqual(["[limits]", "cpu_ms = 5000"]);
    expect(withoutLimits("limits = { cpu_ms = 5000 }\n")).toBeUndefined();
  });

  it("SETUP-20 an account without a workers.dev address is told where to choose one, and goes on", async () => {
    await clone.reset({ subdomain: null });
    const none = await setupIn(clone, ["--yes", "--neon"]);
    expect(none).toMatchObject({ code: 1, said: expect.stringContaining(`/${ADAS}/workers/onboarding`) });
    clone.change((state) => {
      state.subdomain = "ada";
    });
    expect((await setupIn(clone, ["--yes"])).code).toBe(0);
  });

  it("SETUP-20 the address is that of wrangler's file, else that of its words, a domain of one's own first", async () => {
    const workersDev = "https://callroom.ada.workers.dev";
    const line = (targets: unknown): string =>
      `${JSON.stringify({ type: "wrangler-session", version: 1 })}\nnot json\n${JSON.stringify({ type: "deploy", targets })}\n`;
    const words = `Deployed callroom triggers (0.5 sec)\n  ${workersDev}\nCurrent Version ID: 1\n`;
    const cases: [Partial<Ran>, string, string | undefined][] = [
      [{ stdout: "" }, line([workersDev, "schedule: * * * * *"]), workersDev],
      [{ stdout: words }, "", workersDev],
      [{ stdout: words }, line("what?"), workersDev],
      [{ stdout: "" }, line([workersDev, "class.example.com (custom domain)"]), "https://class.example.com"],
      [{ stdout: "https://callroom.ada.workers.dev.evil.example" }, line([]), undefined],
    ];
    for (const [ran, file, url] of cases) {
      expect(await wranglerSaying(ran, file).deploy(ADAS, "callroom")).toEqual({ url, withoutCpuLimit: false });
    }
    expect(readdirSync(join(clone.folder, ".callroom"))).toEqual([]);
  });

  it("SETUP-20 without an address of one's own the deployed one is kept and looked at", async () => {
    const seen: string[] = [];
    const fetcher: typeof fetch = (input, init) => {
      const url = new URL(new Request(input).url);
      seen.push(url.origin);
      return fetch(new URL(url.pathname, clone.worker.url), init);
    };
    const { code, said } = await setupIn(clone, ["--yes", "--neon"], { PUBLIC_ORIGIN: "" }, { fetcher });
    expect(code).toBe(0);
    expect(new Set(seen)).toEqual(new Set(["https://callroom.ada.workers.dev"]));
    expect(clone.kept().CALLROOM_URL).toBe("https://callroom.ada.workers.dev");
    expect(said).toMatch(/deploy +https:\/\/callroom\.ada\.workers\.dev\n/);
  });

  it("SETUP-21 each of Cloudflare's refusals has a sentence of ours, and an unknown one a file", () => {
    const ran = (text: string, exitCode: number | null = 1): Ran => ({ exitCode, stdout: "", stderr: text });
    const sentences: [string, RegExp][] = [
      ["You need to verify your email [code: 10034]", /e-mail address confirmed/],
      ["x [code: 10063]", /workers\.dev address yet/],
      ["Not logged in. Your token has expired", /not logged in/],
      ["Authentication error [code: 10000]", /no right to do that/],
      ["Unauthorized to access requested resource [code: 9109]", /no right to do that/],
      ["latest version is not deployed [code: 10215]", /--only deploy/],
      ["The following required secrets have not been set: DATABASE_URL", /do the step secrets/],
      ["Running custom build `npm run --silent build:web` failed. There are", /npm run build:web says why/],
      ["getaddrinfo ENOTFOUND api.cloudflare.com", /cannot be reached/],
      ["An unknown error has occurred [code: 10013]", /wait a minute/],
      ["Something new under the sun [code: 77]", /What it said is in the log/],
    ];
    for (const [said, sentence] of sentences) {
      const { message } = troubleWith(ran(said), "deploy", ADAS, () => "the log");
      expect([said, message]).toEqual([said, expect.stringMatching(sentence)]);
    }
    // What a deploy always says must not be taken for its trouble.
    const usual = "[custom build] Running: npm run --silent build:web\nTotal Upload: 500.02 KiB / gzip: 429.1 KiB\n";
    expect(troubleWith(ran(usual), "deploy", ADAS, () => "the log").message).toContain("What it said is in the log");
    expect(troubleWith(ran("", null), "deploy", ADAS, () => "the log").message).toContain("did not end in time");
    expect(existsSync(join(clone.folder, ".callroom"))).toBe(false);
  });
});
