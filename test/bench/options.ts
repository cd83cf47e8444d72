/** What `npm run bench -- …` takes. */
import { parseArgs } from "node:util";

const SUITES = ["text"] as const;
export const SERVERS = ["direct", "node-bare", "workerd-bare", "callroom"] as const;
export type ServerName = (typeof SERVERS)[number];

export interface Options {
  readonly servers: readonly ServerName[];
  /** Numbers of calls at once, one after the other. */
  readonly calls: readonly number[];
  readonly rounds: number;
  /** Windows that may be measured again because others used the machine. */
  readonly repeats: number;
}

export const USAGE = `npm run bench -- [--quick] [--only ${SUITES.join(",")}] [--servers ${SERVERS.join(",")}] [--calls 1,50,200] [--rounds 3]`;

/** @returns `undefined` for anything that is not in {@link USAGE}. */
export function readOptions(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean", default: false },
        only: { type: "string" },
        servers: { type: "string" },
        calls: { type: "string" },
        rounds: { type: "string" },
      },
    });
    const suites = listOf(values.only, SUITES);
    const servers = listOf(values.servers, SERVERS);
    const calls = (values.calls ?? (values.quick ? "1,50" : "1,50,200")).split(",").map(Number);
    const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
    const areCounts = [...calls, rounds].every((count) => Number.isInteger(count) && count > 0);
    return suites && servers && areCounts ? { servers, calls, rounds, repeats: values.quick ? 0 : 4 } : undefined;
  } catch {
    // parseArgs throws at what it does not know.
    return undefined;
  }
}

/** The named ones, in our order; all of them when nothing is named; `undefined` when a name is not among them. */
function listOf<Name extends string>(text: string | undefined, all: readonly Name[]): readonly Name[] | undefined {
  if (text === undefined) return all;
  const names = text.split(",");
  const known = all.filter((name) => names.includes(name));
  return known.length === names.length ? known : undefined;
}
