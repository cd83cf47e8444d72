import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fillOldDatabase, makeOldDeployment } from "../journeys/predecessor-rows.ts";
import {
  adopt,
  fingerprint,
  type NewDatabase,
  type OldDatabase,
  openedHere,
  openNewDatabase,
  openOldDatabase,
  type Row,
  rowsIn,
} from "./adopting.ts";

const OLD = makeOldDeployment(6, 100);
const VARIABLES = { OLD_KEY: OLD.masterKeyHex };
const readable = OLD.rows.filter(({ apiKey }) => apiKey !== null);
const broken = OLD.rows.filter(({ stored, apiKey }) => apiKey === null && stored !== null && stored !== "");

let source: OldDatabase;
let target: NewDatabase;
beforeAll(async () => {
  source = await openOldDatabase();
  await fillOldDatabase(source.pglite, OLD);
}, 60_000);
afterAll(() => source.close());
beforeEach(async () => {
  target = await openNewDatabase();
}, 60_000);
afterEach(() => target.close());

const args = (...more: string[]): string[] => ["--from", source.url, "--key-variable", "OLD_KEY", "--json", ...more];
const run = (...more: string[]) => adopt(target, args(...more), VARIABLES);
const here = async (token: string): Promise<Row | undefined> => (await rowsIn(target.pglite)).get(token);

/** What a row says, without what is random or of the moment. */
async function essence(): Promise<unknown[]> {
  const rows = [...(await rowsIn(target.pglite))];
  return Promise.all(
    rows.map(async ([token, { student_id: _, key_connected_at: connected, openai_api_key: sealed, ...rest }]) => ({
      ...rest,
      isConnected: connected !== null,
      key: sealed === null ? null : await openedHere({ openai_api_key: sealed ?? "" }, token),
    })),
  );
}

describe("npm run adopt, from another database", () => {
  it("ADOPT-1 takes every student with all that Callroom has a place for, and writes nothing there", async () => {
    const before = await fingerprint(source.pglite);
    const { exitCode, out } = await run();
    expect(await fingerprint(source.pglite)).toBe(before);
    expect(exitCode).toBe(1);
    const rows = await rowsIn(target.pglite);
    expect([...rows.keys()].sort()).toEqual(OLD.rows.map(({ token }) => token).sort());
    for (const old of OLD.rows) {
      expect(rows.get(old.token)).toMatchObject({
        student_email: old.email,
        student_name: old.name,
        system_prompt: old.prompt,
        ivr_greeting: old.greeting,
        selected_voice: old.voice,
        tools: old.tools,
        created: old.createdAt.replace(/\.?0+$/, ""),
        updated: old.updatedAt.replace(/\.?0+$/, ""),
        origin: "predecessor",
        workshop_id: null,
      });
    }
    expect(JSON.parse(out)).toMatchObject({
      isComplete: false,
      there: { before: 100, after: 100 },
      here: { before: 0, after: 100 },
      students: { taken: 100, "already-here": 0, "not-taken": 0 },
      columnsNotTaken: ["id", "voice_settings", "is_active"],
      columnsMissing: [],
    });
  });

  it("ADOPT-2 seals every key that opens under Callroom's own master key, and takes no other", async () => {
    const { out } = await run();
    const rows = await rowsIn(target.pglite);
    for (const old of OLD.rows) {
      const row = rows.get(old.token);
      if (old.apiKey === null) {
        expect(row).toMatchObject({ openai_api_key: null, key_hint: null, key_status: null, key_connected_at: null });
      } else {
        expect(row).toMatchObject({ key_hint: old.apiKey.slice(-4), key_status: "unverified" });
        expect(row?.openai_api_key).toMatch(/^v2:/);
        expect(await openedHere(row, old.token)).toBe(old.apiKey);
      }
    }
    const problems: { sessionTokenEnd: string; column: string }[] = JSON.parse(out).problems;
    expect(problems.map(({ sessionTokenEnd }) => sessionTokenEnd).sort()).toEqual(
      broken.map(({ token }) => token.slice(-4)).sort(),
    );
    expect(new Set(problems.map(({ column }) => column))).toEqual(new Set(["openai_api_key"]));
    expect(JSON.parse(out).keys.unreadableBecause).toEqual({
      "not-opened": broken.filter(({ state }) => state === "bit-flipped" || state === "other-key").length,
      "unknown-kid": 0,
      "no-openai-key": broken.filter(({ state }) => state === "no-key-inside").length,
      "no-format": broken.filter(({ state }) => state === "tag-cut" || state === "garbage").length,
    });
  });

  it("ADOPT-3 writes nothing in a dry run, and says what would be done", async () => {
    const before = await fingerprint(target.pglite);
    const dry = await run("--dry-run");
    expect(await fingerprint(target.pglite)).toBe(before);
    const wet = await run();
    const { dryRun, here: counts, ...planned } = JSON.parse(dry.out);
    expect([dry.exitCode, dryRun, counts]).toEqual([1, true, { before: 0, after: 0 }]);
    expect(JSON.parse(wet.out)).toMatchObject(planned);
  });

  it("ADOPT-4 leaves alone what is here: a second run changes nothing, and who was at work here keeps it", async () => {
    const [mine, theirs] = readable;
    await run();
    await target.pglite.query(
      "update student_configs set system_prompt = 'Mine.', openai_api_key = null, updated_at = now() where session_token = $1",
      [mine!.token],
    );
    await target.pglite.query("delete from student_configs where session_token = $1", [theirs!.token]);
    await target.pglite.query("insert into student_configs (session_token, student_name) values ($1, 'Other')", [
      theirs!.token,
    ]);
    const before = await fingerprint(target.pglite);
    for (const more of [[], ["--update"]]) {
      const { out } = await run(...more);
      expect(JSON.parse(out).students).toMatchObject({ taken: 0, renewed: 0, "key-added": 0, "already-here": 100 });
    }
    expect(await fingerprint(target.pglite)).toBe(before);
  });

  it("ADOPT-5 brings up to date with --update what was saved there since, where nobody has touched it here", async () => {
    await run();
    const [saved, savedAndTouched, keyGone, keyBroken, untouched] = readable.map(({ token }) => token);
    const old = await openOldDatabase();
    try {
      await fillOldDatabase(old.pglite, OLD);
      const save = (token: string | undefined, change: string) =>
        old.pglite.query(`update student_configs set ${change}, updated_at = now() where session_token = $1`, [token]);
      await save(saved, "system_prompt = 'Newer.', openai_api_key = 'sk-proj-newer-key-0123456789'");
      await save(savedAndTouched, "system_prompt = 'Newer.'");
      await save(keyGone, "openai_api_key = null");
      await save(keyBroken, "openai_api_key = 'broken'");
      await target.pglite.query(
        "update student_configs set system_prompt = 'Here.', updated_at = now() where session_token = $1",
        [savedAndTouched],
      );
      const before = await here(untouched!);
      const again = ["--from", old.url, "--key-variable", "OLD_KEY", "--json"];
      const first = await adopt(target, again, VARIABLES);
      expect(JSON.parse(first.out).students).toMatchObject({ renewed: 0, "already-here": 100 });
      const second = await adopt(target, [...again, "--update"], VARIABLES);
      expect(JSON.parse(second.out).students).toMatchObject({ renewed: 3, "already-here": 97 });
      expect(await here(saved!)).toMatchObject({ system_prompt: "Newer.", key_hint: "6789" });
      expect(await openedHere(await here(saved!), saved!)).toBe("sk-proj-newer-key-0123456789");
      expect(await here(savedAndTouched!)).toMatchObject({ system_prompt: "Here." });
      expect(await here(keyGone!)).toMatchObject({ openai_api_key: null, key_hint: null, key_status: null });
      expect(await openedHere(await here(keyBroken!), keyBroken!)).toBe(
        readable.find(({ token }) => token === keyBroken)?.apiKey,
      );
      expect(await here(untouched!)).toEqual(before);
      const third = await adopt(target, [...again, "--update"], VARIABLES);
      expect(JSON.parse(third.out).students).toMatchObject({ renewed: 0, "already-here": 100 });
    } finally {
      await old.close();
    }
  });

  it("ADOPT-5 never writes over what somebody does here while it is at work", async () => {
    const [first, second] = readable.map(({ token }) => token);
    /** Runs between the look at what is here and the write: the first key is sealed then. */
    const meanwhile = (change: string) => {
      let isFirst = true;
      return (count: number): Uint8Array => {
        if (isFirst) void target.pglite.exec(change);
        isFirst = false;
        return crypto.getRandomValues(new Uint8Array(count));
      };
    };
    const joined = `insert into student_configs (session_token, student_name) values ('${first}', 'Here first')`;
    const taking = await adopt(target, args(), VARIABLES, { randomBytes: meanwhile(joined) });
    expect(JSON.parse(taking.out).students).toMatchObject({ taken: 99, "already-here": 1, "not-taken": 0 });
    expect(await here(first!)).toMatchObject({ student_name: "Here first", openai_api_key: null });

    const old = await openOldDatabase();
    try {
      await fillOldDatabase(old.pglite, OLD);
      await old.pglite.exec("update student_configs set system_prompt = 'Newer.', updated_at = now()");
      const touch = `update student_configs set system_prompt = 'Just now.', updated_at = now() where session_token = '${second}'`;
      const again = ["--from", old.url, "--key-variable", "OLD_KEY", "--json", "--update"];
      const renewing = await adopt(target, again, VARIABLES, { randomBytes: meanwhile(touch) });
      expect(JSON.parse(renewing.out).students).toMatchObject({ renewed: 98, "already-here": 2 });
      expect(await here(second!)).toMatchObject({ system_prompt: "Just now." });
    } finally {
      await old.close();
    }
  });

  it("ADOPT-6 gives a key later that could not be opened at first, but not to who has deleted theirs here", async () => {
    const refused = await adopt(target, ["--from", source.url, "--json"]);
    expect([refused.exitCode, (await rowsIn(target.pglite)).size]).toEqual([2, 0]);
    expect(refused.err).toContain("Not one of the sealed keys can be opened");
    expect(refused.err).toContain("Nothing was changed.");
    const without = await adopt(target, ["--from", source.url, "--json", "--without-keys"]);
    const plain = OLD.rows.filter(({ state }) => state === "plaintext").length;
    expect(JSON.parse(without.out)).toMatchObject({ students: { taken: 100 }, keys: { plaintext: plain } });

    const sealed = readable.filter(({ state }) => state !== "plaintext");
    const [deleted] = sealed;
    await target.pglite.query("update student_configs set key_deleted_at = now() where session_token = $1", [
      deleted!.token,
    ]);
    const { out } = await run();
    expect(JSON.parse(out).students).toMatchObject({
      "key-added": sealed.length - 1,
      "already-here": 101 - sealed.length,
    });
    for (const { token, apiKey } of sealed.slice(1)) expect(await openedHere(await here(token), token)).toBe(apiKey);
    expect(await here(deleted!.token)).toMatchObject({ openai_api_key: null });
    expect(JSON.parse((await run()).out).students).toMatchObject({ "key-added": 0, "already-here": 100 });
  });

  it("ADOPT-7 opens with ENCRYPTION_KEY_PREVIOUS as with --key-variable, and with the same ENCRYPTION_KEY", async () => {
    await adopt(target, ["--from", "OLD_URL"], { OLD_URL: source.url, ENCRYPTION_KEY_PREVIOUS: OLD.masterKeyHex });
    const [one] = readable;
    expect(await openedHere(await here(one!.token), one!.token)).toBe(one!.apiKey);
    const same = await adopt(target, ["--from", source.url, "--json"], { ENCRYPTION_KEY: OLD.masterKeyHex });
    expect(JSON.parse(same.out)).toMatchObject({
      students: { "already-here": 100 },
      keys: { unreadable: broken.length },
    });
  });

  it("ADOPT-8 comes to the same end wherever it is killed on the way", async () => {
    const old = makeOldDeployment(8, 1_100);
    const long = await openOldDatabase();
    try {
      await fillOldDatabase(long.pglite, old);
      const again = () =>
        adopt(target, ["--from", long.url, "--key-variable", "LONG_KEY"], { LONG_KEY: old.masterKeyHex });
      await again();
      const whole = await essence();
      expect(whole).toHaveLength(1_100);
      const { neon } = target;
      const halves = new Set<number>();
      for (let survives = 0; ; survives += 1) {
        await target.pglite.exec("delete from student_configs");
        const until = neon.counted.requests + survives;
        // What is asked then is done, and nobody hears of it.
        const kind = { get: () => (neon.counted.requests > until ? "lose-reply" : "none") };
        Object.defineProperty(neon.faults, "kind", { configurable: true, ...kind });
        const killed = await again();
        Object.defineProperty(neon.faults, "kind", { configurable: true, writable: true, value: "none" });
        if (killed.exitCode !== 2) break;
        const rows = (await rowsIn(target.pglite)).size;
        halves.add(rows);
        expect(killed.err).toContain("Callroom's database does not answer.\n");
        if (rows > 0) expect(killed.err).toContain("Run the command again, and it goes on from here.");
        await again();
        expect(await essence()).toEqual(whole);
      }
      expect([...halves].sort((a, b) => a - b)).toEqual([0, 500, 1_000, 1_100]);
    } finally {
      await long.close();
    }
  }, 120_000);

  it("ADOPT-9 puts students into a workshop that is open, and says what that means for them", async () => {
    const workshop = (id: string, code: string, more = "null, null, true") =>
      target.pglite.exec(
        `insert into workshops (id, name, join_code, seats, closed_at, fallback_allowed) values ('${id}', 'Voice agents', '${code}', ${more})`,
      );
    await workshop("open1", "MAPLE-7", "60, null, false");
    await workshop("closed1", "OVER-1", "null, now(), true");
    for (const [code, sentence] of [
      ["NONE-1", "There is no workshop of this join code"],
      ["OVER-1", "This workshop is closed for good"],
    ] as const) {
      const { exitCode, err } = await run("--workshop", code);
      expect([exitCode, (await rowsIn(target.pglite)).size]).toEqual([2, 0]);
      expect(err).toContain(sentence);
    }
    const { out } = await adopt(
      target,
      args("--workshop", "maple-7").filter((arg) => arg !== "--json"),
      VARIABLES,
    );
    expect((await rowsIn(target.pglite)).get(readable[0]!.token)).toMatchObject({ workshop_id: "open1" });
    expect(out).toContain("They belong to Voice agents (MAPLE-7), which does not lend the instructor's key");
    expect(out).toContain("It has 100 students and 60 seats: nobody else can join until it has more.");
  });

  it("ADOPT-10 takes ten thousand rows in a few dozen requests", async () => {
    const big = await openOldDatabase();
    try {
      const old = makeOldDeployment(10, 10_000);
      await fillOldDatabase(big.pglite, old);
      const before = target.neon.counted.requests;
      const wanted = ["--from", big.url, "--key-variable", "BIG_KEY"];
      const { out } = await adopt(target, wanted, { BIG_KEY: old.masterKeyHex });
      expect(target.neon.counted.requests - before).toBeLessThan(60);
      expect(out).toContain("Adopting  5000/10000\n");
      expect(out).toMatch(/ {2}after {17,}10,000 {3}10,000\n/);
    } finally {
      await big.close();
    }
  }, 120_000);
});
