import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { parseArgs, parseEnv } from "node:util";
import {
  beginCommand,
  CommandFailure,
  type CommandSurroundings,
  changeState,
  playCommand,
  readState,
} from "./command-state.ts";

/*
 * neon-new 0.14.0 and the Neon behind it: makes a claimable database, appends it to a file, prints its password. A program of its
 * own; `CALLROOM_NEON_NEW` makes setup run it. The database is one that the test has started.
 */

const CLAIM_MS = 72 * 3_600_000;

function play(surroundings: CommandSurroundings): string {
  const { folder, args } = surroundings;
  const { values } = parseArgs({
    args: [...args],
    options: { yes: { type: "boolean" }, env: { type: "string" }, ref: { type: "string" } },
  });
  const end = beginCommand("neon-new", surroundings);
  // It would ask, and nobody is there.
  if (values.yes !== true) throw new CommandFailure("Prompt cancelled by user.");
  const file = values.env ?? "./.env";
  if (existsSync(file) && parseEnv(readFileSync(file, "utf8")).DATABASE_URL) {
    return `DATABASE_URL already exists in ${file}`;
  }
  const { isOnline, neonUrl } = readState(folder);
  if (!isOnline || neonUrl === undefined) throw new CommandFailure("Failed to create database");
  changeState(folder, (state) => {
    state.neonDatabases += 1;
  });
  const id = "7b0d6f2e-1c1f-4c55-9a3e-0d6a5a4a3b21";
  appendFileSync(
    file,
    `DATABASE_URL=${neonUrl}
DATABASE_URL_DIRECT=${neonUrl}
# Claimable DB expires at: ${new Date(Date.now() + CLAIM_MS).toUTCString()}
# Claim it now to your account using the link below:
PUBLIC_POSTGRES_CLAIM_URL=https://neon.new/database/${id}
`,
  );
  end();
  return `Done!\nConnection String:\n\t${neonUrl}`;
}

await playCommand(play);
