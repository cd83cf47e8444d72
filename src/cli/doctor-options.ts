import { parseArgs } from "node:util";
import { type WhichCallroom, whichCallroom } from "./which-callroom.ts";

export const DOCTOR_USAGE = `npm run doctor   looks at a running Callroom, line by line, and says what to do about what is not right

  (nothing)     the one that npm run dev started
  --deployed    the deployed one, as npm run setup knows it
  --url URL     one at this address, with INSTRUCTOR_TOKEN from the environment
  --json        the lines as JSON

Lines are ok, warning, failed, or off: not set up, which is fine.
Exit code: 0 nothing failed, 1 something failed, 2 Callroom could not be asked.
`;

export interface DoctorOptions extends WhichCallroom {
  readonly json: boolean;
}

export type DoctorWish =
  | { readonly wish: "look"; readonly options: DoctorOptions }
  | { readonly wish: "help" }
  /** The problem is a sentence about the arguments. */
  | { readonly wish: "not-understood"; readonly problem: string };

export function readDoctorOptions(args: readonly string[]): DoctorWish {
  const read = parse(args);
  if (read === undefined) return notUnderstood("The arguments are not understood.");
  if (read.help) return { wish: "help" };
  const which = whichCallroom(read);
  if (typeof which === "string") return notUnderstood(which);
  return { wish: "look", options: { ...which, json: read.json ?? false } };
}

const notUnderstood = (problem: string): DoctorWish => ({ wish: "not-understood", problem });

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: "string" },
        deployed: { type: "boolean" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch {
    return undefined;
  }
}
