import { env as bindings } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { enterLive } from "../../src/api/live-entry.ts";
import { readSettings, type Settings } from "../../src/env.ts";
import { parseSessionToken, parseStudentId, parseWorkshopId, type SessionToken } from "../../src/protocol/ids.ts";
import { NO_SPEND } from "../../src/protocol/rest-workshop.ts";
import type { ClassStudent } from "../../src/store/students-of-workshop.ts";
import { mintInstructorSession } from "../../src/vault/instructor-session.ts";
import { loadMasterKeys, type MasterKeys } from "../../src/vault/master-keys.ts";
import { WATCHER_HEADER, Watcher } from "../../src/workshop/live-sockets.ts";
import { SeededStudent } from "../../src/workshop/seat.ts";

const ORIGIN = "https://callroom.example";
const ADA = "wst_live_ada";
const BOB = "wst_live_bob";
const NOMAD = "wst_live_nomad";

/** The rows of two workshops, and of a student who belongs to none. */
const rows = [
  { token: "wst_live_ada", name: "Ada", workshop: "one", sealedKey: "v2:sealed" },
  { token: "wst_live_bob", name: null, workshop: "two", sealedKey: null },
  { token: "wst_live_nomad", name: "Zoë", workshop: null, sealedKey: null },
];

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("not an id");
  return value;
}
const studentId = known(parseStudentId("00000000-0000-4000-8000-000000000001"));

const findStudent = async (sessionToken: SessionToken) => {
  const row = rows.find(({ token }) => token === sessionToken);
  if (!row) return undefined;
  const { name, sealedKey } = row;
  const { allowed: fallbackAllowed, ...lending } = LENDING;
  const workshop =
    row.workshop === null
      ? null
      : { id: known(parseWorkshopId(row.workshop)), fallbackAllowed, lending, closing: CLOSING };
  return { sessionToken, studentId, name, sealedKey, keyStatus: null, workshop, ownCapMicroUsd: 70 };
};
const LENDING = { allowed: true, poolMicroUsd: 5, studentMicroUsd: 2, callMicroUsd: 1, models: ["gpt-6-luna"] };
const CLOSING = { closedAtMs: 1, keysAtMs: 2, keysDeletedAtMs: null, eraseAtMs: 3, erasedAtMs: null };
const factsOf = async () => {
  const { allowed: fallbackAllowed, ...lending } = LENDING;
  return { fallbackAllowed, lending, closing: CLOSING };
};
const studentsOf = async (workshopId: string): Promise<readonly ClassStudent[] | undefined> => {
  const students = rows.filter(({ workshop }) => workshop === workshopId);
  if (students.length === 0) return undefined;
  return students.map(({ token, name, sealedKey }) => ({
    ...{ sessionToken: known(parseSessionToken(token)), studentId, name, sealedKey, keyStatus: null },
    ...{ joinedAtMs: 1, keyHint: "cdef", turnCount: 0, lastCall: null },
    spend: { student: NO_SPEND, instructor: NO_SPEND },
  }));
};
const settings: Settings = { ...readSettings(bindings), publicOrigin: ORIGIN };
let keys: MasterKeys;
let instructor: string;
beforeAll(async () => {
  keys = await loadMasterKeys(settings.masterKeyHexes.newest, []);
  const session = await mintInstructorSession(keys, settings.instructorToken, Date.now() + 60_000);
  instructor = `__Host-callroom-instructor=${session}`;
});

/** Workshops by name, and what reached each of them. */
let woken: { readonly workshop: string; readonly watcher?: Watcher; readonly seeds?: readonly SeededStudent[] }[];
beforeEach(() => {
  woken = [];
  vi.spyOn(console, "log").mockImplementation(() => {});
});
const env = {
  WORKSHOP: {
    idFromName: (name: string) => name,
    get: (workshop: string) => ({
      seed: async (students: readonly unknown[]) =>
        void woken.push({ workshop, seeds: students.map((student) => SeededStudent.parse(student)) }),
      fetch: async (upgrade: Request) => {
        const header = decodeURIComponent(upgrade.headers.get(WATCHER_HEADER) ?? "");
        woken.push({ workshop, watcher: Watcher.parse(JSON.parse(header)) });
        return new Response("in");
      },
    }),
  },
} as unknown as Cloudflare.Env;

const noFetch: typeof fetch = () => Promise.reject(new Error("nothing may be asked"));

function knock(headers: Readonly<Record<string, string>>, path = "/live", method = "GET"): Promise<Response> {
  const request = new Request(`${ORIGIN}${path}`, { method, headers: { upgrade: "websocket", ...headers } });
  return enterLive(request, env, {
    settings,
    masterKeys: async () => keys,
    fetch: noFetch,
    findStudent,
    studentsOf,
    factsOf,
  });
}
const ours = (cookie: string) => ({ origin: ORIGIN, cookie });
const student = (token: string) => ours(`__Host-callroom=${token}`);

async function refused(response: Response): Promise<unknown[]> {
  const body: { code?: unknown } = await response.json();
  expect(woken).toEqual([]);
  return [response.status, body.code];
}

/** What no page of ours has as its Origin. */
const FOREIGN = [
  ...["", "null", "*", "undefined", "/", "callroom.example", "//callroom.example", `${ORIGIN}/`, `${ORIGIN}:443`],
  ...[`${ORIGIN}/live`, `${ORIGIN}?`, `${ORIGIN}#`, `${ORIGIN}.`, `${ORIGIN},${ORIGIN}`, `${ORIGIN} ${ORIGIN}`],
  ...["http://callroom.example", "ws://callroom.example", "wss://callroom.example", "ftp://callroom.example"],
  ...[
    "https://CALLROOM.example",
    "HTTPS://callroom.example",
    "https://callroom.example:8443",
    "https://callroom.example:80",
  ],
  ...["https://evil.test", "https://callroom.example.evil.test", "https://evilcallroom.example", "https://example"],
  ...["https://www.callroom.example", "https://callroom.example@evil.test", "https://evil.test/callroom.example"],
  ...[
    "https://callroom.exampl",
    "https://callroom.examplee",
    "https://callroom-example",
    "https://callroom.example%00",
  ],
  ...["https://127.0.0.1", "http://localhost", "https://localhost:8787", "file://", "data:text/html,x"],
  ...["chrome-extension://abcdefgh", "moz-extension://abcdefgh", "https://xn--callroom-example"],
];

describe("the door of `/live`", () => {
  it("LIVE-36 opens to no page of another site, whatever its cookie, and wakes nobody for it", async () => {
    expect(new Set(FOREIGN).size).toBeGreaterThanOrEqual(40);
    for (const origin of FOREIGN) {
      const cookie = `__Host-callroom=${ADA}; ${instructor}`;
      expect([origin, ...(await refused(await knock({ origin, cookie })))]).toEqual([origin, 403, "bad_origin"]);
      expect(await refused(await knock({ origin, cookie }, "/live?workshop=one"))).toEqual([403, "bad_origin"]);
    }
  });

  it("LIVE-37 does not open without an Origin, which every browser sends, but to who shows a token by hand", async () => {
    expect(await refused(await knock({ cookie: `__Host-callroom=${ADA}` }))).toEqual([403, "bad_origin"]);
    expect(await refused(await knock({ cookie: instructor }, "/live?workshop=one"))).toEqual([403, "bad_origin"]);
    expect((await knock({ authorization: `Bearer ${ADA}` })).status).toBe(200);
    expect(woken).toMatchObject([
      { workshop: "one", watcher: { kind: "page", sessionToken: ADA, lending: LENDING, ownCapMicroUsd: 70 } },
    ]);
  });

  it("LIVE-38 takes only what asks for a WebSocket", async () => {
    expect(await refused(await knock({ ...student(ADA), upgrade: "h2c" }))).toEqual([426, "upgrade_required"]);
    expect(await refused(await knock(student(ADA), "/live", "POST"))).toEqual([405, "method_not_allowed"]);
  });
});

describe("a student's page at the door", () => {
  it("LIVE-39 comes to the workshop of its own student, with what the wall says of them", async () => {
    for (const [token, workshop, name, keyStatus] of [
      [ADA, "one", "Ada", "unverified"],
      [BOB, "two", null, null],
      [NOMAD, "none", "Zoë", null],
    ]) {
      woken = [];
      expect((await knock(student(token ?? ""))).status).toBe(200);
      expect(woken).toMatchObject([{ workshop, watcher: { kind: "page", sessionToken: token, name, keyStatus } }]);
    }
  });

  it("LIVE-40 is refused without a cookie, with one of nobody's, and with the instructor's", async () => {
    const cases: readonly [string, number, string][] = [
      ["", 401, "unauthorized"],
      [`callroom=${ADA}`, 401, "unauthorized"],
      [`__Host-callroom-x=${ADA}`, 401, "unauthorized"],
      [instructor, 401, "unauthorized"],
      ["__Host-callroom=wst_nobody", 401, "unknown_session"],
      ["__Host-callroom=%00", 401, "unknown_session"],
      [`__Host-callroom=${ADA}x`, 401, "unknown_session"],
      [`__Host-callroom=${"a".repeat(300)}`, 401, "unknown_session"],
    ];
    for (const [cookie, status, code] of cases) {
      expect([cookie, ...(await refused(await knock(ours(cookie))))]).toEqual([cookie, status, code]);
    }
    expect(
      await refused(
        await knock({ origin: ORIGIN, authorization: "Bearer wst_nobody", cookie: `__Host-callroom=${ADA}` }),
      ),
    ).toEqual([401, "unknown_session"]);
  });
});

describe("the instructor's console at the door", () => {
  it("LIVE-41 comes to the workshop that it names, which is told of everybody in it", async () => {
    expect((await knock(ours(instructor), "/live?workshop=one")).status).toBe(200);
    expect(woken).toMatchObject([
      {
        workshop: "one",
        seeds: [{ sessionToken: ADA, name: "Ada", keyStatus: "unverified", turnCount: 0, lastCall: null }],
      },
      { workshop: "one", watcher: { kind: "wall", workshopId: "one", lending: LENDING } },
    ]);
    expect(JSON.stringify(woken)).not.toContain("v2:sealed");
  });

  it("LIVE-42 is refused without the instructor's cookie, whoever else asks", async () => {
    const path = "/live?workshop=one";
    const ended = await mintInstructorSession(keys, settings.instructorToken, Date.now() - 1);
    const other = await mintInstructorSession(keys, "another-token", Date.now() + 60_000);
    for (const headers of [
      { origin: ORIGIN },
      student(ADA),
      ours(`__Host-callroom-instructor=${ended}`),
      ours(`__Host-callroom-instructor=${other}`),
      ours(`__Host-callroom-instructor=${settings.instructorToken}`),
      ours(instructor.replace("__Host-", "")),
      // A token is tried where tries are counted.
      { authorization: `Bearer ${settings.instructorToken}` },
      { ...student(ADA), authorization: `Bearer ${settings.instructorToken}` },
    ]) {
      expect(await refused(await knock(headers, path))).toEqual([401, "unauthorized"]);
    }
  });

  it("LIVE-43 wakes no workshop that there is not", async () => {
    for (const workshop of ["none", "three", "", "ONE", "one%20", "../one", "x".repeat(40)]) {
      expect(await refused(await knock(ours(instructor), `/live?workshop=${workshop}`))).toEqual([404, "not_found"]);
    }
  });
});
