import { vi } from "vitest";
import type {
  ApiDeps,
  CallNotice,
  CarrierSession,
  LoginDirectory,
  ResumeVerdict,
  WallFacts,
} from "../../src/api/deps.ts";
import { createApi } from "../../src/api/routes.ts";
import type { CallStart } from "../../src/call/call-start.ts";
import { prepareCall } from "../../src/call/prepare-call.ts";
import type { Settings } from "../../src/env.ts";
import { LIMITS } from "../../src/limits.ts";
import type { Lending } from "../../src/protocol/bill.ts";
import { parseSessionToken, parseWorkshopId, type SessionToken } from "../../src/protocol/ids.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { migratePglite } from "../../src/store/migrations.ts";
import { enrolStudent, type NewStudent } from "../../src/store/students.ts";
import { loadMasterKeys, type MasterKeys } from "../../src/vault/master-keys.ts";
import { type FundsRefusal, FundsRequest } from "../../src/workshop/funds.ts";
import { type AddressLogins, decideLogin, NO_LOGINS } from "../../src/workshop/login-throttle.ts";
import { startNeonStandin } from "../standins/neon.ts";
import { openPglite } from "../standins/postgres.ts";
import { spokenAnswer } from "./spoken-answer.ts";

/** As `wrangler.toml` has them. */
export const JOINS_PER_MINUTE = 100;
export const TOOL_RUNS_PER_MINUTE = 20;
export const VOICE_SAMPLES_PER_MINUTE = 6;

export const ORIGIN = "https://callroom.example";
export const NOW_MS = Date.UTC(2026, 10, 22, 12);
export const MASTER_KEY = "6b1d0f9c2e8a47355c0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69";

/** Every line that was logged in this file's tests, kept out of their output. */
export const logLines: string[] = [];
vi.spyOn(console, "log").mockImplementation((line: unknown) => void logLines.push(String(line)));

/** What the live calls were told. */
export interface Told {
  readonly notices: { workshopId: string | null; sessionToken: string; notice: CallNotice }[];
  readonly resumed: { callId: string; session: CarrierSession }[];
  readonly over: { callId: string; session: CarrierSession }[];
  /** Calls with sound that were told to wait for their caller. */
  readonly prepared: CallStart[];
  prepareVerdict: "prepared" | "over" | "refused" | "fails";
  resumeVerdict: ResumeVerdict | "fails";
  tellFails: boolean;
  readonly checks: Map<string, number[]>;
  readonly joins: Map<string, number>;
  /** What a student tried out, `tool-run` or `voice-sample` and their id. */
  readonly tries: Map<string, number>;
  /** What the live side of a workshop was told. */
  readonly workshops: WorkshopTelling[];
  workshopsFail: boolean;
  paused: boolean;
  /** What the one who counts the money was asked, and what they say. */
  readonly funds: (FundsRequest & { readonly workshopId: string | null })[];
  fundsVerdict: FundsRefusal | "granted" | "fails" | "never";
  /** What pausing stops, and the one call that can be ended. */
  stoppedCalls: number;
  liveCallId: string | undefined;
}

export type WorkshopTelling = { readonly workshopId: string | null } & (
  | { readonly told: "paused"; readonly paused: boolean }
  | { readonly told: "announcement"; readonly text: string | null }
  | { readonly told: "end-call"; readonly callId: string }
  | { readonly told: "me-changed"; readonly sessionToken: string | null; readonly by: "student" | "instructor" }
  | { readonly told: "student-changed"; readonly student: WallFacts }
  | { readonly told: "keys-forgotten"; readonly students: readonly WallFacts[] }
  | { readonly told: "student-gone"; readonly sessionToken: string }
  | { readonly told: "lending"; readonly lending: Lending }
  | { readonly told: "own-cap"; readonly sessionToken: string; readonly microUsd: number | null }
  | { readonly told: "closing-changed" }
);

/** What OpenAI was asked, and how it answers. */
export interface OpenAi {
  readonly asked: { url: string; authorization: string | null; redirect: string | undefined }[];
  answer: (signal: AbortSignal | null) => Promise<Response>;
  /** How it answers who wants a socket. */
  dial: () => Promise<Response>;
}

export interface Harness {
  readonly told: Told;
  readonly openai: OpenAi;
  readonly deps: ApiDeps;
  readonly clock: { nowMs: number };
  /** Resolves when everything that was left to `waitUntil` has ended. */
  readonly settled: () => Promise<void>;
  readonly request: (method: string, path: string, asking?: Asking) => Promise<Response>;
}

export interface Asking {
  readonly token?: string;
  readonly cookie?: string;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

export const ok = (): Promise<Response> => Promise.resolve(Response.json({ object: "list", data: [] }));

export const refusedBy = (status: number, error: object): (() => Promise<Response>) => {
  return () => Promise.resolve(Response.json({ error }, { status }));
};

/** A database that nobody is meant to reach. */
export const unreachable = (): Database =>
  openDatabase({ url: "postgresql://u:p@127.0.0.1/d", httpEndpoint: "http://127.0.0.1:9/sql" }, 500);

const SETTINGS: Settings = {
  masterKeyHexes: { newest: MASTER_KEY, previous: [] },
  database: { url: "postgresql://u:p@127.0.0.1/d", httpEndpoint: undefined },
  instructorToken: "instructor-token",
  instructorApiKey: undefined,
  serviceToken: undefined,
  twilioAuthToken: undefined,
  twilioAccountSid: undefined,
  twilioApiBaseUrl: "https://api.twilio.com",
  openaiBaseUrl: "https://api.openai.test/v1",
  publicOrigin: ORIGIN,
  textModel: "gpt-6-luna",
  voiceModel: "gpt-realtime-2.1-mini",
  transcribeModel: "gpt-transcribe",
  enrollment: "code",
  callsPerWorkshop: LIMITS.callsPerWorkshop,
  webhookStandinOrigin: undefined,
  access: undefined,
};

/** The API with everything around it played. */
export function harness(options: {
  readonly database?: Database;
  readonly settings?: Partial<Settings>;
  readonly masterKeys?: () => Promise<MasterKeys>;
  /** In place of the network of {@link OpenAi}. */
  readonly fetch?: typeof fetch;
}): Harness {
  const clock = { nowMs: NOW_MS };
  const told: Told = {
    notices: [],
    resumed: [],
    over: [],
    prepared: [],
    prepareVerdict: "prepared",
    resumeVerdict: "resume",
    tellFails: false,
    checks: new Map(),
    joins: new Map(),
    tries: new Map(),
    workshops: [],
    workshopsFail: false,
    paused: false,
    funds: [],
    fundsVerdict: "granted",
    stoppedCalls: 0,
    liveCallId: undefined,
  };
  const tell = async (telling: WorkshopTelling): Promise<void> => {
    if (told.workshopsFail) throw new Error("the workshop object is gone");
    told.workshops.push(telling);
  };
  const mayTry = async (what: string, perMinute: number): Promise<boolean> => {
    const tries = (told.tries.get(what) ?? 0) + 1;
    told.tries.set(what, tries);
    return tries <= perMinute;
  };
  const openai: OpenAi = { asked: [], answer: ok, dial: async () => spokenAnswer() };
  const pending: Promise<unknown>[] = [];
  const settings = { ...SETTINGS, ...options.settings };
  const { newest, previous } = settings.masterKeyHexes;
  const keys = loadMasterKeys(newest, previous);
  const deps: ApiDeps = {
    settings,
    database: options.database ?? unreachable(),
    masterKeys: options.masterKeys ?? (() => keys),
    now: () => clock.nowMs,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    fetch:
      options.fetch ??
      (async (input, init) => {
        openai.asked.push({
          url: new Request(input).url,
          authorization: new Headers(init?.headers).get("authorization"),
          redirect: init?.redirect,
        });
        return new Headers(init?.headers).has("upgrade") ? openai.dial() : openai.answer(init?.signal ?? null);
      }),
    calls: {
      tell: async (workshopId, sessionToken, notice) => {
        if (told.tellFails) throw new Error("the workshop object is gone");
        told.notices.push({ workshopId, sessionToken, notice });
      },
      prepare: (student, call) => {
        const prepare = async (start: CallStart) => {
          told.prepared.push(start);
          if (told.prepareVerdict === "fails") throw new Error("the call object is gone");
          return told.prepareVerdict;
        };
        return prepareCall({ settings, database: deps.database, nowMs: clock.nowMs, prepare }, student, call);
      },
      resume: async (callId, session) => {
        told.resumed.push({ callId, session });
        if (told.resumeVerdict === "fails") throw new Error("the call object is gone");
        return told.resumeVerdict;
      },
      over: async (callId, session) => void told.over.push({ callId, session }),
      keyCheckAllowed: async (_workshopId, sessionToken) => {
        const since = clock.nowMs - 60_000;
        const recent = (told.checks.get(sessionToken) ?? []).filter((atMs) => atMs > since);
        told.checks.set(sessionToken, [...recent, clock.nowMs]);
        return recent.length < LIMITS.keyChecksPerMinute;
      },
      joinAllowed: async (from) => {
        const joins = (told.joins.get(from) ?? 0) + 1;
        told.joins.set(from, joins);
        return joins <= JOINS_PER_MINUTE;
      },
      toolRunAllowed: (studentId) => mayTry(`tool-run ${studentId}`, TOOL_RUNS_PER_MINUTE),
      voiceSampleAllowed: (studentId) => mayTry(`voice-sample ${studentId}`, VOICE_SAMPLES_PER_MINUTE),
    },
    workshops: {
      setPaused: async (workshopId, paused) => {
        await tell({ workshopId, told: "paused", paused });
        return told.stoppedCalls;
      },
      isPaused: async () => told.paused,
      announce: (workshopId, text) => tell({ workshopId, told: "announcement", text }),
      endCall: async (workshopId, callId) => {
        await tell({ workshopId, told: "end-call", callId });
        return callId === told.liveCallId;
      },
      meChanged: (workshopId, sessionToken, by) => tell({ workshopId, told: "me-changed", sessionToken, by }),
      studentChanged: (workshopId, student) => tell({ workshopId, told: "student-changed", student }),
      keysForgotten: (workshopId, students) => tell({ workshopId, told: "keys-forgotten", students }),
      studentGone: (workshopId, sessionToken) => tell({ workshopId, told: "student-gone", sessionToken }),
      closingChanged: (workshopId) => tell({ workshopId, told: "closing-changed" }),
      funds: async (workshopId, request) => {
        told.funds.push({ workshopId, ...FundsRequest.parse(request) });
        const { fundsVerdict: verdict } = told;
        if (verdict === "fails") throw new Error("the workshop object is gone");
        if (verdict === "never") return new Promise<never>(() => {});
        if (verdict !== "granted") return { granted: false, reason: verdict, isHeld: false, budget: null };
        return { granted: true, untilMs: clock.nowMs + LIMITS.reservationMs, budget: null };
      },
      lendingChanged: (workshopId, lending) => tell({ workshopId, told: "lending", lending }),
      ownCapChanged: (workshopId, sessionToken, microUsd) =>
        tell({ workshopId, told: "own-cap", sessionToken, microUsd }),
    },
    logins: loginsInMemory(clock),
    waitUntil: (work) => void pending.push(work),
  };
  const api = createApi(deps);
  return {
    told,
    openai,
    deps,
    clock,
    settled: async () => void (await Promise.all(pending)),
    request: async (method, path, asking = {}) => {
      const { token, cookie, json, form, body, headers } = asking;
      const init: RequestInit = {
        method,
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(cookie !== undefined && { cookie: `__Host-callroom=${cookie}` }),
          ...(json !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(json !== undefined && { body: JSON.stringify(json) }),
        ...(form !== undefined && { body: new URLSearchParams(form) }),
        ...(body !== undefined && { body, duplex: "half" }),
      };
      return api.request(new Request(`${ORIGIN}${path}`, init));
    },
  };
}

/** The throttle's own rule, its rows in memory. */
function loginsInMemory(clock: { readonly nowMs: number }): LoginDirectory {
  const addresses = new Map<string, AddressLogins>();
  let all = NO_LOGINS.all;
  return {
    attempt: async (address, event) => {
      const before = { address: addresses.get(address) ?? NO_LOGINS.address, all };
      const [verdict, after] = decideLogin(before, event, clock.nowMs);
      addresses.set(address, after.address);
      all = after.all;
      return verdict;
    },
  };
}

/** What a `beforeAll` that opens a database may take, on a machine that may be busy. */
export const START_MS = 60_000;

/** A real database behind Neon's endpoint, with our tables. */
export async function openTestDatabase() {
  const pg = await openPglite();
  await migratePglite(pg.pglite);
  const neon = await startNeonStandin({ database: pg });
  const database = openDatabase({ url: neon.url, httpEndpoint: neon.endpoint }, LIMITS.databaseStartMs);
  const sql = async (text: string, ...params: (string | null)[]): Promise<Record<string, string | null>[]> => {
    const { fields, rows } = await pg.run({ text, params });
    return rows.map((row) => Object.fromEntries(fields.map(({ name }, at) => [name, row[at] ?? null])));
  };
  return {
    neon,
    database,
    sql,
    close: async () => {
      await neon.close();
      await pg.close();
    },
  };
}
export type TestDatabase = Awaited<ReturnType<typeof openTestDatabase>>;

/** A workshop with this join code, open unless said otherwise. */
export async function givenWorkshop(
  { sql }: TestDatabase,
  workshop: {
    id: string;
    joinCode: string;
    fallbackAllowed?: boolean;
    opensAt?: string;
    closesAt?: string;
    callMaxMs?: string;
    seats?: string;
  },
) {
  const { id, joinCode, fallbackAllowed = true, opensAt = null, closesAt = null, callMaxMs = null } = workshop;
  await sql(
    "insert into workshops (id, name, join_code, fallback_allowed, opens_at, closes_at, call_max_ms, seats) values ($1, $2, $3, $4, $5, $6, $7, $8)",
    id,
    `Class ${id}`,
    joinCode,
    String(fallbackAllowed),
    opensAt,
    closesAt,
    callMaxMs,
    workshop.seats ?? null,
  );
}

/** A student without key and configuration; gives back their token. */
export async function givenStudent(
  { database }: TestDatabase,
  token: string,
  student: Partial<Omit<NewStudent, "workshopId">> & { workshopId?: string } = {},
): Promise<SessionToken> {
  const { workshopId, ...rest } = student;
  const sessionToken = tokenOf(token);
  await enrolStudent(database, {
    sessionToken,
    name: "Ada",
    email: null,
    origin: "joined",
    prompt: null,
    greeting: null,
    voice: null,
    toolsJson: null,
    ...rest,
    workshopId: parseWorkshopId(workshopId) ?? null,
  });
  return sessionToken;
}

export function tokenOf(text: string): SessionToken {
  const token = parseSessionToken(text);
  if (!token) throw new Error("not a session token");
  return token;
}
