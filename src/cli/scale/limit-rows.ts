import { LIMITS } from "../../limits.ts";
import { ASSUMED, LOADS, type Load, type Used, usedBy } from "./load.ts";
import { type Measured, needsOf } from "./measured.ts";
import { figure } from "./prices.ts";
import { thousands } from "./words.ts";

interface Limit {
  readonly name: string;
  /** How much of it a load takes. */
  readonly taken: (load: Load, used: Used, measured: Measured) => number;
  readonly most: number;
  readonly bites: string;
}

const LIMIT_ROWS: readonly Limit[] = [
  {
    name: "free plan: object requests, a day",
    taken: (_load, used) => used.objectRequests,
    most: figure("freeObjectRequests"),
    bites: "first of all: beyond it objects answer with errors until midnight UTC",
  },
  {
    name: "free plan: GB-s, a day",
    taken: (_load, used) => used.gbSeconds,
    most: figure("freeDuration"),
    bites: "soon after",
  },
  {
    name: "free plan: rows written, a day",
    taken: (_load, used) => used.rowsWritten,
    most: figure("freeRowsWritten"),
    bites: "with a second class on the same day",
  },
  {
    name: "free plan: Worker requests, a day",
    taken: (_load, used) => used.workerRequests,
    most: figure("freeWorkerRequests"),
    bites: "never for a class",
  },
  {
    name: "free plan: log lines, a day",
    taken: (_load, used) => used.logLines,
    most: figure("freeLogLines"),
    bites: "never for a class",
  },
  {
    name: "requests a second to one object: a call",
    taken: (_load, _used, measured) =>
      Math.max(needsOf(measured, "phone").messagesPerMinute, needsOf(measured, "browser").messagesPerMinute) / 60,
    most: figure("objectRequestsPerSecond"),
    bites: "never: each call has an object of its own",
  },
  {
    name: "requests a second to one object: a workshop",
    taken: (load) => (load.callsAtOnce / load.workshops) * (1_000 / LIMITS.wallPaceMs),
    most: figure("objectRequestsPerSecond"),
    bites: `a workshop holds ${LIMITS.callsPerWorkshop} calls, each of which reports at most ${1_000 / LIMITS.wallPaceMs} times a second: 240`,
  },
  {
    name: "Postgres connections at once, at 0.25 CU",
    taken: (load, used) => (used.databaseRequests / (load.hours * 3_600)) * (ASSUMED.databaseMs / 1_000),
    most: figure("neonConnectionsQuarterCu"),
    bites: "never by what calls write: turns wait in their object (1, 2, 4 … 60 s) and are not lost",
  },
  {
    name: "… when all calls begin within one second",
    taken: (load) => load.callsAtOnce * (ASSUMED.databaseMs / 1_000),
    most: figure("neonConnectionsQuarterCu"),
    bites: "one query a call until it is open: with ten thousand in a second. 16 CU take 4,000",
  },
  {
    name: "free Neon: CU-hours of the month",
    taken: (load) => load.hours * figure("neonSmallestCu"),
    most: figure("neonFreeCuHours"),
    bites: "after 50 days of 8 hours",
  },
  {
    name: "free Neon: GB",
    taken: (_load, used) => used.databaseBytes / 1e9,
    most: figure("neonFreeStorageGb"),
    bites: "after some 25 such days; what is closed and erased is free again",
  },
  {
    name: "OpenAI tier 1, requests a minute, on each student's own key",
    taken: () => LIMITS.callsPerStudent * ASSUMED.turnsPerMinute,
    most: figure("openaiTier1Rpm"),
    bites: "never: every student brings a limit of their own",
  },
  {
    name: "… all on the instructor's key",
    taken: (load) => load.callsAtOnce * ASSUMED.turnsPerMinute,
    most: figure("openaiTier1Rpm"),
    bites: "with 125 calls at once in tier 1: lend it to few",
  },
];

/** One row for each limit: how much of it each load takes, in percent of what there is. */
export function limitRows(measured: Measured): string[][] {
  const used = LOADS.map((load) => ({ load, used: usedBy(load, measured) }));
  return LIMIT_ROWS.map(({ name, taken, most, bites }) => [
    `${name}: ${thousands(most)}`,
    ...used.map((each) => {
      const amount = taken(each.load, each.used, measured);
      const share = `${thousands(amount)} (${percent(amount / most)})`;
      return amount > most ? `**${share}**` : share;
    }),
    bites,
  ]);
}

const percent = (share: number): string => (share < 0.01 ? "< 1 %" : `${thousands(Math.round(share * 100))} %`);
