import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { BEGUN_AT, DONE_AT } from "../../src/cli/key-world.ts";
import { LIMITS } from "../../src/limits.ts";
import { loadMasterKeys } from "../../src/vault/master-keys.ts";
import { seal, sealedWith } from "../../src/vault/seal.ts";
import { sentinelOf } from "../../src/vault/sentinel.ts";
import { HEX_A, HEX_B, HEX_C, randomBytes } from "../vault/samples.ts";
import { FACTS, leaveEndpoints, Renewing, TOKEN, textIn } from "./renewing.ts";

const kids = Object.fromEntries(
  await Promise.all([HEX_A, HEX_B, HEX_C].map(async (hex) => [hex, (await loadMasterKeys(hex, [])).newest.kid])),
);
const RENEW = ["renew", "--deployed"];
const RETIRE = ["retire", "--deployed"];
const LONGEST_CALL_MS = LIMITS.callMaxMs + LIMITS.resumeWindowMs;

const opened: Renewing[] = [];
async function callroom(variables: Record<string, string> = {}): Promise<Renewing> {
  const world = await Renewing.open(variables);
  opened.push(world);
  return world;
}
afterEach(() => {
  for (const world of opened.splice(0)) world.close();
});

const sealedUnder = (world: Renewing) =>
  new Set([...world.rows.stored.values()].map((row) => JSON.stringify(sealedWith(row["openai-key"] ?? ""))));

/** What holds at every moment, also of a command that has just been killed. */
async function expectSound(world: Renewing): Promise<void> {
  expect(await world.plaintexts()).toEqual(world.expected);
  const known = [world.file.ENCRYPTION_KEY, ...(world.file.ENCRYPTION_KEY_PREVIOUS ?? "").split(",")];
  const had = [world.worker.ENCRYPTION_KEY, ...(world.worker.ENCRYPTION_KEY_PREVIOUS ?? "").split(",")];
  expect(had.filter((hex) => hex && !known.includes(hex))).toEqual([]);
}

describe("npm run keys -- renew", () => {
  it("ROTATE-12 The new master key is kept first, all of them are put at once through stdin, and everything is sealed again when the Worker seals under it.", async () => {
    const world = await callroom({ ENCRYPTION_KEY_PREVIOUS: HEX_B });
    world.slowAsks = 3;
    const { exitCode, said } = await world.run(...RENEW);
    expect(exitCode).toBe(0);
    await expectSound(world);
    const newest = world.worker.ENCRYPTION_KEY ?? "";
    expect(newest).toMatch(/^[0-9a-f]{64}$/);
    expect([HEX_A, HEX_B]).not.toContain(newest);
    expect(world.worker.ENCRYPTION_KEY_PREVIOUS).toBe(`${HEX_A},${HEX_B}`);
    expect(world.worker.INSTRUCTOR_TOKEN).toBe(TOKEN);
    const { kid } = (await world.workerKeys()).newest;
    expect(sealedUnder(world)).toEqual(new Set([JSON.stringify({ format: "v2", kid })]));
    expect([...world.rows.sentinelsByKid.keys()]).toEqual([kids[HEX_A], kid]);

    // First the file, then the Worker, then ten answers that it has it, then the rows.
    const steps = world.effects.filter((step, at) => step !== world.effects[at - 1]);
    expect(steps.map((step) => step.split(" ")[0]).join(" ")).toMatch(
      /^ask keep ask wrangler ask write( write)* keep$/,
    );
    expect(world.effects.filter((step) => step === "ask")).toHaveLength(2 + 3 + 10);
    const [put] = world.wranglerRuns;
    expect(put).toMatchObject({
      args: ["secret", "bulk", "--name", FACTS.WORKER_NAME],
      variables: { CLOUDFLARE_ACCOUNT_ID: FACTS.CLOUDFLARE_ACCOUNT_ID },
    });
    expect(JSON.parse(put?.stdin ?? "")).toEqual({
      ENCRYPTION_KEY: newest,
      ENCRYPTION_KEY_PREVIOUS: `${HEX_A},${HEX_B}`,
    });
    expect(world.file[BEGUN_AT]).toBeUndefined();
    expect(Date.parse(world.file[DONE_AT] ?? "")).toBe(world.nowMs);
    expect(said).toContain(`5 values sealed again under ${kid}.`);
    expect(said).toContain("From 2026-11-23 10:01 UTC on: npm run keys -- retire --deployed\n");
    for (const secret of [newest, HEX_A, HEX_B, TOKEN, "canary"]) expect(said).not.toContain(secret);
  });

  it("ROTATE-13 Killed before or after any of its steps it goes on from there: at no moment is a value lost, and one new master key is made.", {
    timeout: 60_000,
  }, async () => {
    const whole = await callroom();
    await whole.run(...RENEW);
    const steps = whole.effects.length;
    expect(steps).toBeGreaterThan(15);
    let killed = 0;
    for (let effect = 1; effect <= steps; effect += 1) {
      for (const when of ["before", "after"] as const) {
        const world = await callroom();
        world.killAt = { effect, when };
        expect((await world.run(...RENEW)).exitCode).toBe("killed");
        killed += 1;
        await expectSound(world);
        await world.enter("wst_1", `sk-canary-replaced-${effect}-${when}`);
        world.rows.stored.delete("wst_2");
        world.expected.delete("wst_2");
        const kept = world.file.ENCRYPTION_KEY;
        const isBegun = kept !== HEX_A;
        const isDone = world.file[DONE_AT] !== undefined;
        expect((await world.run(...RENEW)).exitCode).toBe(0);
        await expectSound(world);
        if (isBegun) expect(world.file.ENCRYPTION_KEY).toBe(kept);
        expect(world.worker.ENCRYPTION_KEY).toBe(world.file.ENCRYPTION_KEY);
        expect(world.worker.ENCRYPTION_KEY_PREVIOUS).toBe(HEX_A);
        expect(isDone).toBe(effect === steps && when === "after");
        expect([...sealedUnder(world)]).toHaveLength(1);
      }
    }
    expect(killed).toBe(2 * steps);
  });

  it("ROTATE-14 What the Worker has and the file does not know, or the database does not know, stops it before anything is changed.", async () => {
    const cases: [string, (world: Renewing) => unknown, RegExp][] = [
      ["another newest", (world) => (world.worker.ENCRYPTION_KEY = HEX_C), new RegExp(`seals under ${kids[HEX_C]}`)],
      [
        "another older",
        (world) => (world.worker.ENCRYPTION_KEY_PREVIOUS = HEX_C),
        new RegExp(`also has the older master key ${kids[HEX_C]}`),
      ],
      [
        "another database",
        async (world) => {
          world.rows.sentinelsByKid.clear();
          await world.rows.sentinels.add(await sentinelOf(await loadMasterKeys(HEX_C, []), randomBytes));
        },
        /are not those of this database/,
      ],
      ["the environment", (world) => (world.environment.ENCRYPTION_KEY = HEX_C), /another ENCRYPTION_KEY than/],
      ["another token", (world) => (world.environment.INSTRUCTOR_TOKEN = "x"), /does not take this INSTRUCTOR_TOKEN/],
      [
        "another address",
        (world) => (world.environment.CALLROOM_URL = "https://elsewhere.example"),
        /did not say which/,
      ],
      ["no address", (world) => (world.environment.CALLROOM_URL = ""), /CALLROOM_URL and INSTRUCTOR_TOKEN/],
      ["no URL", (world) => (world.environment.CALLROOM_URL = "callroom"), /CALLROOM_URL is not a URL/],
      ["no database", (world) => (world.environment.DATABASE_URL = ""), /DATABASE_URL is neither in/],
      [
        "an older version",
        (world) => (world.refusal = () => Response.json({ success: true, checks: [] })),
        /did not say/,
      ],
      [
        "a broken Worker",
        (world) =>
          (world.refusal = () =>
            Response.json({ success: false, error: "canary", code: "misconfigured", variable: "DATABASE_URL" })),
        /does not work: DATABASE_URL/,
      ],
    ];
    for (const [name, change, sentence] of cases) {
      const world = await callroom();
      await change(world);
      const [file, rows] = [textIn(world.folder, ".callroom/deployment.env"), structuredClone(world.rows.stored)];
      const { exitCode, said } = await world.run(...RENEW);
      expect([name, exitCode]).toEqual([name, 2]);
      expect(said, name).toMatch(sentence);
      expect(said).not.toContain("canary");
      expect([textIn(world.folder, ".callroom/deployment.env"), world.rows.stored, world.wranglerRuns]).toEqual([
        file,
        rows,
        [],
      ]);
    }
  });

  it("ROTATE-15 When wrangler fails, or the Worker does not take it on in time, everything stays readable and the next run goes on.", async () => {
    const world = await callroom();
    world.wranglerExitCode = 1;
    const refused = await world.run(...RENEW);
    expect([refused.exitCode, refused.said]).toEqual([2, expect.stringContaining("wrangler secret bulk failed")]);
    world.wranglerSays = "canary: Authentication error [code: 10000]";
    expect((await world.run(...RENEW)).said).toMatch(/This log-in has no right to do that(?!.*canary)/);
    await expectSound(world);
    const made = world.file.ENCRYPTION_KEY;
    expect(sealedUnder(world).size).toBe(2);

    world.wranglerExitCode = 0;
    world.slowAsks = 1_000;
    const late = await world.run(...RENEW);
    expect(late.exitCode).toBe(2);
    expect(late.said).toContain("Nothing is lost: npm run keys -- renew --deployed goes on from here.");
    expect(sealedUnder(world).size).toBe(2);
    await expectSound(world);

    world.slowAsks = 0;
    expect((await world.run(...RENEW)).exitCode).toBe(0);
    expect([world.worker.ENCRYPTION_KEY, world.wranglerRuns.length]).toEqual([made, 3]);
    await expectSound(world);
  });

  it("ROTATE-16 A Worker that was rolled back is given the master keys again.", async () => {
    const world = await callroom();
    const before = world.worker;
    await world.run(...RENEW);
    const renewed = world.worker;
    world.worker = before;
    expect((await world.run(...RENEW)).exitCode).toBe(0);
    expect(world.worker).toEqual(renewed);
    await expectSound(world);
  });

  it("ROTATE-17 A renewal that is done is not begun once more by mistake; --again makes one more key.", async () => {
    const world = await callroom();
    await world.run(...RENEW);
    const first = world.worker.ENCRYPTION_KEY ?? "";
    const again = await world.run(...RENEW);
    expect([again.exitCode, world.effects]).toEqual([0, ["ask"]]);
    expect(again.said).toContain("The older may go from 2026-11-23 10:01 UTC on");
    expect(world.worker.ENCRYPTION_KEY).toBe(first);
    expect((await world.run(...RENEW, "--again")).exitCode).toBe(0);
    expect(world.worker.ENCRYPTION_KEY).not.toBe(first);
    expect(world.worker.ENCRYPTION_KEY_PREVIOUS).toBe(`${first},${HEX_A}`);
    await expectSound(world);
  });

  it("ROTATE-18 Of two at once the second changes nothing.", async () => {
    const world = await callroom();
    const [first, second] = await Promise.all([world.run(...RENEW), world.run(...RENEW)]);
    expect([first?.exitCode, second?.exitCode]).toEqual([0, 2]);
    expect(second?.said).toContain("Another npm run keys or npm run setup is at work");
    expect(world.wranglerRuns).toHaveLength(1);
    expect((await world.run(...RENEW)).exitCode).toBe(0);
  });

  it("ROTATE-19 For npm run dev it changes .dev.vars, leaves every other line, and waits until a person has started it again.", async () => {
    const world = await callroom();
    const vars = `# mine\nINSTRUCTOR_TOKEN=${TOKEN}\n\nexport ENCRYPTION_KEY = ${HEX_A}\nTEXT_MODEL=gpt-6-luna\n`;
    writeFileSync(join(world.folder, ".dev.vars"), vars, { mode: 0o644 });
    mkdirSync(join(world.folder, ".data"));
    leaveEndpoints(join(world.folder, ".data"));
    const waiting = await world.run("renew");
    expect(waiting.exitCode).toBe(2);
    expect(waiting.said).toContain("Now stop npm run dev in its terminal and start it again");
    const text = textIn(world.folder, ".dev.vars");
    const [, made = ""] = /\nENCRYPTION_KEY="([0-9a-f]{64})"\n/.exec(text) ?? [];
    expect(made).not.toBe("");
    expect(text).toMatch(new RegExp(`^# mine\nINSTRUCTOR_TOKEN=${TOKEN}\n\nTEXT_MODEL=gpt-6-luna\nENCRYPTION_KEY=`));
    expect(text).toContain(`ENCRYPTION_KEY_PREVIOUS="${HEX_A}"`);
    expect(statSync(join(world.folder, ".dev.vars")).mode & 0o777).toBe(0o600);

    world.worker = { ...world.worker, ENCRYPTION_KEY: made, ENCRYPTION_KEY_PREVIOUS: HEX_A };
    const { exitCode, said } = await world.run("renew");
    expect([exitCode, world.wranglerRuns]).toEqual([0, []]);
    expect(said).toContain("From 2026-11-23 10:11 UTC on: npm run keys -- retire\n");
    expect(await world.plaintexts()).toEqual(world.expected);
    expect(sealedUnder(world).size).toBe(1);
    expect(world.file.ENCRYPTION_KEY).toBe(HEX_A);
  });
});

describe("npm run keys -- retire", () => {
  it("ROTATE-20 The older master keys go when the longest call of before has ended, and not a minute earlier.", async () => {
    const world = await callroom();
    await world.run(...RENEW);
    const doneMs = world.nowMs;
    world.nowMs = doneMs + LONGEST_CALL_MS - 1;
    const early = await world.run(...RETIRE);
    expect([early.exitCode, world.wranglerRuns.length]).toEqual([1, 1]);
    expect(early.said).toContain("From 2026-11-23 10:01 UTC on they may go.");
    world.nowMs = doneMs + LONGEST_CALL_MS;
    const { exitCode, said } = await world.run(...RETIRE);
    expect(exitCode).toBe(0);
    expect(said).toContain(`Gone: ${kids[HEX_A]}.`);
    expect(JSON.parse(world.wranglerRuns[1]?.stdin ?? "")).toEqual({ ENCRYPTION_KEY_PREVIOUS: null });
    expect(Object.keys(world.worker)).not.toContain("ENCRYPTION_KEY_PREVIOUS");
    expect(world.file).toEqual({ ...world.worker, ...FACTS });
    await expectSound(world);
    expect(await world.run(...RETIRE)).toMatchObject({
      exitCode: 0,
      said: expect.stringContaining("no older master key"),
    });
  });

  it("ROTATE-21 While anything is left under them, or nobody knows since when nothing is, they stay.", async () => {
    const world = await callroom({ ENCRYPTION_KEY_PREVIOUS: HEX_B });
    // The predecessor's format counts as older: it opens under every master key.
    const stale = await world.run(...RETIRE);
    expect([stale.exitCode, stale.said]).toEqual([1, expect.stringContaining("1 value not yet under")]);
    const sealed = world.rows.stored.get("wst_0")?.["openai-key"] ?? "";
    world.rows.stored.set("wst_4", { "openai-key": null, "webhook-secret": null });
    world.rows.stored.delete("wst_4");
    world.expected.delete("wst_4");
    const unknown = await world.run(...RETIRE);
    expect([unknown.exitCode, unknown.said]).toEqual([1, expect.stringContaining("From 2026-11-23 10:01 UTC on")]);
    world.nowMs += LONGEST_CALL_MS;
    // A value under an older one begins the hour anew: a call may have begun with it.
    const older = await loadMasterKeys(HEX_B, []);
    const binding = { purpose: "openai-key", sessionToken: "wst_0" } as const;
    const rowOf = (value: string) => ({ "openai-key": value, "webhook-secret": null });
    world.rows.stored.set("wst_0", rowOf(await seal(older, binding, "sk-canary-0", randomBytes)));
    expect((await world.run(...RETIRE)).exitCode).toBe(1);
    world.rows.stored.set("wst_0", rowOf(sealed));
    expect((await world.run(...RETIRE)).said).toContain("From 2026-11-23 11:01 UTC on");
    expect(world.wranglerRuns).toEqual([]);
    expect(world.worker.ENCRYPTION_KEY_PREVIOUS).toBe(HEX_B);
  });

  it("ROTATE-22 Students whose four words would end are counted, and they stay until it is said that the words may go.", async () => {
    const world = await callroom();
    world.rows.students.set(kids[HEX_A] ?? "", 3);
    expect((await world.run(...RENEW)).said).toContain("3 students can come back by four words of before");
    world.nowMs += LONGEST_CALL_MS;
    const kept = await world.run(...RETIRE);
    expect([kept.exitCode, kept.said]).toEqual([1, expect.stringContaining("3 students would lose the four words")]);
    expect(world.worker.ENCRYPTION_KEY_PREVIOUS).toBe(HEX_A);
    expect((await world.run(...RETIRE, "--forget-words")).exitCode).toBe(0);
    expect(world.worker.ENCRYPTION_KEY_PREVIOUS).toBeUndefined();
  });

  it("ROTATE-23 Killed before or after any of its steps it goes on from there, and never before its time.", async () => {
    for (let effect = 1, steps = 1; effect <= steps; effect += 1) {
      for (const when of ["before", "after"] as const) {
        const world = await callroom();
        await world.run(...RENEW);
        world.nowMs += LONGEST_CALL_MS;
        world.killAt = { effect, when };
        expect((await world.run(...RETIRE)).exitCode).toBe("killed");
        await expectSound(world);
        expect((await world.run(...RETIRE)).exitCode).toBe(0);
        expect(world.worker.ENCRYPTION_KEY_PREVIOUS).toBeUndefined();
        expect(world.file.ENCRYPTION_KEY_PREVIOUS).toBeUndefined();
        await expectSound(world);
        if (steps === 1) {
          const whole = await callroom();
          await whole.run(...RENEW);
          whole.nowMs += LONGEST_CALL_MS;
          await whole.run(...RETIRE);
          steps = whole.effects.length;
          expect(steps).toBeGreaterThanOrEqual(4);
        }
      }
    }
  });

  it("ROTATE-23 While a renewal is under way nothing is retired.", async () => {
    const world = await callroom();
    world.wranglerExitCode = 1;
    await world.run(...RENEW);
    world.nowMs += 10 * LONGEST_CALL_MS;
    const { exitCode, said } = await world.run(...RETIRE);
    expect([exitCode, said]).toEqual([1, expect.stringContaining("A renewal is under way")]);
    await expectSound(world);
  });
});
