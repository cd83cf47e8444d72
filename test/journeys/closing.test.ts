import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { placeCall } from "../standins/twilio.ts";
import { CanaryScanner, type Finding } from "./canaries.ts";
import {
  asInstructor,
  ask,
  Canary,
  closed,
  INSTRUCTOR_TOKEN,
  member,
  newWorkshop,
  speaks,
  TWILIO_AUTH_TOKEN,
  writes,
} from "./closing-class.ts";
import { LiveListener } from "./live-listener.ts";
import { eventually, Room } from "./room.ts";

let room: Room;
beforeAll(async () => {
  room = await Room.open({ TWILIO_AUTH_TOKEN });
});
afterAll(() => room.close());

/** Everything that Postgres would say, table by table. */
async function dump(): Promise<{ readonly where: string; readonly text: string }[]> {
  const tables = await room.sql(
    "select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema')",
  );
  return Promise.all(
    tables.map(async ({ name }) => {
      const rows = await room.sql(`select t::text as row from ${name} t`);
      return { where: String(name), text: rows.map(({ row }) => row).join("\n") };
    }),
  );
}

async function foundOf(canary: Canary): Promise<Finding[]> {
  const scanner = new CanaryScanner(canary.planted);
  const rows = await dump();
  const phrase = rows.filter(({ text }) => text.includes(canary.recoveryPhrase));
  expect(phrase.map(({ where }) => where)).toEqual([]);
  return [
    ...rows.flatMap(({ where, text }) => scanner.find(where, text)),
    ...scanner.findInFiles(join(room.dataDir, "objects")),
  ];
}

const canariesIn = (found: readonly Finding[]): string[] => [...new Set(found.map(({ canary }) => canary))].sort();
const placesIn = (found: readonly Finding[]): string[] => [...new Set(found.map(({ where }) => where))].sort();

/** Nothing is left: also when the machine stops without a goodbye, and what is in a write-ahead log stays there. */
async function nothingIsLeftOf(...canaries: readonly Canary[]): Promise<void> {
  const look = async () => (await Promise.all(canaries.map(foundOf))).flat();
  await eventually(async () => (await look()).length === 0, "nothing to be left", 30_000).catch(() => {});
  expect(await look()).toEqual([]);
  await room.crash();
  const scanners = canaries.map(({ planted }) => new CanaryScanner(planted));
  expect(scanners.flatMap((scanner) => scanner.findInFiles(join(room.dataDir, "objects")))).toEqual([]);
  await room.start();
  expect(await look()).toEqual([]);
}

const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();

describe("a workshop that is closed", () => {
  it("CLOSE-1 ends its calls, deletes its keys and erases its students: not a byte of them is left", async () => {
    const workshop = await newWorkshop(room, "Autumn");
    const other = await newWorkshop(room, "Winter");
    const canary = new Canary();
    await canary.joins(room, workshop.joinCode);
    const { sessionToken } = canary;
    const grace = await member(room, workshop.joinCode, "Grace", "sk-proj-grace-0123456789-grac");
    await member(room, workshop.joinCode, "Linus", "sk-proj-linus-0123456789-linu");
    const stranger = await member(room, other.joinCode, "Hedy", "sk-proj-hedy-0123456789-hedy");
    await canary.calls(room);
    await (await writes(room, stranger.sessionToken, ["Good day."])).hangUp();
    const page = await LiveListener.page(room, sessionToken);

    // It is everywhere, and the search finds it there.
    const before = await foundOf(canary);
    expect(canariesIn(before)).toEqual(
      Object.keys(canary.planted)
        .filter(
          (name) => !["key", "webhook secret", "webhook secret's bytes", "words of a call that goes on"].includes(name),
        )
        .sort(),
    );
    expect(placesIn(before)).toEqual(
      expect.arrayContaining(["public.student_configs", "public.prompt_versions", "public.calls", "public.turns"]),
    );
    expect((await ask(room, "GET /api/me/receipt", { by: sessionToken })).json).toEqual({
      success: true,
      receipt: null,
    });

    // Calls go on while it is closed.
    const written = await writes(room, sessionToken, [`And ${canary.cores["words of a call that goes on"]}?`]);
    const spoken = await speaks(room, grace.sessionToken, "Good day.");
    const eraseAt = soon(3_600_000);
    const closing = await closed(room, workshop.id, null, eraseAt);
    expect(closing).toMatchObject({ keysDeletedAt: expect.any(String), eraseAt, erasedAt: null });
    expect((await written.closed).code).toBe(4004);
    expect(written.turns.at(-1)?.text).toBe("I'm sorry, this workshop has ended. Goodbye.");
    expect(await spoken.end()).toMatchObject({ code: 4004 });
    expect(spoken.turns.at(-1)?.text).toBe("I'm sorry, this workshop has ended. Goodbye.");
    await page.until(() => page.of("me-changed").length > 0, "the page to be told");

    // None begins, nobody joins, and no key comes in.
    const text = await room.call(sessionToken, `/ws/${sessionToken}`, { authorization: `Bearer ${sessionToken}` });
    expect((await text.closed).code).toBe(4004);
    const phone = await placeCall({ origin: room.url, authToken: TWILIO_AUTH_TOKEN, sessionToken });
    await phone.over;
    expect(phone.spoken).toEqual(["I'm sorry, this workshop has ended. Goodbye."]);
    const refusals = [
      await ask(room, "POST /api/calls", { by: sessionToken, body: {} }),
      await ask(room, "PUT /api/me/key", { by: sessionToken, body: { openaiApiKey: canary.key } }),
      await ask(room, "POST /api/join", { body: { joinCode: workshop.joinCode, name: "Late" } }),
      await ask(room, "POST /api/student-config-save", { body: { sessionToken, openaiApiKey: canary.key } }),
    ];
    expect(refusals.map(({ status, json }) => [status, Object(json).code])).toEqual(
      refusals.map(() => [403, "workshop_closed"]),
    );
    expect(
      await room.sql("select 1 from student_configs where workshop_id = $1 and openai_api_key is not null", [
        workshop.id,
      ]),
    ).toEqual([]);

    // Everybody can still take along what is theirs.
    const receipt = (await ask(room, "GET /api/me/receipt", { by: sessionToken })).json;
    expect(receipt).toMatchObject({
      receipt: {
        workshop: "Autumn",
        closing,
        key: { hint: canary.key.slice(-4), deletedAt: expect.any(String) },
        calls: 3,
        ms: expect.any(Number),
        ownMicroUsd: expect.any(Number),
        lentMicroUsd: 0,
      },
    });
    const { ms, ownMicroUsd } = Object(Object(receipt).receipt);
    expect(Math.min(ms, ownMicroUsd)).toBeGreaterThan(0);
    const reported = Object(await asInstructor(room, `GET /${workshop.id}/report`));
    expect(reported.rows.map(({ name, calls }: Record<string, unknown>) => [name, calls])).toEqual([
      [`Ada ${canary.cores.name}`, 3],
      ["Grace", 1],
      ["Linus", 0],
    ]);
    const csv = String(await asInstructor(room, `GET /${workshop.id}/report.csv`));
    expect(csv.split("\r\n")[1]).toContain(`"https://platform.openai.com/api-keys"`);

    // Then they are gone.
    const sums = (rows: readonly Record<string, number>[], field: string) =>
      rows.reduce((sum, row) => sum + Number(row[field]), 0);
    expect(await closed(room, workshop.id, null, null)).toMatchObject({ erasedAt: expect.any(String) });
    expect((await ask(room, "GET /api/me/receipt", { by: sessionToken })).status).toBe(401);
    expect((await ask(room, "POST /api/recover", { body: { recoveryPhrase: canary.recoveryPhrase } })).status).toBe(
      404,
    );
    const after = Object(await asInstructor(room, `GET /${workshop.id}/report`));
    expect(after.rows).toEqual([
      {
        studentId: null,
        name: null,
        key: null,
        calls: sums(reported.rows, "calls"),
        ms: sums(reported.rows, "ms"),
        ownMicroUsd: sums(reported.rows, "ownMicroUsd"),
        lentMicroUsd: sums(reported.rows, "lentMicroUsd"),
      },
    ]);
    for (const path of ["close", "reopen"]) {
      const body = { keysAt: null, eraseAt: null };
      const refused = await ask(room, `POST /api/workshop/workshops/${workshop.id}/${path}`, {
        by: INSTRUCTOR_TOKEN,
        body,
      });
      expect([refused.status, Object(refused.json).code]).toEqual([409, "already_erased"]);
    }
    await nothingIsLeftOf(canary);

    // Whoever is of another workshop has noticed nothing.
    expect((await ask(room, "GET /api/me", { by: stranger.sessionToken })).json).toMatchObject({
      key: { status: "connected", hint: "hedy" },
      workshop: { state: "open", closing: null },
    });
    await (await writes(room, stranger.sessionToken, ["Still there?"])).hangUp();
  }, 240_000);

  it("CLOSE-2 deletes and erases by itself at its dates, also when it was stopped in between", async () => {
    const workshop = await newWorkshop(room, "Spring");
    const canary = new Canary();
    await canary.joins(room, workshop.joinCode);
    await canary.calls(room);
    const keysAt = soon(3_000);
    const eraseAt = soon(14_000);
    expect(await closed(room, workshop.id, keysAt, eraseAt)).toMatchObject({ keysAt, keysDeletedAt: null, eraseAt });
    const look = async () => Object(Object(await asInstructor(room, `GET /${workshop.id}/report`)).closing);
    await eventually(async () => (await look()).keysDeletedAt !== null, "the keys to be deleted");
    expect(await look()).toMatchObject({ erasedAt: null });
    expect((await ask(room, "GET /api/me/receipt", { by: canary.sessionToken })).json).toMatchObject({
      receipt: { key: { hint: canary.key.slice(-4) }, calls: 2 },
    });
    await room.crash();
    await room.start();
    await eventually(async () => (await look()).erasedAt !== null, "the students to be erased", 40_000);
    await nothingIsLeftOf(canary);
  }, 240_000);

  it("CLOSE-31 a student who is erased, and a workshop that is deleted, leave as little, in the middle of a call", async () => {
    const [spared, doomed] = [await newWorkshop(room, "Summer"), await newWorkshop(room, "Rain")];
    const [ada, hedy] = [new Canary(), new Canary()];
    await ada.joins(room, spared.joinCode);
    await hedy.joins(room, doomed.joinCode);
    const grace = await member(room, spared.joinCode, "Grace", "sk-proj-grace-0123456789-grac");
    await Promise.all([ada.calls(room), hedy.calls(room)]);
    const graceTalks = await writes(room, grace.sessionToken, ["Good day."]);
    const line = (canary: Canary): string => `And ${canary.cores["words of a call that goes on"]}?`;
    const written = await writes(room, ada.sessionToken, [line(ada)]);
    const spoken = await speaks(room, hedy.sessionToken, line(hedy));
    expect(canariesIn([...(await foundOf(ada)), ...(await foundOf(hedy))])).toContain("words of a call that goes on");

    expect((await ask(room, "DELETE /api/me", { by: ada.sessionToken })).status).toBe(200);
    expect((await written.closed).code).toBe(4004);
    await asInstructor(room, `DELETE /${doomed.id}`);
    expect(await spoken.end()).toMatchObject({ code: 4004 });
    expect((await ask(room, `GET /api/workshop/workshops/${doomed.id}/report`, { by: INSTRUCTOR_TOKEN })).status).toBe(
      404,
    );

    // Whoever is in the same class talks on.
    graceTalks.say("Are you still there?");
    await graceTalks.nextTurn();
    await graceTalks.hangUp();
    expect(Object(await asInstructor(room, `GET /${spared.id}/report`)).rows).toMatchObject([
      { name: "Grace", key: { hint: "grac", deletedAt: null } },
      { studentId: null, name: null, key: null, ownMicroUsd: 0, lentMicroUsd: 0 },
    ]);
    await nothingIsLeftOf(ada, hedy);
  }, 240_000);
});
