import { PassThrough, Writable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { keepDeployment } from "../../src/cli/deployment.ts";
import { terminalPrompt } from "../../src/cli/setup/prompts.ts";
import { STEPS } from "../../src/cli/setup/setup-options.ts";
import { startOpenAiStandin } from "../standins/openai.ts";
import { setupIn, typist } from "./setup-running.ts";
import { ADAS, type Clone, openClone, TWILIO_TOKEN } from "./setup-world.ts";

const RUN_MS = 30_000;
const WORKER = `${ADAS}/callroom`;
const KEY = "sk-instructors-own-fallback-key";

let clone: Clone;
let openai: Awaited<ReturnType<typeof startOpenAiStandin>>;
beforeAll(async () => {
  openai = await startOpenAiStandin();
  clone = await openClone();
}, 60_000);
beforeEach(() => clone.reset());
afterAll(async () => {
  await clone.close();
  await openai.close();
});

const asking = () => ({ OPENAI_BASE_URL: openai.baseUrl });

describe("what setup asks", { timeout: RUN_MS }, () => {
  it("SETUP-22 a person is asked for what may be added, until there is a class, and Enter leaves it out", async () => {
    const prompt = typist("", KEY, "", TWILIO_TOKEN);
    const first = await setupIn(clone, [], asking(), { prompt });
    expect(first.code).toBe(0);
    expect(prompt.asked).toEqual(["DATABASE_URL: ", "OPENAI_API_KEY: ", "TWILIO_ACCOUNT_SID: ", "TWILIO_AUTH_TOKEN: "]);
    expect(clone.state().workers[WORKER]?.secrets).toMatchObject({
      OPENAI_API_KEY: KEY,
      TWILIO_AUTH_TOKEN: TWILIO_TOKEN,
    });
    expect(clone.state().workers[WORKER]?.secrets).not.toHaveProperty("TWILIO_ACCOUNT_SID");
    const again = typist();
    expect((await setupIn(clone, [], asking(), { prompt: again })).code).toBe(0);
    expect(again.asked).toEqual([]);
    const byName = typist(`AC${TWILIO_TOKEN}`);
    await setupIn(clone, ["--only", "options"], asking(), { prompt: byName });
    expect(byName.asked).toEqual(["TWILIO_ACCOUNT_SID: "]);
    expect(clone.kept().TWILIO_ACCOUNT_SID).toBe(`AC${TWILIO_TOKEN}`);
  });

  it("SETUP-22 a key that OpenAI refuses is not kept, and is asked for again", async () => {
    const prompt = typist("sk-rejected-rejected-key", "nonsense", KEY);
    const { code, said } = await setupIn(clone, ["--only", "options"], asking(), { prompt });
    expect(code).toBe(0);
    expect(said).toContain("OpenAI does not take this OPENAI_API_KEY");
    expect(said).toContain("OPENAI_API_KEY is not usable");
    expect(clone.kept().OPENAI_API_KEY).toBe(KEY);
    await clone.reset();
    const given = await setupIn(clone, ["--yes", "--only", "options"], {
      ...asking(),
      OPENAI_API_KEY: "sk-rejected-rejected-key",
    });
    expect(given).toMatchObject({ code: 1, said: expect.stringContaining("It was not kept") });
    expect(given.said).not.toContain("sk-rejected");
    expect(clone.kept()).toEqual({});
  });

  it("SETUP-22 a key that OpenAI says nothing about is kept, and that is said", async () => {
    const environment = { OPENAI_BASE_URL: "http://127.0.0.1:9/v1", OPENAI_API_KEY: KEY };
    const { code, said } = await setupIn(clone, ["--yes", "--only", "options"], environment);
    expect([code, said]).toEqual([0, expect.stringContaining("OpenAI did not say whether")]);
    expect(clone.kept().OPENAI_API_KEY).toBe(KEY);
  });

  it("SETUP-22 what is removed from the file of the deployment is removed from the Worker", async () => {
    await setupIn(clone, ["--yes", "--neon"], { SERVICE_TOKEN: "service-token-of-a-server" });
    expect(clone.state().workers[WORKER]?.secrets).toHaveProperty("SERVICE_TOKEN");
    keepDeployment(clone.folder, { SERVICE_TOKEN: undefined });
    expect((await setupIn(clone, ["--yes"])).said).toContain("removed SERVICE_TOKEN");
    expect(clone.state().workers[WORKER]?.secrets).not.toHaveProperty("SERVICE_TOKEN");
  });

  it("SETUP-23 steps are left out and done alone, and one that lacks another says which", async () => {
    expect((await setupIn(clone, ["--yes", "--skip", STEPS.join(",")])).code).toBe(2);
    const alone: [string, string][] = [
      ["migrations", "do the step database too"],
      ["secrets", "do the step account too"],
      ["deploy", "do the step account too"],
      ["look", "do the step deploy too"],
      ["class", "npm run setup without --only"],
    ];
    for (const [step, sentence] of alone) {
      const { code, said } = await setupIn(clone, ["--yes", "--only", step]);
      expect([step, code, said]).toEqual([step, 1, expect.stringContaining(sentence)]);
    }
    await setupIn(clone, ["--yes", "--neon", "--skip", "look", "--skip=class"]);
    const put = clone.state().workers[WORKER]?.history.length;
    const { code, said } = await setupIn(clone, ["--yes", "--only", "deploy"]);
    expect([code, said.match(/^\d\/9 +\w+/gm)]).toEqual([0, ["7/9   deploy"]]);
    expect(clone.state().workers[WORKER]).toMatchObject({ deploys: 2 });
    expect(clone.state().workers[WORKER]?.history.length).toBe(put);
  });

  it("SETUP-24 a Worker that is not well is asked again for two minutes, and then it is said why", async () => {
    await setupIn(clone, ["--yes", "--neon"]);
    const sick: [unknown, string][] = [
      ["There is nothing here yet", "does not answer as Callroom"],
      [{ success: false, checks: { database: "failed", secrets: "ok" } }, "does not reach the database"],
      [{ success: false, checks: { database: "ok", secrets: "failed" } }, "ENCRYPTION_KEY does not open"],
      [
        { success: false, checks: { database: "not-checked", secrets: "failed" }, variable: "DATABASE_URL" },
        "cannot use its DATABASE_URL",
      ],
      [
        { success: false, checks: { database: "not-checked", secrets: "failed" }, variable: "<b>sk-x</b>" },
        "ENCRYPTION_KEY does not open",
      ],
    ];
    for (const [body, sentence] of sick) {
      let [nowMs, asked] = [0, 0];
      const { code, said } = await setupIn(
        clone,
        ["--yes", "--only", "look"],
        {},
        {
          now: () => nowMs,
          wait: async (ms) => {
            nowMs += ms;
          },
          fetcher: async () => {
            asked += 1;
            return Response.json(body, { status: 503 });
          },
        },
      );
      expect([sentence, code, said]).toEqual([sentence, 1, expect.stringContaining(sentence)]);
      expect(said).not.toContain("sk-x");
      expect([asked, nowMs]).toEqual([61, 120_000]);
    }
  });

  it("SETUP-24 a Worker that becomes well is waited for, and one with another key is found out", async () => {
    await setupIn(clone, ["--yes", "--neon"]);
    let asked = 0;
    const fetcher: typeof fetch = async (...request) => {
      asked += 1;
      return asked < 4 ? Promise.reject(new TypeError("fetch failed")) : fetch(...request);
    };
    expect((await setupIn(clone, ["--yes", "--only", "look"], {}, { fetcher })).code).toBe(0);
    expect(asked).toBe(4);
    keepDeployment(clone.folder, { ENCRYPTION_KEY: "9a".repeat(16) + "0b".repeat(16) });
    const other = await setupIn(clone, ["--yes", "--only", "look"]);
    expect(other).toMatchObject({ code: 1, said: expect.stringContaining("with another ENCRYPTION_KEY") });
  });

  it("SETUP-25 on a terminal what is typed in secret is not shown, and the end of the input is no answer", async () => {
    const shown: string[] = [];
    const output = Object.assign(
      new Writable({
        write: (chunk, _encoding, done) => {
          shown.push(String(chunk));
          done();
        },
      }),
      { isTTY: true },
    );
    const input = new PassThrough();
    const prompt = terminalPrompt(input, output);
    const typed = prompt.hidden("OPENAI_API_KEY: ");
    input.write("sk-hunter2\n");
    expect(await typed).toBe("sk-hunter2");
    expect(shown.join("")).toBe("OPENAI_API_KEY: \n");
    const line = prompt.line("Which? ");
    input.write(" two \n");
    expect(await line).toBe("two");
    expect(shown.join("")).toContain("Which? ");
    const ended = prompt.hidden("DATABASE_URL: ");
    input.end();
    expect(await ended).toBeUndefined();
  });
});
