import { readDigests } from "./kept.ts";
import { SetupTrouble } from "./setup-trouble.ts";
import { refuseUnknown } from "./step-secrets.ts";
import { given, type Said, type SetupWorld, type Step } from "./world.ts";
import type { CloudflareAccount, LogIn } from "./wrangler.ts";

/** What makes a Worker a Callroom: its Durable Objects, as wrangler.toml binds them. */
const OUR_OBJECTS = ["CallObject", "WorkshopObject"] as const;

/** Logs in to Cloudflare, settles which account, and sees to it that the Worker's name is free or ours. */
export const account: Step = async (world) => {
  const who = await logIn(world);
  if (who === undefined) return { line: "you would log in to Cloudflare, in a browser" };
  const chosen = await choose(world, who);
  world.accountId = chosen.id;
  const found = await lookAtName(world, chosen.id);
  if (!world.options.isDry) world.kept.keep({ CLOUDFLARE_ACCOUNT_ID: chosen.id, WORKER_NAME: world.workerName });
  return { line: `${nameOf(who, chosen)}; Worker ${world.workerName}, ${found}` };
};

/** `undefined`: on a dry run nobody is logged in. */
async function logIn({ wrangler, prompt, options, out }: SetupWorld): Promise<LogIn | undefined> {
  const who = await wrangler.logIn();
  if (who !== undefined || options.isDry) return who;
  if (prompt === undefined) {
    throw new SetupTrouble(
      "You are not logged in to Cloudflare: set CLOUDFLARE_API_TOKEN (a token by the template Edit Cloudflare Workers), or run npx wrangler login once.",
    );
  }
  out.write("\nCloudflare opens in your browser: log in there, or make an account. It costs nothing.\n");
  await wrangler.askToLogIn();
  const now = await wrangler.logIn();
  if (now === undefined) throw new SetupTrouble("The log-in to Cloudflare was not finished.");
  return now;
}

async function choose(world: SetupWorld, who: LogIn): Promise<CloudflareAccount> {
  const kept = world.kept.get("CLOUDFLARE_ACCOUNT_ID");
  const wanted = given(world, "CLOUDFLARE_ACCOUNT_ID") ?? kept;
  if (wanted !== undefined && !/^[0-9a-f]{32}$/.test(wanted)) {
    throw new SetupTrouble("CLOUDFLARE_ACCOUNT_ID is not usable. It should be 32 characters, 0 to 9 and a to f.");
  }
  if (kept !== undefined && wanted !== kept) {
    throw new SetupTrouble(
      `The deployment kept in this folder is in the account ${kept}, and CLOUDFLARE_ACCOUNT_ID names another. Unset it, or make the second deployment from a clone of its own.`,
    );
  }
  if (wanted !== undefined) {
    const there = who.accounts.find(({ id }) => id === wanted);
    if (there !== undefined) return there;
    // Some tokens may see no account and still change one: what they may not, Cloudflare says by itself.
    if (who.accounts.length === 0) return { id: wanted, name: "" };
    throw new SetupTrouble(
      `${who.email ?? "This log-in"} is not in the account ${wanted}. To use another log-in: npx wrangler logout, then this again.`,
    );
  }
  const [first, second] = who.accounts;
  if (first === undefined) {
    throw new SetupTrouble(
      "This log-in sees no account. A token: make one by the template Edit Cloudflare Workers, or name the account in CLOUDFLARE_ACCOUNT_ID.",
    );
  }
  return second === undefined ? first : await askWhich(world, who.accounts);
}

async function askWhich(world: SetupWorld, accounts: readonly CloudflareAccount[]): Promise<CloudflareAccount> {
  const list = accounts.map(({ id, name }, at) => `  ${at + 1}  ${printable(name)}  ${id}\n`).join("");
  if (world.prompt === undefined) {
    throw new SetupTrouble(`This log-in has several accounts. Say which in CLOUDFLARE_ACCOUNT_ID:\n${list.trimEnd()}`);
  }
  world.out.write(`\nWhich account shall the Worker be in?\n${list}`);
  const answer = await world.prompt.line(`1 to ${accounts.length}: `);
  const chosen = /^\d{1,3}$/.test(answer ?? "") ? accounts[Number(answer) - 1] : undefined;
  if (chosen === undefined) throw new SetupTrouble("No account was chosen.");
  return chosen;
}

/** What is there under the Worker's name. @throws SetupTrouble when that is not ours, or its secrets are not known here. */
async function lookAtName(world: SetupWorld, accountId: string): Promise<Said["line"]> {
  const { wrangler, kept, workerName } = world;
  const found = await wrangler.find(accountId, workerName);
  if (found === undefined) return "new";
  const scope = `${accountId}/${workerName}`;
  const isBegunHere =
    readDigests(kept.get("SECRETS_PUT"), scope).size + readDigests(kept.get("SECRETS_ON_THEIR_WAY"), scope).size > 0;
  if (!isBegunHere) {
    const classes = await wrangler.objectClasses(accountId, workerName);
    if (!OUR_OBJECTS.every((ours) => classes.includes(ours))) {
      throw new SetupTrouble(
        `A Worker named ${workerName} is there already, and it is not Callroom. Nothing was changed. Choose another name: npm run setup -- --name my-class`,
      );
    }
  }
  refuseUnknown(world, found);
  return found.secretNames.length === 0 ? "begun" : "yours";
}

function nameOf({ email }: LogIn, { name, id }: CloudflareAccount): string {
  const account = printable(name) || id;
  return email === undefined ? `account ${account}` : `${printable(email)}, account ${account}`;
}

/** Names are the owner's words: no control character of theirs reaches the terminal. */
const printable = (text: string): string => text.replace(/\p{C}/gu, "").slice(0, 60);
