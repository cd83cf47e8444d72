import { ApiKey } from "../../vault/api-key.ts";
import { SetupTrouble } from "./setup-trouble.ts";
import { type GIVEN, wrongWith } from "./variables.ts";
import { given, keepSecret, known, listed, type SetupWorld, type Step } from "./world.ts";

/* What an instructor may add: a fallback key, Twilio, an address of one's own. Nothing of it is needed. */

type OptionName = Exclude<(typeof GIVEN)[number], "DATABASE_URL" | "DATABASE_HTTP_ENDPOINT">;

interface Option {
  readonly name: OptionName;
  /** `undefined`: it is taken when it is given, and not asked for. */
  readonly question?: string;
  readonly isShown?: boolean;
}

const OPTIONS: readonly Option[] = [
  { name: "OPENAI_API_KEY", question: "An OpenAI key of yours, lent to students who have none" },
  { name: "TWILIO_ACCOUNT_SID", question: "Twilio's account SID, to see where your numbers point", isShown: true },
  { name: "TWILIO_AUTH_TOKEN", question: "Twilio's auth token, so that only Twilio can ring" },
  { name: "PUBLIC_ORIGIN", question: "An address of your own, https://… (not for workers.dev)", isShown: true },
  { name: "SERVICE_TOKEN" },
  { name: "ENCRYPTION_KEY_PREVIOUS" },
];

const TRIES = 3;

/** Takes what is given in variables; asks for the rest until the first deploy, and when it is asked for by name. */
export const options: Step = async (world) => {
  const { kept, prompt, options: wanted } = world;
  const notes: string[] = [];
  const isTold = wanted.steps.length === 1;
  const mayAsk = prompt !== undefined && !wanted.isDry && (isTold || kept.get("CALLROOM_URL") === undefined);
  if (mayAsk) world.out.write("\nAll of this can wait: Enter leaves it out. What is a secret is not shown.\n");
  for (const option of OPTIONS) {
    const value = given(world, option.name);
    if (value !== undefined) {
      if (value !== kept.get(option.name)) notes.push(...(await accepted(world, option.name, value)));
    } else if (mayAsk && option.question !== undefined && kept.get(option.name) === undefined) {
      notes.push(...(await ask(world, option)));
    }
  }
  const there = OPTIONS.map(({ name }) => name).filter((name) => known(world, name) !== undefined);
  return { line: there.length === 0 ? "none" : listed(there), more: notes };
};

async function ask(world: SetupWorld, { name, question, isShown }: Option): Promise<readonly string[]> {
  const { prompt, out } = world;
  if (prompt === undefined) return [];
  for (let tries = 0; tries < TRIES; tries += 1) {
    out.write(`${question}\n`);
    const typed = await (isShown ? prompt.line(`${name}: `) : prompt.hidden(`${name}: `));
    if (typed === undefined) return [];
    try {
      return await accepted(world, name, typed);
    } catch (thrown) {
      if (!(thrown instanceof SetupTrouble)) throw thrown;
      out.write(`${thrown.message}\n`);
    }
  }
  return [`${name} is left out.`];
}

/** Checks and keeps one. @throws SetupTrouble when it is of no use. */
async function accepted(world: SetupWorld, name: OptionName, value: string): Promise<readonly string[]> {
  const wrong = wrongWith(name, value);
  if (wrong !== undefined) throw new SetupTrouble(wrong);
  const notes = name === "OPENAI_API_KEY" ? await tryKey(world, value) : [];
  keepSecret(world, name, value);
  return notes;
}

const KEY_MS = 10_000;

/** Asks OpenAI whether it takes the key. Only a plain no is a reason not to keep it. */
async function tryKey(world: SetupWorld, value: string): Promise<readonly string[]> {
  const key = ApiKey.parse(value);
  if (key === undefined) throw new SetupTrouble("OPENAI_API_KEY is not an OpenAI key.");
  const baseUrl = given(world, "OPENAI_BASE_URL") ?? "https://api.openai.com/v1";
  const status = await key.use((clear) =>
    world
      .fetcher(`${baseUrl.replace(/\/+$/, "")}/models`, {
        headers: { authorization: `Bearer ${clear}` },
        redirect: "manual",
        signal: AbortSignal.timeout(KEY_MS),
      })
      .then(
        async (response) => {
          await response.body?.cancel();
          return response.status;
        },
        () => undefined,
      ),
  );
  if (status === 401) {
    throw new SetupTrouble("OpenAI does not take this OPENAI_API_KEY: it was revoked, or mistyped. It was not kept.");
  }
  if (status === 200) return [];
  return ["OpenAI did not say whether the fallback key is good: npm run doctor -- --deployed asks again."];
}
