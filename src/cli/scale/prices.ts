/**
 * What Cloudflare, Neon, OpenAI and Twilio ask, and where they stop, each with its source and the day on which it was looked up.
 * Prices of models and of Twilio are in `src/pricing`.
 */

export interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly source: string;
  /** When the source was read, or what it says of itself. */
  readonly on: string;
  /** Told by somebody else than the one who asks it. */
  readonly isSecondHand?: true;
}

const DO_PRICING = "https://developers.cloudflare.com/durable-objects/platform/pricing/";
const DO_LIMITS = "https://developers.cloudflare.com/durable-objects/platform/limits/";
const WORKERS_PRICING = "https://developers.cloudflare.com/workers/platform/pricing/";
const WORKERS_LIMITS = "https://developers.cloudflare.com/workers/platform/limits/";
const NEON_PLANS = "https://neon.com/docs/introduction/plans";
const NEON_POOLING = "https://neon.com/docs/connect/connection-pooling";

const LOOKED_UP = "2026-11-23";

const cloudflare = (value: number, unit: string, source: string): Figure => ({ value, unit, source, on: LOOKED_UP });
const neon = (value: number, unit: string, source: string, on: string): Figure => ({ value, unit, source, on });

export const FIGURES = {
  // Cloudflare, Workers Paid
  paidUsdPerMonth: cloudflare(5, "$ a month for Workers Paid", WORKERS_PRICING),
  workerRequestsIncluded: cloudflare(10_000_000, "requests a month to Workers included", WORKERS_PRICING),
  workerRequestsUsd: cloudflare(0.3, "$ per million requests", WORKERS_PRICING),
  cpuMsIncluded: cloudflare(30_000_000, "CPU ms a month of Workers included", WORKERS_PRICING),
  cpuMsUsd: cloudflare(0.02, "$ per million CPU ms", WORKERS_PRICING),
  objectRequestsIncluded: cloudflare(1_000_000, "requests a month to objects included", DO_PRICING),
  objectRequestsUsd: cloudflare(0.15, "$ per million requests", DO_PRICING),
  messagesPerRequest: cloudflare(20, "incoming WebSocket messages a request", DO_PRICING),
  durationIncluded: cloudflare(400_000, "GB-s a month included", DO_PRICING),
  durationUsd: cloudflare(12.5, "$ per million GB-s", DO_PRICING),
  objectGb: cloudflare(0.128, "GB billed for an object that is awake", DO_PRICING),
  rowsWrittenIncluded: cloudflare(50_000_000, "rows written a month included", DO_PRICING),
  rowsWrittenUsd: cloudflare(1, "$ per million rows written", DO_PRICING),
  rowsReadIncluded: cloudflare(25_000_000_000, "rows read a month included", DO_PRICING),
  rowsReadUsd: cloudflare(0.001, "$ per million rows read", DO_PRICING),
  storageIncluded: cloudflare(5, "GB-month included", DO_PRICING),
  storageUsd: cloudflare(0.2, "$ per GB-month", DO_PRICING),
  logLinesIncluded: cloudflare(20_000_000, "log events a month (until 2026-12-01)", WORKERS_PRICING),
  logLinesUsd: cloudflare(0.6, "$ per million log events (until 2026-12-01)", WORKERS_PRICING),

  // Cloudflare, free plan, per day
  freeWorkerRequests: cloudflare(100_000, "requests a day, free plan", WORKERS_PRICING),
  freeObjectRequests: cloudflare(100_000, "requests a day, free plan", DO_PRICING),
  freeDuration: cloudflare(13_000, "GB-s a day, free plan", DO_PRICING),
  freeRowsWritten: cloudflare(100_000, "rows written a day, free plan", DO_PRICING),
  freeRowsRead: cloudflare(5_000_000, "rows read a day, free plan", DO_PRICING),
  freeLogLines: cloudflare(200_000, "log events a day, free plan", WORKERS_PRICING),
  freeCpuMs: cloudflare(10, "CPU ms a request, free plan", WORKERS_LIMITS),
  freeSubrequests: cloudflare(50, "subrequests an invocation, free plan", WORKERS_LIMITS),
  freeStorage: cloudflare(5, "GB in all, free plan", DO_PRICING),

  // Cloudflare, limits of both
  paidSubrequests: cloudflare(10_000, "subrequests an invocation", WORKERS_LIMITS),
  connectionsAtOnce: cloudflare(6, "outgoing connections an invocation", WORKERS_LIMITS),
  memoryMb: cloudflare(128, "MB an isolate", WORKERS_LIMITS),
  objectRequestsPerSecond: cloudflare(1_000, "requests a second to one object, soft", DO_LIMITS),
  objectCpuSeconds: cloudflare(30, "s of CPU between two events, the default", DO_LIMITS),
  socketsOfObject: {
    value: 32_768,
    unit: "sockets of an object that may sleep",
    source: "https://developers.cloudflare.com/durable-objects/api/state/",
    on: LOOKED_UP,
    isSecondHand: true,
  },
  messageMib: cloudflare(32, "MiB a received message", DO_LIMITS),
  objectStorageGb: cloudflare(10, "GB an object", DO_LIMITS),
  rowMb: cloudflare(2, "MB a row", DO_LIMITS),
  startupMs: cloudflare(
    1_000,
    "ms to start",
    "https://developers.cloudflare.com/changelog/2025-10-10-increased-startup-time",
  ),
  // The page of 2026 names 64 MiB uncompressed for both plans; before, it was compressed, and we keep to that.
  freeWorkerMb: cloudflare(3, "MB compressed, of the free plan until 2026", WORKERS_LIMITS),
  workerMib: cloudflare(64, "MiB uncompressed", WORKERS_LIMITS),
  alarmMinutes: {
    value: 15,
    unit: "minutes an alarm may run",
    source: WORKERS_LIMITS,
    on: LOOKED_UP,
  },

  // Neon
  neonFreeCuHours: neon(100, "CU-hours a project and month, free", NEON_PLANS, "2026-11-12"),
  neonFreeStorageGb: neon(0.5, "GB a project, free", NEON_PLANS, "2026-03-20"),
  neonFreeTransferGb: neon(5, "GB of transfer a month, free", NEON_PLANS, "2026-03-20"),
  neonCuHourUsd: neon(0.106, "$ a CU-hour, Launch", NEON_PLANS, "2026-11-12"),
  neonScaleCuHourUsd: neon(0.222, "$ a CU-hour, Scale", NEON_PLANS, "2026-11-12"),
  neonStorageUsd: neon(0.35, "$ a GB-month", NEON_PLANS, "2026-11-12"),
  neonSleepMinutes: neon(5, "minutes without a query until it sleeps", NEON_PLANS, "2026-03-20"),
  neonSmallestCu: neon(0.25, "CU, the smallest compute", NEON_PLANS, "2026-03-20"),
  neonLargestCu: neon(16, "CU, the largest that scales by itself", NEON_PLANS, "2026-03-20"),
  neonConnectionsQuarterCu: neon(104, "connections, at 0.25 CU", NEON_POOLING, "2026-01-24"),
  neonConnections2Cu: neon(839, "connections, at 2 CU", NEON_POOLING, "2026-01-24"),
  neonConnections16Cu: neon(4_000, "connections, from 9 CU on", NEON_POOLING, "2026-01-24"),
  neonPooled: neon(10_000, "clients of its pooler", NEON_POOLING, "2026-01-24"),

  // OpenAI: which tier a new account is in. The numbers of a model stand in the account itself.
  openaiTier1Usd: {
    value: 5,
    unit: "$ paid, tier 1",
    source: "https://hivebook.wiki/wiki/openai-api-rate-limits",
    on: LOOKED_UP,
    isSecondHand: true,
  },
  openaiTier1Rpm: {
    value: 500,
    unit: "requests a minute, tier 1, of small text models",
    source: "https://www.ai-buzz.com/ai-openai-rate-limits",
    on: LOOKED_UP,
    isSecondHand: true,
  },
  openaiTier1Tpm: {
    value: 200_000,
    unit: "tokens a minute, tier 1, of small text models",
    source: "https://www.ai-buzz.com/ai-openai-rate-limits",
    on: LOOKED_UP,
    isSecondHand: true,
  },
  openaiTier1MonthUsd: {
    value: 100,
    unit: "$ a month at most, tier 1",
    source: "https://hivebook.wiki/wiki/openai-api-rate-limits",
    on: LOOKED_UP,
    isSecondHand: true,
  },

  // Twilio
  twilioOutboundCps: {
    value: 1,
    unit: "outgoing calls a second (it names none for calls that come in)",
    source: "https://www.twilio.com/en-us/blog/high-volume-voice-considerations",
    on: LOOKED_UP,
  },
} as const satisfies Readonly<Record<string, Figure>>;

export type FigureName = keyof typeof FIGURES;

/** The number itself. */
export const figure = (name: FigureName): number => FIGURES[name].value;
