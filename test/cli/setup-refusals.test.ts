import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { keepDeployment } from "../../src/cli/deployment.ts";
import type { Prompt } from "../../src/cli/setup/ports.ts";
import { type Ended, setupIn, typist } from "./setup-running.ts";
import { ADAS, BOBS, type Clone, openClone } from "./setup-world.ts";

const KEY = "c4".repeat(12) + "0d".repeat(20);
const OTHER_KEY = "e1".repeat(30) + "77".repeat(2);
const RUN_MS = 30_000;

let clone: Clone;
beforeAll(async () => {
  clone = await openClone();
}, 60_000);
beforeEach(() => clone.reset());
afterAll(() => clone.close());

const setup = (args: readonly string[], environment: Record<string, string> = {}, prompt?: Prompt): Promise<Ended> =>
  setupIn(clone, args, environment, { prompt });

const commandsRun = (): string[] => clone.journal().map(({ argv }) => argv[0] ?? "");
const CHANGING = ["login", "neon-new", "secret bulk", "deploy"];
const changed = (): string[] => commandsRun().filter((command) => CHANGING.includes(command));

describe("npm run setup", { timeout: RUN_MS }, () => {
  it("SETUP-5 a dry run says what it would do, and changes nothing", async () => {
    const before = [clone.state(), readdirSync(clone.folder)];
    const { code, said } = await setup(["--dry-run", "--neon"]);
    expect(code).toBe(0);
    expect(said).toContain("would make a database at Neon");
    expect(said).toContain("would have put ENCRYPTION_KEY, INSTRUCTOR_TOKEN");
    expect(said).toContain("would deploy callroom");
    expect([clone.state(), readdirSync(clone.folder)]).toEqual(before);
    expect(changed()).toEqual([]);
    expect(await clone.database.rows("select 1 from pg_tables where schemaname = 'public'")).toEqual([]);
  });

  it("SETUP-5 a dry run of what is done says that nothing has to be put", async () => {
    await setup(["--yes", "--neon"]);
    const [kept, state] = [clone.kept(), clone.state()];
    const { code, said } = await setup(["--dry-run"]);
    expect(code).toBe(0);
    expect(said).toContain("would put none");
    expect([clone.kept(), clone.state()]).toEqual([kept, state]);
  });

  it("SETUP-6 without a log-in it says how, and in a terminal it asks for one", async () => {
    await clone.reset({ isLoggedIn: false });
    const alone = await setup(["--yes", "--neon"]);
    expect(alone.code).toBe(1);
    expect(alone.said).toContain("set CLOUDFLARE_API_TOKEN");
    expect([changed(), clone.kept()]).toEqual([[], {}]);
    const asked = await setup([], {}, typist());
    expect(asked.code).toBe(0);
    expect(changed()).toEqual(["login", "neon-new", "secret bulk", "deploy"]);
  });

  it("SETUP-6 a token for programs does without a log-in, and one that is no good is refused", async () => {
    await clone.reset({ isLoggedIn: false, apiToken: "cf-good" });
    const wrong = await setup(["--yes", "--neon"], { CLOUDFLARE_API_TOKEN: "cf-wrong" });
    expect(wrong.code).toBe(1);
    expect(wrong.said).toContain("Edit Cloudflare Workers");
    expect(wrong.said).not.toContain("cf-wrong");
    expect((await setup(["--yes", "--neon"], { CLOUDFLARE_API_TOKEN: "cf-good" })).code).toBe(0);
  });

  it("SETUP-7 of several accounts one is named, or chosen", async () => {
    const accounts = [
      { id: ADAS, name: "Ada" },
      { id: BOBS, name: "Bob\u001b[2J" },
    ];
    await clone.reset({ accounts, rights: [BOBS] });
    const alone = await setup(["--yes", "--neon"]);
    expect(alone.code).toBe(1);
    expect(alone.said).toContain(`CLOUDFLARE_ACCOUNT_ID:\n  1  Ada  ${ADAS}\n  2  Bob[2J  ${BOBS}`);
    expect((await setup(["--only", "account"], {}, typist("3"))).said).toContain("No account was chosen.");
    expect((await setup(["--only", "account"], {}, typist("2"))).code).toBe(0);
    expect(clone.kept()).toMatchObject({ CLOUDFLARE_ACCOUNT_ID: BOBS });
    // From now on it is known, and another one is a mistake.
    expect((await setup(["--yes", "--only", "account"])).code).toBe(0);
    const moved = await setup(["--yes", "--only", "account"], { CLOUDFLARE_ACCOUNT_ID: ADAS });
    expect(moved).toMatchObject({ code: 1, said: expect.stringContaining(`is in the account ${BOBS}`) });
  });

  it("SETUP-7 an account that this log-in is not in, or has no rights in, is said to be", async () => {
    const foreign = await setup(["--yes", "--neon"], { CLOUDFLARE_ACCOUNT_ID: BOBS });
    expect(foreign).toMatchObject({
      code: 1,
      said: expect.stringContaining(`ada@example.com is not in the account ${BOBS}`),
    });
    await clone.reset({ rights: [] });
    const powerless = await setup(["--yes", "--neon"]);
    expect(powerless).toMatchObject({ code: 1, said: expect.stringContaining("has no right to do that") });
    await clone.reset({ isEmailConfirmed: false });
    const unconfirmed = await setup(["--yes", "--neon"]);
    expect(unconfirmed).toMatchObject({ code: 1, said: expect.stringContaining("e-mail address confirmed") });
    expect([changed(), clone.kept()]).toEqual([[], {}]);
  });

  it("SETUP-8 a Worker of that name which is not Callroom is left alone, and another name goes on", async () => {
    const theirs = { secrets: { THEIRS: "x" }, classes: ["ChatRoom"], deploys: 3 };
    await clone.reset({ workers: { [`${ADAS}/callroom`]: theirs } });
    const taken = await setup(["--yes", "--neon"]);
    expect(taken).toMatchObject({ code: 1, said: expect.stringContaining("it is not Callroom") });
    expect([changed(), clone.kept()]).toEqual([[], {}]);
    expect((await setup(["--yes", "--neon", "--skip", "look,class", "--name", "ada-class"])).code).toBe(0);
    expect(clone.state().workers).toMatchObject({
      [`${ADAS}/callroom`]: theirs,
      [`${ADAS}/ada-class`]: { deploys: 1, classes: ["CallObject", "WorkshopObject", "LoginObject"] },
    });
    const again = await setup(["--yes", "--name", "callroom"]);
    expect(again).toMatchObject({
      code: 1,
      said: expect.stringContaining("keeps the deployment of the Worker ada-class"),
    });
  });

  it("SETUP-9 a Callroom whose ENCRYPTION_KEY is not known here stays as it is", async () => {
    const secrets = {
      ENCRYPTION_KEY: KEY,
      INSTRUCTOR_TOKEN: "their-instructor-token",
      DATABASE_URL: clone.database.url,
    };
    const theirs = { secrets, classes: ["CallObject", "WorkshopObject"], deploys: 1 };
    await clone.reset({ workers: { [`${ADAS}/callroom`]: theirs } });
    const stopped = await setup(["--yes", "--neon"]);
    expect(stopped).toMatchObject({
      code: 1,
      said: expect.stringContaining("has a secret ENCRYPTION_KEY that is not known here"),
    });
    expect([changed(), clone.kept()]).toEqual([[], {}]);
    const halfKnown = await setup(["--yes", "--neon"], { ENCRYPTION_KEY: KEY });
    expect(halfKnown).toMatchObject({
      code: 1,
      said: expect.stringContaining("has a secret INSTRUCTOR_TOKEN that is not known here"),
    });
    // Whoever gives all of it takes it over, and of what is there nothing is replaced.
    expect((await setup(["--yes"], secrets)).code).toBe(0);
    const { history, secrets: now } = clone.state().workers[`${ADAS}/callroom`] ?? {};
    expect(now).toMatchObject(secrets);
    expect(history?.map(({ name }) => name)).toEqual(["DATABASE_URL", "DATABASE_HTTP_ENDPOINT", "PUBLIC_ORIGIN"]);
  });

  it("SETUP-9 an ENCRYPTION_KEY that was lost here after it was put is not replaced by a new one", async () => {
    await setup(["--yes", "--neon"]);
    const { ENCRYPTION_KEY, ...rest } = clone.kept();
    keepDeployment(clone.folder, { ENCRYPTION_KEY: undefined });
    const stopped = await setup(["--yes", "--skip", "account"]);
    expect(stopped).toMatchObject({
      code: 1,
      said: expect.stringContaining("has a secret ENCRYPTION_KEY that is not known here"),
    });
    expect(clone.kept()).toEqual(rest);
    expect(clone.state().workers[`${ADAS}/callroom`]?.secrets).toMatchObject({ ENCRYPTION_KEY });
  });

  it("SETUP-10 a database that was sealed under another key is not touched by a new one", async () => {
    await setup(["--yes", "--neon"], { ENCRYPTION_KEY: KEY });
    const { DATABASE_URL = "" } = clone.kept();
    // Another clone, the same database: first without its key, then with a wrong one, then with both.
    const services = { accounts: [{ id: BOBS, name: "Bob" }], rights: [BOBS] };
    clone.forget(services);
    const made = await setup(["--yes"], { DATABASE_URL });
    expect(made).toMatchObject({ code: 1, said: expect.stringContaining("Set ENCRYPTION_KEY to that one") });
    expect(clone.kept()).not.toHaveProperty("ENCRYPTION_KEY");
    expect(changed()).not.toContain("secret bulk");
    const wrong = await setup(["--yes"], { DATABASE_URL, ENCRYPTION_KEY: OTHER_KEY });
    expect(wrong).toMatchObject({ code: 1, said: expect.stringContaining("Set ENCRYPTION_KEY_PREVIOUS") });
    expect(clone.kept()).not.toHaveProperty("ENCRYPTION_KEY");
    const both = { DATABASE_URL, ENCRYPTION_KEY: OTHER_KEY, ENCRYPTION_KEY_PREVIOUS: KEY };
    expect((await setup(["--yes"], both)).code).toBe(0);
    // And the key that is kept stays: another in a variable is a mistake.
    const third = await setup(["--yes"], { ENCRYPTION_KEY: KEY });
    expect(third).toMatchObject({ code: 1, said: expect.stringContaining("npm run keys -- renew") });
  });

  it("SETUP-11 malformed variables and arguments are refused before anything is done, and not repeated", async () => {
    const bad: [Record<string, string>, string[], string][] = [
      [{ ENCRYPTION_KEY: "ab".repeat(32) }, [], "ENCRYPTION_KEY is not usable"],
      [{ DATABASE_URL: "mysql://u:hunter2@h/d" }, [], "DATABASE_URL is not usable"],
      [{ DATABASE_URL: "postgres://h" }, [], "DATABASE_URL is not usable"],
      [{ OPENAI_API_KEY: "sk-admin-hunter2hunter2" }, [], "OPENAI_API_KEY is not usable"],
      [{ TWILIO_AUTH_TOKEN: "hunter2" }, [], "TWILIO_AUTH_TOKEN is not usable"],
      [{ TWILIO_ACCOUNT_SID: "hunter2" }, [], "TWILIO_ACCOUNT_SID is not usable"],
      [{ PUBLIC_ORIGIN: "https://u:hunter2@class.example.com/path" }, [], "PUBLIC_ORIGIN is not usable"],
      [{ INSTRUCTOR_TOKEN: "hunter2" }, [], "INSTRUCTOR_TOKEN is not usable"],
      [{ CLOUDFLARE_ACCOUNT_ID: "hunter2" }, [], "CLOUDFLARE_ACCOUNT_ID is not usable"],
      [{ WORKER_NAME: "hunter2_!" }, [], "The Worker's name is not usable"],
      [{}, ["--name", "-x"], "The Worker's name is not usable"],
      [{}, ["--only", "everything"], 'There is no step "everything"'],
      [{}, ["--skip"], "--skip needs a word"],
      [{}, ["--database=postgres://u:hunter2@h/d"], 'What is "--database"?'],
      [{}, ["postgres://u:hunter2@h/d"], "What is that?"],
      [{}, ["--yes=no"], 'What is "--yes"?'],
    ];
    for (const [environment, args, sentence] of bad) {
      const { code, said } = await setup(["--yes", ...args], environment);
      expect([sentence, code, said]).toEqual([sentence, 2, expect.stringContaining(sentence)]);
      expect(said).not.toContain("hunter2");
    }
    expect((await setup([])).said).toContain("Nobody can be asked here");
    expect(await setup(["--help"])).toMatchObject({ code: 0, said: expect.stringContaining("Exit code 0") });
    expect([commandsRun(), clone.kept()]).toEqual([[], {}]);
  });

  it("SETUP-12 what is kept and cannot be read is not replaced", async () => {
    mkdirSync(join(clone.folder, ".callroom/deployment.env"), { recursive: true });
    const unreadable = await setup(["--yes", "--neon"]);
    expect(unreadable).toMatchObject({ code: 1, said: expect.stringContaining("cannot be read") });
    await clone.reset();
    keepDeployment(clone.folder, { ENCRYPTION_KEY: KEY.slice(1) });
    const damaged = await setup(["--yes", "--neon"]);
    expect(damaged).toMatchObject({
      code: 1,
      said: expect.stringContaining("In .callroom/deployment.env: ENCRYPTION_KEY"),
    });
    expect([commandsRun(), clone.kept()]).toEqual([[], { ENCRYPTION_KEY: KEY.slice(1) }]);
  });

  it("SETUP-13 a second setup in the same folder waits for nobody: it says so", async () => {
    const first = clone.run(["--yes", "--neon"]);
    await expect.poll(() => commandsRun().length, { timeout: 10_000 }).toBeGreaterThan(0);
    const second = await clone.run(["--yes", "--neon"]);
    expect(second).toMatchObject({ code: 1, err: expect.stringContaining("Another npm run setup is at work") });
    expect((await first).code).toBe(0);
  });
});
