import { parseArgs } from "node:util";

export const DOCTOR_USAGE = `npm run doctor   looks at a running Callroom, line by line, and says what to do about what is not right

  (nothing)     the one that npm run dev started
  --deployed    the deployed one, as npm run setup knows it
  --url URL     one at this address, with INSTRUCTOR_TOKEN from the environment
  --json        the lines as JSON

Lines are ok, warning, failed, or off: not set up, which is fine.
Exit code: 0 nothing failed, 1 something failed, 2 Callroom could not be asked.
`;

export interface DoctorOptions {
  /** Scheme, host and port; `undefined`: the one of `npm run dev` or, with `deployed`, the deployed one. */
  readonly url: string | undefined;
  readonly deployed: boolean;
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
  const { url, deployed = false, json = false } = read;
  if (url === undefined) return { wish: "look", options: { url, deployed, json } };
  if (deployed) return notUnderstood("Say either --deployed or --url, not both.");
  const { protocol, origin } = URL.parse(url) ?? {};
  if (origin === undefined || (protocol !== "http:" && protocol !== "https:")) {
    return notUnderstood("--url is an address like https://callroom.example.workers.dev.");
  }
  return { wish: "look", options: { url: origin, deployed, json } };
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
