import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ADAS, type Clone, openClone, type SetupRun, TWILIO_TOKEN } from "../cli/setup-world.ts";
import { startOpenAiStandin } from "../standins/openai.ts";

const WORKER = `${ADAS}/callroom`;
const STEPS = ["tools", "account", "database", "migrations", "options", "secrets", "deploy", "look", "class"];
const RUN = ["--yes", "--neon"];

let clone: Clone;
beforeAll(async () => {
  clone = await openClone();
});
beforeEach(() => clone.reset());
afterAll(() => clone.close());

/** Each value that was ever put under a name, once. */
function putValues(): Record<string, unknown[]> {
  const history = clone.state().workers[WORKER]?.history ?? [];
  return Object.fromEntries(
    history.map(({ name }) => [name, [...new Set(history.filter((put) => put.name === name).map((put) => put.value))]]),
  );
}

/** A class is open: Cloudflare has what is kept here, the Worker is well, and there is one workshop. */
async function expectOpenClass({ code, out, err }: SetupRun): Promise<void> {
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(STEPS.filter((step) => !new RegExp(`^\\d/9 {3}${step} +\\S`, "m").test(out))).toEqual([]);
  const { secrets, deploys, classes } = clone.state().workers[WORKER] ?? {};
  const { ENCRYPTION_KEY, INSTRUCTOR_TOKEN, DATABASE_URL } = clone.kept();
  expect(secrets).toMatchObject({ ENCRYPTION_KEY, INSTRUCTOR_TOKEN, DATABASE_URL });
  expect(deploys).toBeGreaterThan(0);
  expect(classes).toContain("CallObject");
  expect(clone.kept()).not.toHaveProperty("SECRETS_ON_THEIR_WAY");
  const health = await fetch(`${clone.worker.url}/healthz`);
  expect(await health.json()).toEqual({ success: true, checks: { database: "ok", secrets: "ok" } });
  const [[joinCode] = [], ...others] = await clone.database.rows("select join_code from workshops");
  expect(others).toEqual([]);
  expect(out).toContain(`join code   ${joinCode}\n`);
}

/** What was printed, and what anybody saw of the processes: their arguments and variables. */
const seen = (runs: readonly SetupRun[]): string =>
  [
    ...runs.flatMap(({ out, err }) => [out, err]),
    ...clone.journal().map(({ argv, environment }) => JSON.stringify([argv, environment])),
  ].join("\n");

describe("npm run setup", () => {
  it("SETUP-1 makes a class out of a clone, and a second run changes nothing", async () => {
    await expectOpenClass(await clone.run(RUN));
    const [kept, put] = [clone.kept(), clone.state().workers[WORKER]?.history.length];
    const again = await clone.run(RUN);
    await expectOpenClass(again);
    expect(clone.kept()).toEqual(kept);
    expect(clone.state()).toMatchObject({ neonDatabases: 1 });
    expect(clone.state().workers[WORKER]?.history.length).toBe(put);
    expect(again.out).toMatch(/migrations +up to date\n/);
    expect(again.out).toMatch(/secrets +all there\n/);
    expect(again.out).toContain("https://neon.new/database/");
  });

  it("SETUP-2 no secret is printed, and none is in the arguments or variables of any process", async () => {
    const openai = await startOpenAiStandin();
    const environment = {
      OPENAI_BASE_URL: openai.baseUrl,
      OPENAI_API_KEY: "sk-instructors-own-fallback-key",
      TWILIO_AUTH_TOKEN: TWILIO_TOKEN,
      TWILIO_ACCOUNT_SID: `AC${TWILIO_TOKEN}`,
      SERVICE_TOKEN: "service-token-of-a-server",
    };
    try {
      const runs = [await clone.run(RUN, { environment }), await clone.run(["--yes"])];
      for (const run of runs) await expectOpenClass(run);
      const secrets = clone.state().workers[WORKER]?.secrets ?? {};
      const { TWILIO_ACCOUNT_SID, DATABASE_HTTP_ENDPOINT, PUBLIC_ORIGIN, ...hidden } = secrets;
      expect(Object.keys(hidden).sort()).toEqual([
        "DATABASE_URL",
        "ENCRYPTION_KEY",
        "INSTRUCTOR_TOKEN",
        "OPENAI_API_KEY",
        "SERVICE_TOKEN",
        "TWILIO_AUTH_TOKEN",
      ]);
      expect(clone.journal().length).toBeGreaterThan(8);
      expect(Object.entries(hidden).filter(([, value]) => seen(runs).includes(value))).toEqual([]);
      expect(seen(runs)).not.toContain("postgres:postgres");
    } finally {
      await openai.close();
    }
  });

  it("SETUP-3 the instructor's token is printed when it is asked for by name, and then it alone", async () => {
    await clone.run(RUN);
    const { code, out } = await clone.run(["--yes", "--only", "class", "--show-token"]);
    const { INSTRUCTOR_TOKEN, ENCRYPTION_KEY = "-" } = clone.kept();
    expect(code).toBe(0);
    expect(out).toContain(`console     ${clone.worker.url}/console#${INSTRUCTOR_TOKEN}\n`);
    expect(out).not.toContain(ENCRYPTION_KEY);
    expect(out.match(/^\d\/9/gm)).toEqual(["9/9"]);
  });
});

/** Where it is killed: as an outside command begins or has had its effect, as a step has ended, as the Worker is asked. */
const COMMANDS = ["--version", "whoami", "secret list", "neon-new", "secret bulk", "deploy"].flatMap((command) =>
  (["before", "after"] as const).map((when) => ({ command, when })),
);
const LINES = STEPS.slice(0, -1).map((step, at) => ({ line: new RegExp(`^${at + 1}/9 {3}${step} `, "m"), step }));
const REQUESTS = ["GET /healthz", "GET /api/workshop/workshops"];

describe("npm run setup, killed", () => {
  const goesOn = async (killed: SetupRun): Promise<void> => {
    expect(killed.code).toBeNull();
    const before = clone.kept();
    const next = await clone.run(RUN);
    await expectOpenClass(next);
    for (const name of ["ENCRYPTION_KEY", "INSTRUCTOR_TOKEN", "DATABASE_URL", "NEON_CLAIM_URL"]) {
      if (before[name] !== undefined) expect([name, clone.kept()[name]]).toEqual([name, before[name]]);
    }
    expect(Object.entries(putValues()).filter(([, values]) => values.length !== 1)).toEqual([]);
    expect(clone.state().neonDatabases).toBe(1);
    const secrets = clone.state().workers[WORKER]?.secrets ?? {};
    for (const name of ["ENCRYPTION_KEY", "INSTRUCTOR_TOKEN", "DATABASE_URL"]) {
      expect(seen([killed, next])).not.toContain(secrets[name] ?? "");
    }
  };

  for (const { command, when } of COMMANDS) {
    it(`SETUP-4 ${when} "${command}", it goes on with the next run`, async () => {
      clone.change((state) => {
        state.kill = { command, when };
      });
      const killed = await clone.run(RUN);
      expect(clone.state().kill).toBeUndefined();
      await goesOn(killed);
    });
  }

  for (const { line, step } of LINES) {
    it(`SETUP-4 after its step ${step}, it goes on with the next run`, async () => {
      await goesOn(await clone.run(RUN, { watch: (out, kill) => line.test(out) && kill() }));
    });
  }

  for (const request of REQUESTS) {
    it(`SETUP-4 at ${request}, it goes on with the next run`, async () => {
      await goesOn(await clone.run(RUN, { watch: (out, kill) => out.includes(request) && kill() }));
    });
  }
});
