import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import {
  completionsPage,
  costsPage,
  DAY_MS,
  dashboardCsv,
  transcriptionsPage,
  type Usage,
  usageOf,
} from "../cli/usage-exports.ts";
import { eventually, Room } from "./room.ts";
import { speech, VoiceCaller } from "./voice-caller.ts";
import { prepareCall, scriptWords, studentOf, type VoiceStudent, voiceFault } from "./voice-looks.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const INSTRUCTOR_KEY = "sk-test-reconcile-instructor-0123456789";
const STUDENT_KEY = "sk-test-reconcile-student-0123456789";
/** Long enough for what is said first to come from OpenAI's cache. */
const PROMPT = "You are Juno, who answers everything in one short sentence. ".repeat(90);
const TOOL = { type: "function", function: { name: "order" }, mock: { reply: { ok: true } } };

const Requests = z.array(
  z.object({
    path: z.string(),
    atMs: z.number(),
    key: z.string().nullable(),
    model: z.string().nullable(),
    usage: z.object({ inputTokens: z.number(), cachedTokens: z.number(), outputTokens: z.number() }).nullable(),
  }),
);
const Sessions = z.array(
  z.object({
    key: z.string(),
    model: z.string(),
    openedAtMs: z.number(),
    items: z.array(z.object({ itemId: z.string(), audioMs: z.number() })),
    responses: z.array(
      z.object({
        createdAtMs: z.number(),
        usage: z
          .object({
            input_tokens: z.number(),
            output_tokens: z.number(),
            input_token_details: z.object({
              audio_tokens: z.number(),
              cached_tokens: z.number(),
              cached_tokens_details: z.object({ audio_tokens: z.number() }),
            }),
            output_token_details: z.object({ audio_tokens: z.number() }),
          })
          .nullable(),
      }),
    ),
    transcripts: z.array(z.object({ itemId: z.string(), model: z.string(), text: z.string(), isFailed: z.boolean() })),
  }),
);
const Verdicts = z.object({
  agrees: z.boolean(),
  charges: z.number(),
  lines: z.array(z.object({ model: z.string().nullable(), estimated: z.number(), verdict: z.string() })),
  recomputed: z.object({ rows: z.number(), differing: z.array(z.unknown()) }),
});

let room: Room;
let words: Int16Array;
beforeAll(async () => {
  words = await speech("Good day.");
  room = await Room.open({ OPENAI_API_KEY: INSTRUCTOR_KEY });
});
afterAll(() => room.close());

/** What OpenAI would export of a key, all of it used at one time. */
async function usedOn(key: string, atMs: number): Promise<Usage> {
  const url = new URL(`/standin/realtime?key=${key}`, room.endpoints.openaiBaseUrl);
  const sessions = Sessions.parse(await (await fetch(url)).json());
  const { answers, transcripts } = usageOf(Requests.parse(await room.journal(key)), sessions);
  return {
    answers: answers.map((answer) => ({ ...answer, atMs })),
    transcripts: transcripts.map((transcript) => ({ ...transcript, atMs })),
  };
}

function reconcile(files: readonly string[], args: readonly string[]): Promise<{ exitCode: number; out: string }> {
  const usage = files.flatMap((file) => ["--usage", file]);
  const env = { PATH: process.env.PATH, DATA_DIR: room.dataDir };
  return new Promise((done) => {
    const all = ["src/cli/reconcile.ts", ...usage, "--recompute", ...args];
    const child = execFile(join(ROOT, "node_modules/.bin/node"), all, { cwd: ROOT, env }, (_, out, err) =>
      done({ exitCode: child.exitCode ?? -1, out: out + err }),
    );
  });
}

let written = 0;
function fileOf(content: unknown): string {
  written += 1;
  const path = join(room.dataDir, `export-${written}`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

const filesOf = (usage: Usage): string[] =>
  [completionsPage(usage), transcriptionsPage(usage), costsPage(usage)].map(fileOf);

/** In writing, by phone: answers that are cached, and one that the caller talks over. */
async function writtenCall({ sessionToken }: VoiceStudent, numbers: readonly number[]): Promise<void> {
  const client = await room.call(sessionToken);
  await client.nextTurn();
  for (const number of numbers) {
    client.say(`What is ${number} plus ${number}?`);
    await client.nextTurn();
  }
  client.say("Tell me a story.");
  await eventually(() => client.speaking, "the story");
  client.interrupt();
  client.say("What is 7 plus 7?");
  await client.nextTurn();
  await client.hangUp();
}

/** With sound: by voice, with a tool, and over the agent. */
async function spokenCall(student: VoiceStudent, key: string): Promise<void> {
  const caller = new VoiceCaller(await prepareCall(room, student));
  const hasSaid = (text: string) => caller.until(() => caller.answers.includes(text), `the answer: ${text}`);
  await hasSaid("Hello, this is Juno.");
  const speak = async (text: string): Promise<void> => {
    await scriptWords(room, key, text);
    caller.say(words);
  };
  await speak("What is two plus three?");
  await hasSaid("2 plus 3 is 5.");
  await voiceFault(room, { kind: "answer", key, text: "Let me see.", toolCalls: [{ name: "order" }] });
  await voiceFault(room, { kind: "answer", key, text: "It is ordered." });
  await speak("Order it.");
  await hasSaid("It is ordered.");
  caller.send({ type: "text", text: "Count to 20, please." });
  await caller.until(() => caller.of("caption").some(({ delta }) => delta.includes("four")), "the number four");
  await speak("What is seven plus one?");
  await hasSaid("7 plus 1 is 8.");
  await caller.hangUp();
}

/** Every call has ended, and all that it was billed for is in the database. */
const archived = (calls: number): Promise<unknown> =>
  eventually(async () => {
    const [row] = await room.sql(
      "select (select count(*) from calls where ended_at is not null)::int as ended, (select count(*) from charges where state = 'open')::int as open",
    );
    return row?.ended === calls && row.open === 0;
  }, "the ledger of every call");

describe("OpenAI's export of a mixed session", () => {
  it("RECON-40 agrees with the ledger that calls have written, of the student's account and of the instructor's", async () => {
    const config = { ivrGreeting: "Hello, this is Juno.", systemPrompt: PROMPT, tools: [TOOL] };
    const own = await studentOf(room, "own", STUDENT_KEY, config);
    const lent: VoiceStudent = {
      ...own,
      sessionToken: "ws_voice_lent",
      headers: { authorization: "Bearer ws_voice_lent" },
    };
    await room.save(lent.sessionToken, config);
    await writtenCall(own, [1, 2, 3]);
    await spokenCall(own, STUDENT_KEY);
    await writtenCall(lent, [4, 5]);
    await spokenCall(lent, INSTRUCTOR_KEY);
    await archived(4);
    // All at one time: of midnight between two clocks nothing is asked here.
    const atMs = Date.now();
    await room.sql("update charges set at = $1", [new Date(atMs)]);

    const [row] = await room.sql("select student_id from student_configs where session_token = $1", [own.sessionToken]);
    const ofStudent = ["--payer", "student", "--student", String(row?.student_id)];
    for (const [key, args, answers] of [
      [STUDENT_KEY, ofStudent, 11],
      [INSTRUCTOR_KEY, [], 10],
    ] as const) {
      const used = await usedOn(key, atMs);
      expect(used.answers).toHaveLength(answers);
      expect(used.answers.some(({ cached, audioIn }) => cached > 0 && audioIn === 0)).toBe(true);
      expect(used.answers.some(({ cachedAudioIn }) => cachedAudioIn > 0)).toBe(true);
      expect(used.transcripts).toHaveLength(3);
      const { exitCode, out } = await reconcile(filesOf(used), [...args, "--json"]);
      expect([exitCode, out]).toEqual([0, expect.stringContaining('"agrees": true')]);
      const { lines, recomputed, charges } = Verdicts.parse(JSON.parse(out));
      expect(charges).toBe(used.answers.length + used.transcripts.length);
      // Only the story that was talked over is counted by us.
      expect(lines.filter(({ estimated }) => estimated > 0).map(({ estimated }) => estimated)).toEqual([1]);
      expect(recomputed.differing).toEqual([]);
      const csv = [completionsPage(used), transcriptionsPage(used), costsPage(used)].map((page) =>
        fileOf(dashboardCsv(page)),
      );
      expect((await reconcile(csv, args)).exitCode).toBe(0);

      const [first, ...rest] = used.answers.toSorted((a, b) => b.audioOut - a.audioOut);
      if (!first) throw new Error("no answer");
      for (const tampered of [
        [{ ...first, output: first.output + 1 }, ...rest],
        rest,
        [first, first, ...rest],
        [{ ...first, model: "gpt-realtime-2.1" }, ...rest],
        [{ ...first, atMs: first.atMs - DAY_MS }, ...rest],
      ]) {
        const files = [fileOf(completionsPage({ ...used, answers: tampered }))];
        expect((await reconcile(files, args)).exitCode).toBe(1);
      }
      expect((await reconcile([fileOf(costsPage(used, 1.02))], args)).exitCode).toBe(1);
    }
    // The one's export is not the other's.
    expect((await reconcile(filesOf(await usedOn(STUDENT_KEY, atMs)), [])).exitCode).toBe(1);
  });
});
