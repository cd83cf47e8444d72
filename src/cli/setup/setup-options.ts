/* The arguments of `npm run setup`. */

export const STEPS = [
  "tools",
  "account",
  "database",
  "migrations",
  "options",
  "secrets",
  "deploy",
  "look",
  "class",
] as const;
export type StepName = (typeof STEPS)[number];

export interface SetupOptions {
  /** Nobody is asked: what is needed stands in variables. */
  readonly isUnattended: boolean;
  readonly isDry: boolean;
  /** A database may be made at Neon when there is none. */
  readonly mayMakeDatabase: boolean;
  readonly showToken: boolean;
  /** Of the Worker, as given; `undefined`: not given. */
  readonly workerName: string | undefined;
  /** Those to do, in their order. */
  readonly steps: readonly StepName[];
}

/** Arguments that are not understood: why, for the person who typed them. */
export interface NotUnderstood {
  readonly problem: string;
}

export const USAGE = `npm run setup                  from a clone to an open class; safe to repeat, goes on where it was
npm run setup -- --yes         asks nothing: takes what it needs from variables
npm run setup -- --dry-run     says what it would do, and changes nothing

  --neon            makes a database at Neon when there is none
  --name NAME       of the Worker (else WORKER_NAME, else that of wrangler.toml)
  --skip STEP       leaves a step out; --only STEP does that one alone; both may be repeated
  --show-token      prints the console link with its token in it

Steps: ${STEPS.join(", ")}.

Variables: DATABASE_URL (DATABASE_HTTP_ENDPOINT when it is not Neon's), WORKER_NAME, CLOUDFLARE_API_TOKEN,
CLOUDFLARE_ACCOUNT_ID, OPENAI_API_KEY, TWILIO_AUTH_TOKEN, TWILIO_ACCOUNT_SID, PUBLIC_ORIGIN, SERVICE_TOKEN; of a Callroom that
was there before, ENCRYPTION_KEY, ENCRYPTION_KEY_PREVIOUS, INSTRUCTOR_TOKEN.

Exit code 0: done. 1: a step could not be done, the last lines say why; run it again. 2: arguments or variables are not
understood, and nothing was done. docs/deploy.md has the rest.
`;

/** Reads the arguments. */
export function readSetupOptions(args: readonly string[]): SetupOptions | "help" | NotUnderstood {
  const flags = new Set<string>();
  const skipped = new Set<StepName>();
  const only = new Set<StepName>();
  let workerName: string | undefined;
  for (let at = 0; at < args.length; at += 1) {
    const [flag = "", inline] = (args[at] ?? "").split(/=(.*)/s, 2);
    if (flag === "--help" || flag === "-h") return "help";
    if (isBare(flag) && inline === undefined) {
      flags.add(flag);
      continue;
    }
    if (flag !== "--skip" && flag !== "--only" && flag !== "--name") return { problem: `What is ${safe(flag)}?` };
    const value = inline ?? args[++at];
    if (value === undefined || value === "") return { problem: `${flag} needs a word after it.` };
    if (flag === "--name") {
      workerName = value;
      continue;
    }
    for (const word of value.split(",")) {
      const step = STEPS.find((name) => name === word);
      if (step === undefined) return { problem: `There is no step ${safe(word)}: they are ${STEPS.join(", ")}.` };
      (flag === "--skip" ? skipped : only).add(step);
    }
  }
  const steps = STEPS.filter((step) => !skipped.has(step) && (only.size === 0 || only.has(step)));
  if (steps.length === 0) return { problem: "Every step is left out." };
  return {
    isUnattended: flags.has("--yes"),
    isDry: flags.has("--dry-run"),
    mayMakeDatabase: flags.has("--neon"),
    showToken: flags.has("--show-token"),
    workerName,
    steps,
  };
}

const BARE = ["--yes", "--dry-run", "--neon", "--show-token"] as const;
const isBare = (flag: string): boolean => BARE.some((known) => known === flag);

/** A typed word that may be repeated on a terminal: a secret in the wrong place is not. */
const safe = (word: string): string => (/^[a-z-]{1,24}$/.test(word) ? `"${word}"` : "that");
