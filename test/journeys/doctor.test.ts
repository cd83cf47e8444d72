import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { CHECKS } from "../../src/protocol/rest-workshop.ts";
import { sealAsPredecessor } from "../vault/samples.ts";
import { type OwnPostgres, startPostgres } from "./own-postgres.ts";
import { Room } from "./room.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const MASTER_KEY = "5f".repeat(15) + "a1".repeat(17);
const OTHER_KEY = "6e".repeat(15) + "b2".repeat(17);
const INSTRUCTOR_TOKEN = "instructor-token-of-the-tests";
const START_MS = 180_000;

const Line = z.object({ name: z.string(), status: z.string(), found: z.string(), fix: z.string() });
const Look = z.object({ url: z.string().nullable(), isAsked: z.boolean(), lines: z.array(Line) });
type Lines = ReadonlyMap<string, z.infer<typeof Line>>;

/** `npm run doctor -- --json`, as its users have it. */
async function doctor(room: Room, variables: Readonly<Record<string, string>> = {}, ...args: string[]) {
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    INSTRUCTOR_TOKEN,
    ENCRYPTION_KEY: MASTER_KEY,
    ...variables,
    DATA_DIR: room.dataDir,
  };
  const command = ["src/cli/doctor.ts", "--json", ...args];
  const { code, stdout, stderr } = await promisify(execFile)(join(ROOT, "node_modules/.bin/node"), command, {
    cwd: ROOT,
    env,
  }).then(
    (done) => ({ code: 0, ...done }),
    (thrown: unknown) => z.object({ code: z.number(), stdout: z.string(), stderr: z.string() }).parse(thrown),
  );
  expect(stderr).toBe("");
  expect(stdout).not.toMatch(/5f5f5f|6e6e6e|instructor-token|service-token|sk-/);
  const { lines, isAsked } = Look.parse(JSON.parse(stdout));
  return { code, isAsked, lines: new Map(lines.map((line) => [line.name, line])) };
}

let postgres: OwnPostgres;
let room: Room;
let fine: Lines;
beforeAll(async () => {
  postgres = await startPostgres();
  room = await Room.open({ DATABASE_URL: postgres.url });
  await room.save("wst_doctor", { openaiApiKey: "sk-proj-doctor-0123456789" });
  ({ lines: fine } = await doctor(room));
}, START_MS);
afterAll(async () => {
  await room.close();
  await postgres.close();
});

/** The lines that turned since all was well; on a slow machine the database is slow. */
const turned = (lines: Lines): z.infer<typeof Line>[] =>
  [...lines.values()].filter(({ name, status }) => {
    if (name === "database" && status === "warning") return false;
    return (status === "warning" || status === "failed") && status !== fine.get(name)?.status;
  });

/** Does something to the database, looks, and puts it right again. */
async function lookAfter(change: string, values: unknown[], ...back: string[]) {
  await room.sql(change, values);
  try {
    return await doctor(room);
  } finally {
    for (const statement of back) await room.sql(statement);
  }
}

/** Looks at another deployment of the same database. */
async function lookAt(
  variables: Readonly<Record<string, string>>,
  ofDoctor: Readonly<Record<string, string>> = {},
  during?: (other: Room) => Promise<void>,
) {
  const other = await Room.open({ DATABASE_URL: postgres.url, ...variables });
  try {
    await during?.(other);
    return await doctor(other, ofDoctor);
  } finally {
    await other.close();
  }
}

describe("npm run doctor", () => {
  it("DOCTOR-20 has nothing to say against a fresh room, and shows every line of the check page", async () => {
    const { code, lines } = await doctor(room);
    expect([...lines.keys()]).toEqual([...CHECKS, "tools", "secret-files", "kept-key"]);
    expect([code, turned(lines)]).toEqual([0, []]);
    expect([...lines.values()].filter(({ status }) => status === "failed")).toEqual([]);
    expect(lines.get("sealed-rows")?.found).toContain("The one value is under");
  });

  it.each<[what: string, sealed: string, status: string, fix: string]>([
    ["a plaintext key", "sk-proj-doctor-0123456789", "failed", "npm run adopt -- --from DATABASE_URL"],
    ["a key under a kid that nobody has", "v2:0badc0de", "failed", "into ENCRYPTION_KEY_PREVIOUS"],
    ["a key of the predecessor's", sealAsPredecessor(MASTER_KEY, "sk-old"), "warning", "npm run keys -- rotate"],
    ["a value of no format", "nonsense", "warning", "npm run keys -- status"],
  ])("DOCTOR-21 sealed-rows turns for %s, and only it", { timeout: 60_000 }, async (_what, sealed, status, fix) => {
    const [before] = await room.sql("select openai_api_key from student_configs where session_token = 'wst_doctor'");
    const change = sealed.startsWith("v2:")
      ? "update student_configs set openai_api_key = $1 || substr(openai_api_key, 12) where session_token = 'wst_doctor'"
      : "update student_configs set openai_api_key = $1 where session_token = 'wst_doctor'";
    const { code, lines } = await lookAfter(change, [sealed]);
    await room.sql("update student_configs set openai_api_key = $1 where session_token = 'wst_doctor'", [
      before?.openai_api_key,
    ]);
    expect(turned(lines)).toEqual([
      expect.objectContaining({ name: "sealed-rows", status, fix: expect.stringContaining(fix) }),
    ]);
    expect(code).toBe(status === "failed" ? 1 : 0);
  });

  it("DOCTOR-22 migrations turns for a column that is missing, and only it", async () => {
    const { code, lines } = await lookAfter(
      "alter table charges rename column line_ms to line_millis",
      [],
      "alter table charges rename column line_millis to line_ms",
    );
    expect(turned(lines)).toEqual([
      {
        name: "migrations",
        status: "failed",
        found: "Missing: charges.line_ms.",
        fix: "Run: DATABASE_URL=… npm run db:migrate",
      },
    ]);
    expect(code).toBe(1);
  });

  it("DOCTOR-23 database turns while it is down, what needs it says so, and it comes back", async () => {
    await postgres.become("refuse");
    const { code, lines } = await doctor(room);
    await postgres.become("pass");
    expect(code).toBe(1);
    expect(lines.get("database")).toMatchObject({ status: "failed", fix: expect.stringContaining("DATABASE_URL") });
    for (const { name, fix } of turned(lines)) {
      expect(["database", "migrations", "master-key", "sealed-rows"]).toContain(name);
      if (name !== "database") expect(fix).toBe("First make the database answer.");
    }
    expect((await doctor(room)).code).toBe(0);
  });

  it("DOCTOR-24 fallback-key turns while OpenAI does not say what it thinks of it, and only it", async () => {
    await room.fault({ kind: "status", status: 500, path: "/v1/models", times: 1 });
    const { code, lines } = await doctor(room);
    expect(turned(lines)).toEqual([
      expect.objectContaining({ name: "fallback-key", status: "warning", fix: "Check again in a minute." }),
    ]);
    expect(code).toBe(0);
  });

  it("DOCTOR-25 kept-key turns when this machine keeps another ENCRYPTION_KEY, and only it", async () => {
    const { code, lines } = await doctor(room, { ENCRYPTION_KEY: OTHER_KEY });
    expect(turned(lines)).toEqual([
      expect.objectContaining({ name: "kept-key", status: "failed", fix: expect.stringContaining(".dev.vars") }),
    ]);
    expect(code).toBe(1);
  });

  it("DOCTOR-26 a wrong token and a wrong address are no verdict: exit code 2, and what to do", async () => {
    const wrong = await doctor(room, { INSTRUCTOR_TOKEN: "another-token-of-the-tests" });
    expect([wrong.code, wrong.isAsked]).toEqual([2, false]);
    expect(wrong.lines.get("callroom")).toMatchObject({ found: "It does not take this INSTRUCTOR_TOKEN." });
    const nobody = await doctor(room, {}, "--url", "http://127.0.0.1:9");
    expect([nobody.code, nobody.isAsked]).toEqual([2, false]);
    expect(nobody.lines.get("callroom")?.fix).toContain("npx wrangler tail");
  });

  it("DOCTOR-27 master-key turns for an ENCRYPTION_KEY that sealed nothing of what is stored, and then nothing is written", {
    timeout: START_MS,
  }, async () => {
    const stored = () =>
      room.sql("select * from student_configs left join master_key_sentinels on true order by session_token, kid");
    const before = await stored();
    const statuses: number[] = [];
    const { code, lines } = await lookAt(
      { ENCRYPTION_KEY: OTHER_KEY },
      { ENCRYPTION_KEY: OTHER_KEY },
      async (other) => {
        const key = { openaiApiKey: "sk-proj-doctor-9876543210" };
        const joinCode = other.endpoints.joinCode;
        const replies = await Promise.all([
          other.post("/api/student-config-save", { sessionToken: "wst_doctor", ...key }),
          other.post("/api/student-config-save", { sessionToken: "wst_new", ...key }),
          other.post("/api/join", { joinCode, name: "Eve" }),
          fetch(`${other.url}/healthz`),
          fetch(`${other.url}/api/me`, { headers: { authorization: "Bearer wst_doctor" } }),
        ]);
        statuses.push(...replies.map(({ status }) => status));
      },
    );
    expect(statuses).toEqual([503, 503, 503, 503, 503]);
    expect(await stored()).toEqual(before);
    expect(code).toBe(1);
    expect(turned(lines).map(({ name, status }) => [name, status])).toEqual([
      ["master-key", "failed"],
      ["sealed-rows", "failed"],
    ]);
    expect(lines.get("master-key")?.found).toContain("This is not the ENCRYPTION_KEY that sealed what is stored");
    expect(lines.get("master-key")?.fix).toMatch(/^Put the old one back.*ENCRYPTION_KEY_PREVIOUS/);
  });

  it.each<
    [what: string, variables: Record<string, string>, name: string, status: RegExp, fix: string, ofDoctor?: string]
  >([
    [
      "one token opens two doors",
      { SERVICE_TOKEN: INSTRUCTOR_TOKEN },
      "secrets",
      /failed/,
      "wrangler secret put SERVICE_TOKEN",
    ],
    ["a token is short", { SERVICE_TOKEN: "reader" }, "secrets", /warning/, "wrangler secret put SERVICE_TOKEN"],
    [
      "a new ENCRYPTION_KEY stands beside the old one",
      { ENCRYPTION_KEY: OTHER_KEY, ENCRYPTION_KEY_PREVIOUS: MASTER_KEY },
      "sealed-rows",
      /warning/,
      "npm run keys -- rotate",
      OTHER_KEY,
    ],
    [
      "OpenAI is not there",
      { OPENAI_BASE_URL: "http://127.0.0.1:9/v1", OPENAI_API_KEY: "" },
      "openai",
      /failed/,
      "OPENAI_BASE_URL",
    ],
    [
      "the fallback key is rejected",
      { OPENAI_API_KEY: "sk-rejected-0123456789" },
      "fallback-key",
      /failed/,
      "put OPENAI_API_KEY",
    ],
    // Once it has ended, it is no warning any more.
    [
      "a model ends soon",
      { VOICE_MODEL: "gpt-realtime" },
      "models",
      /warning|failed/,
      "Set VOICE_MODEL to gpt-realtime-2.1.",
    ],
    ["a model has no price", { TEXT_MODEL: "gpt-of-nobody" }, "prices", /failed/, "npm run prices"],
    [
      "TWILIO_AUTH_TOKEN is no token of Twilio's",
      { TWILIO_AUTH_TOKEN: "abc" },
      "twilio-signature",
      /warning/,
      "put TWILIO_AUTH_TOKEN",
    ],
    [
      "PUBLIC_ORIGIN is another address",
      { PUBLIC_ORIGIN: "https://old.example" },
      "public-origin",
      /warning/,
      "set PUBLIC_ORIGIN",
    ],
    [
      "a variable is malformed",
      { TWILIO_ACCOUNT_SID: "AC123" },
      "secrets",
      /failed/,
      "Set TWILIO_ACCOUNT_SID in .dev.vars",
    ],
  ])(
    "DOCTOR-28 when %s, that line turns and no other",
    {
      timeout: START_MS,
    },
    async (_what, variables, name, status, fix, masterKey = MASTER_KEY) => {
      const { code, lines } = await lookAt(variables, { ENCRYPTION_KEY: masterKey });
      expect(turned(lines)).toEqual([
        { name, status: expect.stringMatching(status), found: expect.any(String), fix: expect.stringContaining(fix) },
      ]);
      expect(code).toBe(lines.get(name)?.status === "failed" ? 1 : 0);
    },
  );
});
