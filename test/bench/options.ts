/** What `npm run bench -- …` takes. */
import { parseArgs } from "node:util";

const SUITES = ["text", "audio"] as const;
export type SuiteName = (typeof SUITES)[number];
export const SERVERS = ["direct", "node-bare", "workerd-bare", "callroom"] as const;
export type ServerName = (typeof SERVERS)[number];
const WIRES = ["media-streams", "browser"] as const;
export type WireName = (typeof WIRES)[number];

export interface Options {
  readonly suites: readonly SuiteName[];
  /** Instead of the suites: does Callroom stand a lesson, slow listeners included? */
  readonly soak: boolean;
  readonly soakMinutes: number;
  readonly wires: readonly WireName[];
  readonly servers: readonly ServerName[];
  /** Numbers of calls at once, one after the other. */
  readonly calls: { readonly [Suite in SuiteName]: readonly number[] };
  readonly rounds: number;
  /** Windows that may be measured again because others used the machine. */
  readonly repeats: number;
  /** To see that everything works: one round, few calls, short windows, and no figures kept. */
  readonly quick: boolean;
}

export const USAGE = `npm run bench -- [--quick] [--only ${SUITES.join(",")}] [--wires ${WIRES.join(",")}] [--servers ${SERVERS.join(",")}] [--calls 1,50,200] [--rounds 3]
       npm run bench -- --soak [--minutes 5] [--quick]`;

const DEFAULT_CALLS = { text: [1, 50, 200], audio: [1, 50, 100, 200] } as const;
const QUICK_CALLS = [1, 50];
const SOAK_MINUTES = 5;
const QUICK_SOAK_MINUTES = 0.5;

/** @returns `undefined` for anything that is not in {@link USAGE}. */
export function readOptions(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean", default: false },
        soak: { type: "boolean", default: false },
        minutes: { type: "string" },
        only: { type: "string" },
        wires: { type: "string" },
        servers: { type: "string" },
        calls: { type: "string" },
        rounds: { type: "string" },
      },
    });
    const { quick, soak } = values;
    const suites = listOf(values.only, SUITES);
    const wires = listOf(values.wires, WIRES);
    const servers = listOf(values.servers, SERVERS);
    const given = values.calls?.split(",").map(Number) ?? (quick ? QUICK_CALLS : undefined);
    const rounds = Number(values.rounds ?? (quick ? 1 : 3));
    const soakMinutes = Number(values.minutes ?? (quick ? QUICK_SOAK_MINUTES : SOAK_MINUTES));
    const areCounts = [...(given ?? []), rounds].every((count) => Number.isInteger(count) && count > 0);
    if (!suites || !wires || !servers || !areCounts || !(soakMinutes > 0)) return undefined;
    const calls = given === undefined ? DEFAULT_CALLS : { text: given, audio: given };
    return { suites, soak, soakMinutes, wires, servers, calls, rounds, repeats: quick ? 0 : 4, quick };
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
