import { parseArgs } from "node:util";
import { type JoinCode, parseJoinCode } from "../protocol/ids.ts";

export const ADOPT_USAGE = `npm run adopt -- --from OLD_DATABASE_URL   moves the predecessor's students into Callroom's database

  --from WHERE         the predecessor's database: a variable that holds its URL, or the URL itself. The same database
                       as Callroom's: its students are here already, and only their keys are looked after
  --workshop CODE      the workshop they belong to, by its join code; without it they belong to none
  --key-variable NAME  a variable that holds the predecessor's ENCRYPTION_KEY, when Callroom has another
  --without-keys       goes on when no sealed key can be opened: every student enters theirs again
  --update             also takes what was saved there since, where nobody has changed the student here
  --dry-run            says what would be done, and writes nothing
  --deployed           into the database of the deployed Worker, as npm run setup knows it
  --json               the report as JSON

Callroom's own database is DATABASE_URL, or that of a running npm run dev. Variables come from the environment, then from
.dev.vars. Nothing is ever written to the predecessor's database when it is another one.

Exit code: 0 all is taken, 1 something could not be, 2 nothing could be done.
`;

export interface AdoptOptions {
  /** A URL, or the name of a variable that holds one. */
  readonly from: string;
  readonly workshop: JoinCode | null;
  readonly keyVariable: string | null;
  readonly withoutKeys: boolean;
  readonly update: boolean;
  readonly dryRun: boolean;
  readonly deployed: boolean;
  readonly json: boolean;
}

export type AdoptWish =
  | { readonly wish: "adopt"; readonly options: AdoptOptions }
  | { readonly wish: "help" }
  /** The problem is a sentence about the arguments. */
  | { readonly wish: "not-understood"; readonly problem: string };

export function readAdoptOptions(args: readonly string[]): AdoptWish {
  const read = parse(args);
  if (read === undefined) return notUnderstood("The arguments are not understood.");
  if (read.help) return { wish: "help" };
  const { from = "", workshop, "key-variable": keyVariable } = read;
  if (from === "") return notUnderstood("Which database? Name the variable that holds its URL with --from.");
  const joinCode = workshop === undefined ? null : parseJoinCode(workshop);
  if (joinCode === undefined) return notUnderstood("--workshop is a join code, like MAPLE-7.");
  // A key itself must not come this way: arguments are seen by every process of the machine, and npm prints them.
  if (keyVariable !== undefined && !isVariableName(keyVariable)) {
    return notUnderstood(
      "--key-variable is the name of a variable, like OLD_ENCRYPTION_KEY, and never the key itself.",
    );
  }
  return {
    wish: "adopt",
    options: {
      from,
      workshop: joinCode,
      keyVariable: keyVariable ?? null,
      withoutKeys: read["without-keys"] ?? false,
      update: read.update ?? false,
      dryRun: read["dry-run"] ?? false,
      deployed: read.deployed ?? false,
      json: read.json ?? false,
    },
  };
}

/** A key of 64 digits is none, whatever it begins with. */
export const isVariableName = (text: string): boolean => /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(text);

const notUnderstood = (problem: string): AdoptWish => ({ wish: "not-understood", problem });

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        from: { type: "string" },
        workshop: { type: "string" },
        "key-variable": { type: "string" },
        "without-keys": { type: "boolean" },
        update: { type: "boolean" },
        "dry-run": { type: "boolean" },
        deployed: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch {
    return undefined;
  }
}
