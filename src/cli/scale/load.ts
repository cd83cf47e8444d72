import { costOf } from "../../pricing/cost.ts";
import { estimateOf, type Models } from "../../pricing/estimate.ts";
import { NO_USAGE } from "../../protocol/call-record.ts";
import { type Measured, type Needs, needsOf, WAYS, type Way } from "./measured.ts";
import { figure } from "./prices.ts";

/** What is taken for granted where nothing can be measured. */
export const ASSUMED = {
  minutesPerCall: 5,
  /** As `src/pricing/estimate.ts` has it. */
  turnsPerMinute: 4,
  /** How long a text call's object is awake for one turn: a model's answer is slower than our stand-in's. */
  awakeMsPerTurn: 3_000,
  /** Rows and indexes of a turn, of its charge and of its part of the call in Postgres. */
  databaseBytesPerTurn: 4_000,
  /** How long one request keeps a connection of Postgres busy. */
  databaseMs: 10,
  /** A page that is open, without calls: loads, saves, its live line. */
  pageRequestsPerStudent: 120,
  /** From the bench: CPU of a minute of a call with sound. Objects are not billed by it. */
  cpuMsPerSoundMinute: 573,
} as const;

/** Who calls, and how long. */
export interface Load {
  readonly name: string;
  readonly students: number;
  /** All calls together, of each way. */
  readonly minutes: Readonly<Record<Way, number>>;
  readonly callsAtOnce: number;
  /** How long the database is awake for it. */
  readonly hours: number;
  /** Workshops, each with an object of its own. */
  readonly workshops: number;
  readonly neonCu: number;
}

/** Forty minutes of calls for each student: three in five in the browser, one in five over each kind of phone. */
const day = (classes: number): Pick<Load, "students" | "minutes" | "workshops"> => ({
  students: 30 * classes,
  minutes: { browser: 30 * 24 * classes, phone: 30 * 8 * classes, relay: 30 * 8 * classes },
  workshops: classes,
});

export const LOADS: readonly Load[] = [
  { name: "one class, one day", ...day(1), callsAtOnce: 20, hours: 8, neonCu: 0.25 },
  { name: "100 classes, one day", ...day(100), callsAtOnce: 2_000, hours: 8, neonCu: 2 },
  {
    name: "10,000 calls at once, for an hour",
    students: 10_000,
    minutes: { browser: 360_000, phone: 120_000, relay: 120_000 },
    callsAtOnce: 10_000,
    hours: 1,
    workshops: 334,
    neonCu: 16,
  },
];

export interface Used extends Needs {
  /** Objects awake, with text calls asleep between turns; and as it would be if they did not sleep. */
  readonly gbSeconds: number;
  readonly gbSecondsAwake: number;
  readonly messages: number;
  readonly calls: number;
  readonly turns: number;
  readonly databaseBytes: number;
}

/** What a load needs of the platform. */
export function usedBy(load: Load, measured: Measured): Used {
  let used: Used = { ...NOTHING, workerRequests: load.students * ASSUMED.pageRequestsPerStudent };
  for (const way of WAYS) used = sumOf(used, usedByCalls(way, load.minutes[way], measured));
  return used;
}

function usedByCalls(way: Way, minutes: number, measured: Measured): Used {
  const { perCall, perTurn, messagesPerMinute, messagesPerTurn } = needsOf(measured, way);
  const calls = minutes / ASSUMED.minutesPerCall;
  const turns = minutes * ASSUMED.turnsPerMinute;
  const messages = way === "relay" ? turns * messagesPerTurn : minutes * messagesPerMinute;
  const awakeSeconds = minutes * 60;
  const busySeconds = way === "relay" ? (turns * ASSUMED.awakeMsPerTurn) / 1_000 : awakeSeconds;
  const both = (name: keyof Needs): number => calls * perCall[name] + turns * perTurn[name];
  return {
    workerRequests: both("workerRequests"),
    objectRequests: both("objectRequests") + messages / figure("messagesPerRequest"),
    rowsWritten: both("rowsWritten"),
    rowsRead: both("rowsRead"),
    logLines: both("logLines"),
    databaseRequests: both("databaseRequests"),
    gbSeconds: busySeconds * figure("objectGb"),
    gbSecondsAwake: awakeSeconds * figure("objectGb"),
    messages,
    calls,
    turns,
    databaseBytes: turns * ASSUMED.databaseBytesPerTurn,
  };
}

const NOTHING: Used = {
  workerRequests: 0,
  objectRequests: 0,
  rowsWritten: 0,
  rowsRead: 0,
  logLines: 0,
  databaseRequests: 0,
  gbSeconds: 0,
  gbSecondsAwake: 0,
  messages: 0,
  calls: 0,
  turns: 0,
  databaseBytes: 0,
};

const sumOf = (one: Used, other: Used): Used => ({
  workerRequests: one.workerRequests + other.workerRequests,
  objectRequests: one.objectRequests + other.objectRequests,
  rowsWritten: one.rowsWritten + other.rowsWritten,
  rowsRead: one.rowsRead + other.rowsRead,
  logLines: one.logLines + other.logLines,
  databaseRequests: one.databaseRequests + other.databaseRequests,
  gbSeconds: one.gbSeconds + other.gbSeconds,
  gbSecondsAwake: one.gbSecondsAwake + other.gbSecondsAwake,
  messages: one.messages + other.messages,
  calls: one.calls + other.calls,
  turns: one.turns + other.turns,
  databaseBytes: one.databaseBytes + other.databaseBytes,
});

/** Dollars of one load by itself, in a month in which nothing else happens. */
export interface Bill {
  /** Beyond what the $5 a month include. */
  readonly cloudflareUsd: number;
  /** The same without what is included: what each further load of the month costs. */
  readonly cloudflareMarginalUsd: number;
  /** Parts of that. */
  readonly durationUsd: number;
  readonly rowsUsd: number;
  readonly neonUsd: number;
  readonly openaiUsd: number;
  readonly twilioUsd: number;
}

export function billOf(load: Load, used: Used, models: Models, atMs: number): Bill {
  const million = 1_000_000;
  const meters: readonly (readonly [amount: number, included: number, usdPerMillion: number])[] = [
    [used.workerRequests, figure("workerRequestsIncluded"), figure("workerRequestsUsd")],
    [used.objectRequests, figure("objectRequestsIncluded"), figure("objectRequestsUsd")],
    [used.gbSeconds, figure("durationIncluded"), figure("durationUsd")],
    [used.rowsWritten, figure("rowsWrittenIncluded"), figure("rowsWrittenUsd")],
    [used.rowsRead, figure("rowsReadIncluded"), figure("rowsReadUsd")],
    [used.logLines, figure("logLinesIncluded"), figure("logLinesUsd")],
  ];
  const costOfMeters = (share: (amount: number, included: number) => number): number =>
    meters.reduce((usd, [amount, included, price]) => usd + (share(amount, included) / million) * price, 0);
  return {
    cloudflareUsd: costOfMeters((amount, included) => Math.max(0, amount - included)),
    cloudflareMarginalUsd: costOfMeters((amount) => amount),
    durationUsd: (used.gbSeconds / million) * figure("durationUsd"),
    rowsUsd:
      (used.rowsWritten / million) * figure("rowsWrittenUsd") + (used.rowsRead / million) * figure("rowsReadUsd"),
    neonUsd: load.neonCu * load.hours * figure("neonCuHourUsd") + (used.databaseBytes / 1e9) * figure("neonStorageUsd"),
    openaiUsd: modelsUsd(load, models, atMs),
    twilioUsd:
      load.minutes.relay * phoneUsd("conversation-relay", atMs) + load.minutes.phone * phoneUsd("media-streams", atMs),
  };
}

function modelsUsd({ minutes }: Load, models: Models, atMs: number): number {
  const perMinute = (way: "browser" | "text"): number => known(estimateOf(way, models, atMs).microUsdPerMinute) / 1e6;
  return (minutes.browser + minutes.phone) * perMinute("browser") + minutes.relay * perMinute("text");
}

/** Twilio's part of a minute, and the number's. */
function phoneUsd(line: "conversation-relay" | "media-streams", atMs: number): number {
  const minute = (model: string): number => {
    const asked = { kind: "phone", model, usage: NO_USAGE, lineMs: 60_000, atMs, payer: "instructor" } as const;
    return known(costOf(asked).costMicroUsd);
  };
  return (minute(line) + minute("carrier-inbound")) / 1e6;
}

function known(microUsd: number | null): number {
  if (microUsd === null) throw new Error("A configured model has no price: npm run prices");
  return microUsd;
}
