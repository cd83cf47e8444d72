import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Configuration } from "../../src/cli/configuration.ts";
import { traceCommand } from "../../src/cli/trace-command.ts";
import type { TraceReply } from "../../src/protocol/observed.ts";
import { asInstructor, givenCall } from "../api/workshop-world.ts";
import { givenStudent, givenWorkshop, harness, openTestDatabase, START_MS, type TestDatabase } from "../api/world.ts";

const CALL = "0123456789abcdefghjkmnpqrs";
const CALL_SID = `CA${"0a".repeat(16)}`;
const TOKEN = "instructor-token-of-the-tests";

const FIX =
  "Wait a minute and try again. When it stays, look at the page on which OpenAI says how it is: https://status.openai.com";

const spoken = { ttftMs: null, ttfbMs: null, turnLatencyMs: null, heardLatencyMs: null, failure: null };
const TRACE: TraceReply = {
  success: true,
  call: {
    callId: CALL,
    workshopId: "autumn",
    studentId: "11111111-2222-3333-4444-555555555555",
    wayIn: "browser",
    keySource: "student",
    model: "gpt-realtime-2.1-mini",
    transcriptionModel: "gpt-transcribe",
    startedAt: "2026-11-22T10:42:07.120Z",
    endedAt: "2026-11-22T10:42:21.620Z",
    costMicroUsd: 6_005,
  },
  events: [
    { atMs: 0, kind: "start" },
    { atMs: 1_250, kind: "turn", seq: 1, speaker: "caller", characters: 1, cutOff: false, ...spoken },
    {
      atMs: 1_400,
      kind: "charge",
      seq: 1,
      charge: "response",
      state: "told",
      model: "gpt-realtime-2.1-mini",
      costMicroUsd: 6_005,
      upstreamId: "resp_1",
    },
    { atMs: 1_500, kind: "tool", seq: 2, name: "look_up", outcome: "failed", durationMs: 5_000 },
    {
      atMs: 1_850,
      kind: "turn",
      seq: 3,
      speaker: "agent",
      characters: 120,
      cutOff: true,
      ...spoken,
      ttftMs: 390,
      ttfbMs: 400,
      turnLatencyMs: 600,
      heardLatencyMs: 1_700,
    },
    {
      atMs: 9_000,
      kind: "turn",
      seq: 4,
      speaker: "agent",
      characters: 42,
      cutOff: false,
      ...spoken,
      turnLatencyMs: 300,
      failure: "upstream_timeout",
    },
    {
      atMs: 9_100,
      kind: "charge",
      seq: 2,
      charge: "transcription",
      state: "estimated",
      model: "gpt-transcribe",
      costMicroUsd: null,
      upstreamId: null,
    },
    { atMs: 14_500, kind: "end", endReason: "upstream-failed" },
  ],
};

const asWhole = `Call      ${CALL}
Began     2026-11-22 10:42:07.120 UTC, took 14.5 s
How       from a browser, gpt-realtime-2.1-mini and gpt-transcribe, on the student's key
Cost      $0.006005 on that key
Student   11111111-2222-3333-4444-555555555555, workshop autumn

       ms         what the caller waited for the answer
        0  call                               begins
    1 250  caller                             1 character
    1 400  bill                               $0.006005  response, told, gpt-realtime-2.1-mini, resp_1
    1 500  tool                               look_up failed after 5 000 ms  ✗ tool failed
    1 850  agent  ████████████████    600 ms  120 characters, cut off, text at 390 ms, sound at 400 ms, heard at 1 700 ms
    9 000  agent  ████████            300 ms  42 characters  ✗ upstream_timeout
    9 100  bill                               cost not known  transcription, estimated, gpt-transcribe
   14 500  call                               ends: OpenAI could not be used

Answers   1 answer, which began after 600 ms

What failed
  upstream_timeout  OpenAI took too long to answer.
    → Wait a minute and try again. When it stays, look at the page on which OpenAI says how it
      is: https://status.openai.com
`;

interface World {
  readonly environment?: Readonly<Record<string, string>>;
  readonly dev?: Readonly<Record<string, string>> | "off";
  readonly deployed?: Readonly<Record<string, string>>;
  readonly fetch?: typeof fetch;
  readonly isTerminal?: boolean;
}

const DEV_URL = "http://127.0.0.1:8787";
const configurationOf = (variables: Readonly<Record<string, string>>, pageUrl?: string): Configuration => ({
  variable: (name) => variables[name],
  endpoints:
    pageUrl === undefined
      ? undefined
      : { pageUrl, databaseUrl: "", databaseHttpEndpoint: "", psqlUrl: "", openaiBaseUrl: "", joinCode: "" },
  database: undefined,
});

async function run(args: readonly string[], world: World = {}) {
  const { environment = {}, dev = { INSTRUCTOR_TOKEN: TOKEN }, deployed = {}, isTerminal = false } = world;
  const asked: { url: string; authorization: string | null }[] = [];
  const [out, err] = [[] as string[], [] as string[]];
  const code = await traceCommand(args, {
    environment,
    configuration: (isDeployed) => {
      if (isDeployed) return configurationOf(deployed);
      return dev === "off" ? configurationOf({}) : configurationOf(dev, DEV_URL);
    },
    out: { write: (text) => out.push(text), isTTY: isTerminal },
    err: { write: (text) => err.push(text) },
    fetch: async (input, init) => {
      const request = new Request(input, init);
      asked.push({ url: request.url, authorization: request.headers.get("authorization") });
      return (world.fetch ?? (async () => Response.json(TRACE)))(request);
    },
    fixOf: (failure) => (failure === "upstream_timeout" ? FIX : undefined),
  });
  return { code, out: out.join(""), err: err.join(""), asked };
}

const refusing = (status: number, code: string, error: string) => async () =>
  Response.json({ success: false, error, code, requestId: "r" }, { status });

describe("npm run trace", () => {
  it("TRACE-6 prints a line for each thing that happened, waits as bars, and what to do about what failed", async () => {
    const { code, out, err, asked } = await run([CALL]);
    expect(out).toBe(asWhole);
    expect([code, err]).toEqual([0, ""]);
    expect(asked).toEqual([{ url: `${DEV_URL}/api/workshop/calls/${CALL}/trace`, authorization: `Bearer ${TOKEN}` }]);
  });

  it("TRACE-7 paints on a terminal without NO_COLOR, and says the same", async () => {
    const painted = await run([CALL], { isTerminal: true });
    expect(painted.out).toContain("\u001b[31m✗ upstream_timeout\u001b[0m");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
    expect(painted.out.replace(/\u001b\[\d+m/g, "")).toBe(asWhole);
    expect((await run([CALL], { isTerminal: true, environment: { NO_COLOR: "1" } })).out).toBe(asWhole);
  });

  it("TRACE-8 gives the server's answer as JSON, and a call that goes on without an end", async () => {
    expect(JSON.parse((await run([CALL, "--json"])).out)).toEqual(TRACE);
    const goesOn = {
      ...TRACE,
      call: { ...TRACE.call, endedAt: null, costMicroUsd: null },
      events: TRACE.events.slice(0, 2),
    };
    const { out } = await run([CALL], { fetch: async () => Response.json(goesOn) });
    expect(out).toContain("UTC, goes on\n");
    expect(out).toContain("Cost      not known");
    expect(out).not.toContain("Answers");
    expect(out).not.toContain("What failed");
  });

  it("TRACE-9 takes a CallSid, and asks the deployed Callroom or one at an address with a token meant for it", async () => {
    const deployed = { CALLROOM_URL: "https://class.example", INSTRUCTOR_TOKEN: "deployed-token" };
    const ofDeployed = await run([CALL_SID, "--deployed"], { deployed });
    expect(ofDeployed.asked).toEqual([
      { url: `https://class.example/api/workshop/calls/${CALL_SID}/trace`, authorization: "Bearer deployed-token" },
    ]);
    const elsewhere = ["--url", "https://other.example/console"];
    const other = await run([CALL, ...elsewhere], { environment: { INSTRUCTOR_TOKEN: "theirs" }, deployed });
    expect(other.asked[0]).toEqual({
      url: `https://other.example/api/workshop/calls/${CALL}/trace`,
      authorization: "Bearer theirs",
    });
    const unknown = await run([CALL, ...elsewhere], { deployed });
    expect([unknown.code, unknown.asked, unknown.err.includes("INSTRUCTOR_TOKEN")]).toEqual([2, [], true]);
  });

  it.each([
    [[], "Which call?"],
    [["wst_a-session-token-by-mistake"], "This is no call's id."],
    [[`${CALL}x`], "This is no call's id."],
    [["CA12"], "This is no call's id."],
    [[CALL, CALL], "One call at a time."],
    [[CALL, "--loud"], "The arguments are not understood."],
    [[CALL, "--url", "class.example"], "--url is an address"],
    [[CALL, "--url", "https://class.example", "--deployed"], "Say either"],
  ])("TRACE-10 does not take %j: says why, repeats nothing, asks nobody", async (args, sentence) => {
    const { code, out, err, asked } = await run(args);
    expect([code, out, asked]).toEqual([2, "", []]);
    expect(err.startsWith(sentence)).toBe(true);
    expect(err).toContain("npm run trace -- CALL");
    expect(err).not.toContain("wst_");
  });

  it("TRACE-11 says in a sentence why there is nothing to show, and its exit code tells which", async () => {
    const gone = await run([CALL], { fetch: refusing(404, "not_found", "There is nothing here.") });
    expect([gone.code, gone.out]).toEqual([1, ""]);
    expect(gone.err).toMatch(/^Nothing is kept of this call: .*\nThe log may know it: npm run trace -- \w+ --logs\n$/);
    const cases: readonly [World, string][] = [
      [
        { fetch: refusing(401, "bad_token", "This is not the instructor's token.") },
        "127.0.0.1:8787 says: This is not the instructor's token.\n",
      ],
      [{ fetch: async () => new Response("<html>") }, "No Callroom answers at 127.0.0.1:8787.\n"],
      [
        { fetch: async () => Promise.reject(new TypeError("fetch failed")) },
        "No Callroom answers at 127.0.0.1:8787.\n",
      ],
      [
        { dev: "off" },
        "No npm run dev is running here. Start it in another terminal, or ask another Callroom with --deployed or --url.\n",
      ],
    ];
    for (const [world, sentence] of cases) {
      expect(await run([CALL], world)).toMatchObject({ code: 2, out: "", err: sentence });
    }
    const nowhere = await run([CALL, "--deployed"]);
    expect([nowhere.code, nowhere.err.includes("npm run setup")]).toEqual([2, true]);
  });

  it("TRACE-12 says where the lines of a call are in the log, and asks nobody for it", async () => {
    const { code, out, asked } = await run([CALL, "--logs"], { dev: "off" });
    expect([code, asked]).toEqual([0, []]);
    expect(out).toContain(`npx wrangler tail --format json --search ${CALL}\n`);
    expect((await run([CALL_SID, "--logs"])).out).not.toContain(CALL_SID);
    expect((await run(["--help"])).out).toContain("--logs");
  });

  it("TRACE-13 lets nothing from outside drive the terminal", async () => {
    const hostile = JSON.parse(
      JSON.stringify(TRACE).replaceAll(/gpt-transcribe|look_up|resp_1|upstream_timeout/g, "\\u001b[2J\\u0007x"),
    );
    const { code, out } = await run([CALL], { fetch: async () => Response.json(hostile) });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect([code, /[\u0000-\u0009\u000b-\u001f]/.test(out)]).toEqual([0, false]);
  });
});

describe("npm run trace with a Callroom", () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
  }, START_MS);
  afterAll(() => db.close());

  it("TRACE-14 reads what the server answers, and prints no word of the call", async () => {
    await givenWorkshop(db, { id: "t", joinCode: "TRA-2" });
    const callId = await givenCall(db, await givenStudent(db, "wst_ada", { workshopId: "t" }), { workshopId: "t" });
    const ask = asInstructor(harness({ database: db.database }));
    const { code, out } = await run([callId], {
      fetch: (input) => ask("GET", new URL(new Request(input).url).pathname.replace("/api/workshop", "")),
    });
    expect(code).toBe(0);
    expect(out).toContain("43 characters");
    expect(out).toContain("took 60.0 s");
    expect(out).not.toContain("Words");
  });
});
