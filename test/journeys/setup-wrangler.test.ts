import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Ran } from "../../src/cli/setup/ports.ts";
import { runProcess } from "../../src/cli/setup/processes.ts";
import { openWrangler, type Wrangler } from "../../src/cli/setup/wrangler.ts";
import { ADAS, ROOT } from "../cli/setup-world.ts";
import { type CloudflareApi, startCloudflareApi } from "../standins/cloudflare-api.ts";

/* The wrangler of node_modules, as setup runs it, before a Cloudflare of ours. */

const WORKER = "callroom-of-the-tests";
const SECRETS = { ENCRYPTION_KEY: "one", DATABASE_URL: "two", INSTRUCTOR_TOKEN: "three" };

let api: CloudflareApi;
let home: string;
let wrangler: Wrangler;
const failures: Ran[] = [];

beforeAll(async () => {
  api = await startCloudflareApi({ id: ADAS, name: "Ada's class" }, WORKER);
  home = mkdtempSync(join(tmpdir(), "callroom-wrangler-"));
  const command = { file: process.execPath, args: [join(ROOT, "node_modules/wrangler/bin/wrangler.js")] };
  const environment = {
    PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`,
    HOME: home,
    CLOUDFLARE_API_TOKEN: "token-of-the-tests",
    CLOUDFLARE_API_BASE_URL: api.baseUrl,
  };
  wrangler = openWrangler(
    { projectFolder: ROOT, run: (request) => runProcess(request, ROOT) },
    command,
    environment,
    (ran) => {
      failures.push(ran);
      return "a log";
    },
  );
});
beforeEach(() => {
  Object.assign(api, { plan: "paid", hasRights: true, subdomain: "ada", secretNames: undefined });
});
afterAll(async () => {
  await api.close();
  rmSync(home, { recursive: true, force: true });
});

describe("the real wrangler", () => {
  it("SETUP-27 says who is logged in, and what is there", async () => {
    expect(await wrangler.version()).toMatch(/^\d+\.\d+\.\d+$/);
    const accounts = [{ id: ADAS, name: "Ada's class" }];
    expect(await wrangler.logIn()).toEqual({ email: "ada@example.com", accounts });
    expect(await wrangler.find(ADAS, WORKER)).toBeUndefined();
    api.secretNames = ["ENCRYPTION_KEY"];
    expect(await wrangler.find(ADAS, WORKER)).toEqual({ secretNames: ["ENCRYPTION_KEY"] });
    expect(await wrangler.objectClasses(ADAS, WORKER)).toEqual(["CallObject", "WorkshopObject"]);
  });

  it("SETUP-27 takes secrets before there is a Worker, and deploys what has them, on the free plan too", async () => {
    api.plan = "free";
    await expect(wrangler.deploy(ADAS, WORKER)).rejects.toThrow("do the step secrets too");
    await wrangler.putSecrets(ADAS, WORKER, SECRETS);
    expect(api.secretNames).toEqual(Object.keys(SECRETS));
    const url = `https://${WORKER}.ada.workers.dev`;
    expect(await wrangler.deploy(ADAS, WORKER)).toEqual({ url, withoutCpuLimit: true });
    expect(readdirSync(ROOT).filter((name) => name.includes("free-plan"))).toEqual([]);
    await wrangler.putSecrets(ADAS, WORKER, { DATABASE_URL: null });
    expect(api.secretNames).toEqual(["ENCRYPTION_KEY", "INSTRUCTOR_TOKEN"]);
    expect(failures).toEqual([]);
  });

  it("SETUP-27 is understood when it refuses", async () => {
    api.subdomain = undefined;
    api.secretNames = Object.keys(SECRETS);
    await expect(wrangler.deploy(ADAS, WORKER)).rejects.toThrow(`${ADAS}/workers/onboarding`);
    api.hasRights = false;
    await expect(wrangler.find(ADAS, WORKER)).rejects.toThrow("has no right to do that");
    await expect(wrangler.putSecrets(ADAS, WORKER, SECRETS)).rejects.toThrow("has no right to do that");
    expect(failures).toEqual([]);
  });
});
