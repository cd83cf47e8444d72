import * as z from "zod";

/** `test/bench/scale/measured.json`: what calls were counted to need, by `npm run scale -- --measure`. */

export const WAYS = ["relay", "browser", "phone"] as const;
export type Way = (typeof WAYS)[number];

const count = z.number().int().nonnegative();

const Call = z.object({
  way: z.enum(WAYS),
  turns: count,
  ms: count,
  /** From the caller's last word to the end of the answer, all turns together. */
  busyMs: count,
  callerMessages: count.nullable(),
  workerRequests: count,
  callRequests: count,
  workshopRequests: count,
  alarms: count,
  sleepingMessages: count,
  plainMessages: count,
  rowsRead: count,
  rowsWritten: count,
  alarmsSet: count,
  fetches: count,
  logLines: count,
  databaseRequests: count,
});
export type CountedCall = z.infer<typeof Call>;

const Measured = z.object({
  measuredOn: z.iso.date(),
  node: z.string(),
  worker: z.object({
    uploadKib: z.number().positive(),
    gzipKib: z.number().positive(),
    /** Of each fresh start: milliseconds in which something ran, without waiting. */
    startupActiveMs: z.array(z.number().positive()).min(1),
  }),
  calls: z.array(Call).min(2),
});
export type Measured = z.infer<typeof Measured>;

/** @throws ZodError for anything else. */
export const readMeasured = (text: string): Measured => Measured.parse(JSON.parse(text));

/** What is counted, of a call or of a turn in it. `messages` are those that come in: the caller's, and those of OpenAI's socket. */
export interface Needs {
  readonly workerRequests: number;
  readonly objectRequests: number;
  readonly rowsWritten: number;
  readonly rowsRead: number;
  readonly logLines: number;
  readonly databaseRequests: number;
}

export interface WayNeeds {
  /** Before the first turn and after the last: beginning, greeting, end. */
  readonly perCall: Needs;
  readonly perTurn: Needs;
  /** Incoming messages of a minute with sound; `perTurn` of one in text. */
  readonly messagesPerMinute: number;
  readonly messagesPerTurn: number;
}

/** Tells what a call costs from what a turn costs, by two calls of different length. @throws Error without two of them. */
export function needsOf({ calls }: Measured, way: Way): WayNeeds {
  const [short, long] = calls.filter((call) => call.way === way).toSorted((one, other) => one.turns - other.turns);
  if (short === undefined || long === undefined || short.turns === long.turns) {
    throw new Error(`Two calls of different length are needed of ${way}: npm run scale -- --measure`);
  }
  const turns = long.turns - short.turns;
  const perTurnOf = (read: (call: CountedCall) => number): number => Math.max(0, (read(long) - read(short)) / turns);
  const needs = (value: (read: (call: CountedCall) => number) => number): Needs => ({
    workerRequests: value((call) => call.workerRequests),
    objectRequests: value((call) => call.callRequests + call.workshopRequests + call.alarms),
    rowsWritten: value((call) => call.rowsWritten + call.alarmsSet),
    rowsRead: value((call) => call.rowsRead),
    logLines: value((call) => call.logLines),
    databaseRequests: value((call) => call.databaseRequests),
  });
  return {
    perCall: needs((read) => Math.max(0, read(short) - short.turns * perTurnOf(read))),
    perTurn: needs(perTurnOf),
    messagesPerMinute: (long.plainMessages / long.ms) * 60_000,
    messagesPerTurn: perTurnOf((call) => call.sleepingMessages),
  };
}
