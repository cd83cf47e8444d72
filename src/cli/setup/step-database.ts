import type { Reached } from "../../store/reach.ts";
import { forgetNeonFile, makeNeonDatabase, NEON_TOOL } from "./neon.ts";
import { childVariables, commandOf } from "./processes.ts";
import { SetupTrouble } from "./setup-trouble.ts";
import { wrongWith } from "./variables.ts";
import { given, type Said, type SetupWorld, type Step, shownDatabase } from "./world.ts";

/** A database of one's own, the one that is kept, or a new one at Neon; and that it answers. */
export const database: Step = async (world) => {
  const { kept, options } = world;
  const own = given(world, "DATABASE_URL");
  const before = kept.get("DATABASE_URL");
  if (own !== undefined) return await take(world, own, before);
  if (before !== undefined && !(await isGone(world, before))) {
    await reach(world, before, kept.get("DATABASE_HTTP_ENDPOINT"));
    return { line: shownDatabase(before), more: claimLines(world) };
  }
  if (options.mayMakeDatabase) return await makeOne(world);
  if (before !== undefined) {
    throw new SetupTrouble(
      "The database is gone: Neon deletes one that nobody has claimed within 72 hours. Set DATABASE_URL to another, or make another with --neon; students have to join again.",
    );
  }
  if (options.isDry) return { line: "would ask for a Postgres URL, or make a database at Neon" };
  const typed = await ask(world);
  return typed === undefined ? await makeOne(world) : await take(world, typed, undefined);
};

/** A URL that the instructor gave now. */
async function take(world: SetupWorld, url: string, before: string | undefined): Promise<Said> {
  const endpoint = given(world, "DATABASE_HTTP_ENDPOINT") ?? (url === before ? keptEndpoint(world) : undefined);
  await reach(world, url, endpoint);
  const isChange = before !== undefined && before !== url;
  const line = `${shownDatabase(url)}${isChange ? `, in the place of ${shownDatabase(before)}` : ""}`;
  if (world.options.isDry) {
    world.wouldKeep.set("DATABASE_URL", url);
    return { line };
  }
  // What was said of a database that was made at Neon is not about this one.
  const claim = isChange ? { NEON_CLAIM_URL: undefined, NEON_CLAIM_BEFORE: undefined } : {};
  world.kept.keep({ DATABASE_URL: url, DATABASE_HTTP_ENDPOINT: endpoint, ...claim });
  return { line, more: isChange ? ["Rows do not move by themselves: npm run adopt copies them."] : claimLines(world) };
}

const keptEndpoint = ({ kept }: SetupWorld): string | undefined => kept.get("DATABASE_HTTP_ENDPOINT");

async function ask({ prompt, out }: SetupWorld): Promise<string | undefined> {
  if (prompt === undefined) {
    throw new SetupTrouble("There is no database: set DATABASE_URL, or let setup make one at Neon with --neon.");
  }
  out.write(
    "\nA Postgres URL of your own (it is not shown), or Enter: a database is made at Neon, without an account.\n",
  );
  for (let tries = 0; tries < 3; tries += 1) {
    const typed = await prompt.hidden("DATABASE_URL: ");
    const wrong = typed === undefined ? undefined : wrongWith("DATABASE_URL", typed);
    if (wrong === undefined) return typed;
    out.write(`${wrong}\n`);
  }
  throw new SetupTrouble("No usable DATABASE_URL was typed.");
}

async function makeOne(world: SetupWorld): Promise<Said> {
  if (world.options.isDry) return { line: "would make a database at Neon (npx neon-new), without an account" };
  const command = commandOf(world.environment, "CALLROOM_NEON_NEW", NEON_TOOL);
  const made = await makeNeonDatabase(world, command, childVariables(world.environment));
  const endpoint = given(world, "DATABASE_HTTP_ENDPOINT");
  world.kept.keep({
    DATABASE_URL: made.url,
    DATABASE_HTTP_ENDPOINT: endpoint,
    NEON_CLAIM_URL: made.claimUrl,
    NEON_CLAIM_BEFORE: new Date(made.claimBeforeMs).toISOString(),
  });
  forgetNeonFile(world.projectFolder);
  await reach(world, made.url, endpoint);
  return { line: `${shownDatabase(made.url)}, made at Neon`, more: claimLines(world) };
}

/** What has to be known of a database that Neon would delete. */
export function claimLines({ kept, now }: SetupWorld): readonly string[] {
  const url = kept.get("NEON_CLAIM_URL");
  const beforeMs = Date.parse(kept.get("NEON_CLAIM_BEFORE") ?? "");
  if (url === undefined || Number.isNaN(beforeMs) || now() > beforeMs) return [];
  return [`Neon deletes it after ${shownInstant(beforeMs)}, unless you have claimed it by then:`, url];
}

const shownInstant = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** Whether the time to claim it is over and it does not answer: nobody did. */
async function isGone({ kept, now, database: port }: SetupWorld, url: string): Promise<boolean> {
  const beforeMs = Date.parse(kept.get("NEON_CLAIM_BEFORE") ?? "");
  return !Number.isNaN(beforeMs) && now() > beforeMs && (await port.reach(url)) !== "ok";
}

const NOT_REACHED: Readonly<Record<Exclude<Reached, "ok">, string>> = {
  "unknown-host": "there is no such host. A typing mistake, or is this machine offline?",
  closed: "nothing listens there. Does it run, and is the port right?",
  silent: "it does not answer. Does a firewall let this machine in?",
  refused: "it does not take this user and password.",
  "no-database": "the server is there, but has no database of this name.",
  broken: "the connection fails. A server that demands TLS wants ?sslmode=require at the end of the URL.",
};

/** @throws SetupTrouble when it does not answer here, or would not answer the Worker. */
async function reach(world: SetupWorld, url: string, endpoint: string | undefined): Promise<void> {
  const where = shownDatabase(url);
  const reached = await world.database.reach(url);
  if (reached !== "ok") throw new SetupTrouble(`The database ${where} cannot be used: ${NOT_REACHED[reached]}`);
  if (await world.database.answersOverHttp({ url, httpEndpoint: endpoint })) return;
  throw new SetupTrouble(
    endpoint === undefined
      ? `The database ${where} answers, but not over HTTP as Neon's do, and a Worker asks that way. Use one at Neon, or set DATABASE_HTTP_ENDPOINT to a proxy for it.`
      : `The database ${where} answers, but not through DATABASE_HTTP_ENDPOINT.`,
  );
}
