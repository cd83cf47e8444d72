import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { CallObject } from "../../src/call/call-object.ts";
import { workshopStub } from "../../src/workshop/workshop-object.ts";
import { entry, seeded, token } from "./class.ts";
import { openPage, openWall, sleep } from "./listener.workerd.ts";
import { callOf, known, networkOfEach, pageOf } from "./live-class.workerd.ts";

const network = networkOfEach();

const Asked = z.union([
  z.object({ query: z.string() }).transform(({ query }) => [query]),
  z
    .object({
      queries: z.array(z.object({ query: z.string() })).transform((queries) => queries.map(({ query }) => query)),
    })
    .transform(({ queries }) => queries),
]);

/** A workshop's row behind Neon's endpoint: what is due in it is done as soon as it is asked for. */
class Row {
  /** `undefined`: there is no such workshop. */
  closing: { keysAtMs: number; eraseAtMs: number; keysDeletedAtMs?: number; erasedAtMs?: number } | null | undefined =
    null;
  isAway = false;
  readonly done: string[] = [];

  readonly answer = async (body: unknown): Promise<Response> => {
    if (this.isAway) return new Response("away", { status: 503 });
    const queries = Asked.parse(body);
    const isErasing = queries.some((query) => query.startsWith('delete from "student_configs"'));
    const isDeleting = queries.length > 1 && !isErasing;
    if (this.closing && isDeleting && this.closing.keysAtMs <= Date.now() + 1_000) {
      this.closing.keysDeletedAtMs ??= Date.now();
      this.done.push("keys");
    }
    if (this.closing && isErasing && this.closing.eraseAtMs <= Date.now() + 1_000) {
      this.closing.erasedAtMs ??= Date.now();
      this.done.push("erased");
    }
    const answers = queries.map(() => ({
      fields: [],
      rows: [] as unknown[],
      rowAsArray: true,
      command: "",
      rowCount: 0,
    }));
    const last = answers.at(-1);
    if (last && this.closing !== undefined) {
      const { closing } = this;
      const instants = closing && [1, closing.keysAtMs, closing.keysDeletedAtMs, closing.eraseAtMs, closing.erasedAtMs];
      const row = instants
        ? instants.map((atMs) => (atMs === undefined ? null : new Date(atMs).toISOString()))
        : [null, null, null, null, null];
      Object.assign(last, { fields: row.map((_, at) => ({ name: `c${at}`, dataTypeID: 25 })), rows: [row] });
    }
    return Response.json(answers.length === 1 ? last : { results: answers });
  };
}

/** The database has this row; everything else that calls write it takes. */
function rowOf(): Row {
  const row = new Row();
  const others = network().fetch;
  vi.mocked(globalThis.fetch).mockImplementation(async (input, init) => {
    const text = typeof init?.body === "string" ? init.body : "";
    if (!text.includes("keys_at")) return others(input, init);
    return row.answer(JSON.parse(text));
  });
  return row;
}

const keptIn = (workshopId: string) =>
  runInDurableObject(workshopStub(env, workshopId), async (_, { storage }) => ({
    rows: ["seats", "calls", "accounts", "own_caps", "key_checks", "askings"].flatMap((table) =>
      storage.sql.exec(`select * from ${table}`).toArray(),
    ),
    kept: storage.sql
      .exec("select name from kept order by name")
      .toArray()
      .map(({ name }) => name),
    alarmAtMs: await storage.getAlarm(),
  }));

describe("a workshop that is closed", { timeout: 30_000 }, () => {
  it("CLOSE-27 ends its calls, lets none begin, and keeps no key in them", async () => {
    const row = rowOf();
    const call = await callOf("closes", 1);
    const page = await pageOf("closes", call, 1);
    const wall = await openWall("closes");
    row.closing = { keysAtMs: Date.now(), eraseAtMs: Date.now() + 3_600_000 };
    const stub = workshopStub(env, "closes");
    expect(await stub.closingChanged(known("closes"))).toBeNull();
    expect(row.done).toEqual(["keys"]);
    expect(await call.closeCode).toBe(4004);
    expect(call.turns.at(-1)).toBe("I'm sorry, this workshop has ended. Goodbye.");
    await vi.waitFor(async () => {
      const kept = await runInDurableObject(call.stub, (_, { storage }) =>
        storage.sql.exec("select * from kept").toArray(),
      );
      expect(kept).toEqual([{ name: "over", json: '"revoked"' }]);
    }, 5_000);
    await page.until(() => page.of("me-changed").length > 0, "the page to be told");
    await wall.until(() => wall.of("workshop").length > 0, "the console to be told");
    await wall.until(() => wall.of("wall").at(-1)?.students[0]?.keyStatus === null, "the key to be gone from the wall");
    expect(await stub.enter(entry(9, 1))).toEqual({ admitted: false, reason: "workshop_closed" });
    expect(await stub.ask(entry(9, 1).callId, token(1), true)).toBe("workshop_closed");
    // Also after a sleep, and until it is opened again.
    await sleep("closes");
    expect(await stub.enter(entry(9, 1))).toMatchObject({ reason: "workshop_closed" });
    row.closing = null;
    expect(await stub.closingChanged(known("closes"))).toBeNull();
    expect(await stub.enter(entry(9, 1))).toMatchObject({ admitted: true });
    expect((await keptIn("closes")).alarmAtMs).toBeNull();
  });

  it("CLOSE-28 erases at its date by alarm, and tries again when the database is away then", async () => {
    const row = rowOf();
    const stub = workshopStub(env, "alarms");
    await stub.seed([seeded(1), seeded(2)]);
    await stub.ownCapChanged(token(1), 5_000_000);
    await stub.keyCheckAllowed(token(1));
    const page = await openPage("alarms", seeded(1));
    const eraseAtMs = Date.now() + 3_600_000;
    row.closing = { keysAtMs: Date.now(), eraseAtMs };
    await stub.closingChanged(known("alarms"));
    expect((await keptIn("alarms")).alarmAtMs).toBeLessThanOrEqual(eraseAtMs);
    row.closing.eraseAtMs = Date.now();
    row.isAway = true;
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    const { alarmAtMs, rows } = await keptIn("alarms");
    expect(rows.length).toBeGreaterThan(2);
    expect(Number(alarmAtMs) - Date.now()).toBeLessThanOrEqual(2_000);
    row.isAway = false;
    await vi.waitFor(() => expect(row.done).toContain("erased"), 10_000);
    await page.until(() => page.closed, "the page to be closed");
    await vi.waitFor(
      async () => expect(await keptIn("alarms")).toMatchObject({ rows: [], kept: ["closing", "facts"] }),
      5_000,
    );
    // Nobody comes back who was on their way.
    await stub.seed([seeded(1)]);
    await stub.studentChanged({ ...seeded(1), keyStatus: null });
    await stub.enter(entry(3, 1));
    await stub.leave({ entry: entry(3, 1), summary: null, report: { messages: [] } });
    await stub.ownCapChanged(token(1), 5);
    expect(await stub.keyCheckAllowed(token(1))).toBe(false);
    await (await openPage("alarms", seeded(1))).until(() => true, "nothing");
    expect((await keptIn("alarms")).rows).toEqual([]);
  });

  it("CLOSE-29 that is deleted while a call cannot be told fails, also the second time, and ends it when it can be", async () => {
    const row = rowOf();
    const call = await callOf("deaf", 1);
    const notice = vi.spyOn(CallObject.prototype, "notice").mockRejectedValue(new Error("the call's machine is away"));
    row.closing = undefined;
    const stub = workshopStub(env, "deaf");
    expect(await stub.closingChanged(known("deaf"))).toBe("internal");
    expect(await stub.closingChanged(known("deaf"))).toBe("internal");
    // It is still known here, and no other begins.
    expect((await keptIn("deaf")).rows).not.toEqual([]);
    expect(await stub.enter(entry(9, 2))).toMatchObject({ reason: "workshop_closed" });
    notice.mockRestore();
    expect(await stub.closingChanged(known("deaf"))).toBeNull();
    expect(await call.closeCode).toBe(4004);
    await vi.waitFor(
      async () => expect(await keptIn("deaf")).toMatchObject({ rows: [], kept: ["closing", "facts"] }),
      5_000,
    );
    // The last note goes with the next alarm.
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await keptIn("deaf")).toEqual({ rows: [], kept: ["facts"], alarmAtMs: null });
  });

  it("CLOSE-30 is told of by the first console or page that comes, when nobody else did", async () => {
    const row = rowOf();
    const now = Date.now();
    row.closing = { keysAtMs: now, eraseAtMs: now };
    const closing = { closedAtMs: 1, keysAtMs: now, keysDeletedAtMs: null, eraseAtMs: now, erasedAtMs: null };
    await openWall("untold", { closing });
    await vi.waitFor(() => expect(row.done).toContain("erased"), 10_000);
    const other = rowOf();
    other.closing = { keysAtMs: now, eraseAtMs: now + 3_600_000 };
    await openPage("untoldpage", {
      ...seeded(1),
      workshopId: known("untoldpage"),
      closing: { ...closing, eraseAtMs: now + 3_600_000 },
    });
    await vi.waitFor(() => expect(other.done).toEqual(["keys"]), 10_000);
  });

  it("CLOSE-33 leaves no key in a call that is over and waits for its archive, and nothing in one that does not", async () => {
    const call = await callOf("archive", 1);
    const keptBy = () =>
      runInDurableObject(call.stub, (_, { storage }) =>
        JSON.stringify(storage.sql.exec("select * from kept").toArray()),
      );
    expect(await keptBy()).toContain("v2:");
    network().database = async () => new Response("away", { status: 503 });
    call.hangUp();
    await vi.waitFor(async () => expect(await keptBy()).toContain('\\"endedAtMs\\":1'), 5_000);
    await vi.waitFor(async () => expect(await keptBy()).not.toContain("v2:"), 5_000);
    expect(await keptBy()).toContain("Juno");
    network().database = async () => Response.json({ results: [NO_ROWS, NO_ROWS, NO_ROWS], ...NO_ROWS });
    await vi.waitFor(
      async () => expect(JSON.parse(await keptBy())).toEqual([{ name: "over", json: '"caller-left"' }]),
      10_000,
    );
    const tables = await runInDurableObject(call.stub, (_, { storage }) =>
      ["turns", "outbox", "charges"].flatMap((table) => storage.sql.exec(`select * from ${table}`).toArray()),
    );
    expect(tables).toEqual([]);
  });
});

const NO_ROWS = { fields: [], rows: [], rowAsArray: true, command: "INSERT", rowCount: 1 };
