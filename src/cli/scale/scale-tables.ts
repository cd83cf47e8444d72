import { MODEL_VARIABLES } from "../../pricing/configured.ts";
import type { Models } from "../../pricing/estimate.ts";
import { configuredModels } from "../configured-models.ts";
import { markdownTable } from "../docs/markdown.ts";
import { aftermathOf, deploysToShow } from "./deploys.ts";
import { fixedRows } from "./fixed-rows.ts";
import { limitRows } from "./limit-rows.ts";
import { ASSUMED, billOf, LOADS, usedBy } from "./load.ts";
import { type Measured, needsOf, readMeasured, WAYS, type Way } from "./measured.ts";
import { FIGURES, type Figure, figure } from "./prices.ts";
import { decimal, dollars, thousands } from "./words.ts";

const SEED = 20_261_123;

export const WAY_WORDS: Readonly<Record<Way, string>> = {
  relay: "text, by phone (ConversationRelay)",
  browser: "sound, in the browser",
  phone: "sound, by phone (Media Streams)",
};

/** The tables of docs/scale.md by the names of their marks, of what was measured (`measured.json`). */
export function scaleTables(measuredText: string): Readonly<Record<string, string>> {
  const measured = readMeasured(measuredText);
  const atMs = Date.parse(measured.measuredOn);
  return {
    measured: measuredTable(measured),
    worker: workerLine(measured),
    assumed: assumedLine(),
    used: usedTable(measured),
    costs: costTable(measured, atMs),
    free: freePlanLine(measured),
    limits: markdownTable(["Limit", ...LOADS.map(({ name }) => name), "It bites"], limitRows(measured)),
    fixed: markdownTable(["Limit", "Most", "We take", ""], fixedRows(measured)),
    deploys: deployTable(),
    figures: figureTable(),
  };
}

function measuredTable(measured: Measured): string {
  const rows = WAYS.flatMap((way) => {
    const { perCall, perTurn, messagesPerMinute, messagesPerTurn } = needsOf(measured, way);
    const cells = (needs: typeof perCall): string[] =>
      [
        needs.workerRequests,
        needs.objectRequests,
        needs.rowsWritten,
        needs.rowsRead,
        needs.databaseRequests,
        needs.logLines,
      ].map((count) => decimal(count));
    const messages = way === "relay" ? [decimal(messagesPerTurn), ""] : ["", thousands(messagesPerMinute)];
    return [
      [`${WAY_WORDS[way]}: a call`, ...cells(perCall), "", ""],
      [`each turn of it`, ...cells(perTurn), ...messages],
    ];
  });
  const head = [
    ...["", "Worker requests", "object requests, without messages", "rows written", "rows read", "Postgres requests"],
    ...["log lines", "messages a turn", "messages a minute"],
  ];
  return `Counted on ${measured.measuredOn}, Node ${measured.node}:\n\n${markdownTable(head, rows)}`;
}

function workerLine({ worker, measuredOn }: Measured): string {
  const sorted = worker.startupActiveMs.toSorted((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `On ${measuredOn}: ${thousands(worker.uploadKib)} KiB, ${thousands(worker.gzipKib)} KiB compressed; at a fresh start something runs for ${Math.round(median)} ms (median of ${sorted.length}, ${Math.round(sorted[0] ?? 0)} to ${Math.round(sorted.at(-1) ?? 0)} ms).`;
}

function assumedLine(): string {
  return [
    `- A call lasts ${ASSUMED.minutesPerCall} minutes and has ${ASSUMED.turnsPerMinute} turns a minute. A student calls for 40 minutes a day: 24 in the browser, 8 by phone`,
    "  with OpenAI's voice, 8 by phone with Twilio's.",
    `- A text call's object is awake for ${ASSUMED.awakeMsPerTurn / 1_000} s a turn. An open page asks ${ASSUMED.pageRequestsPerStudent} times a day.`,
    `- A turn takes ${thousands(ASSUMED.databaseBytesPerTurn)} bytes of Postgres with its charge and indexes; a request keeps a connection for ${ASSUMED.databaseMs} ms.`,
    "- All messages that come in are billed at 20 to 1, also those of OpenAI's socket: Cloudflare does not say that they are not.",
  ].join("\n");
}

function usedTable(measured: Measured): string {
  const all = LOADS.map((load) => usedBy(load, measured));
  const row = (name: string, read: (used: (typeof all)[number]) => number): string[] => [
    name,
    ...all.map((used) => thousands(read(used))),
  ];
  return markdownTable(
    ["", ...LOADS.map(({ name }) => name)],
    [
      row("calls", (used) => used.calls),
      row("Worker requests", (used) => used.workerRequests),
      row("messages in", (used) => used.messages),
      row("object requests, messages at 20 to 1", (used) => used.objectRequests),
      row("GB-s, text calls asleep between turns", (used) => used.gbSeconds),
      row("GB-s, if they did not sleep", (used) => used.gbSecondsAwake),
      row("rows written", (used) => used.rowsWritten),
      row("rows read", (used) => used.rowsRead),
      row("log lines", (used) => used.logLines),
      row("Postgres requests", (used) => used.databaseRequests),
    ],
  );
}

function costTable(measured: Measured, atMs: number): string {
  const bills = LOADS.map((load) => ({ load, bill: billOf(load, usedBy(load, measured), defaultModels(), atMs) }));
  const row = (name: string, read: (entry: (typeof bills)[number]) => number): string[] => [
    name,
    ...bills.map((entry) => dollars(read(entry))),
  ];
  return markdownTable(
    ["Dollars", ...LOADS.map(({ name }) => name)],
    [
      row("Cloudflare, beside the $5 of the month", ({ bill }) => bill.cloudflareUsd),
      row("… when the month's inclusions are used up", ({ bill }) => bill.cloudflareMarginalUsd),
      row("  of it, objects that are awake", ({ bill }) => bill.durationUsd),
      row("  of it, rows", ({ bill }) => bill.rowsUsd),
      row("Neon", ({ bill }) => bill.neonUsd),
      row("Twilio, on the instructor's account", ({ bill }) => bill.twilioUsd),
      row("OpenAI, on the students' keys", ({ bill }) => bill.openaiUsd),
      row("… for each student", ({ bill, load }) => bill.openaiUsd / load.students),
    ],
  );
}

/** The same every time, and some seconds of work. */
let madeDeploys: string | undefined;

function deployTable(): string {
  madeDeploys ??= makeDeployTable();
  return madeDeploys;
}

function makeDeployTable(): string {
  const rows = deploysToShow(SEED).map((named) => {
    const aftermath = aftermathOf(named);
    const { cut, backWithin, lost, peakPerSecond, slowestMs } = aftermath;
    const share = (ms: keyof typeof backWithin): string => (cut === 0 ? "" : `${(backWithin[ms] * 100).toFixed(1)} %`);
    const slowest = cut === 0 ? "" : `${(slowestMs / 1_000).toFixed(1)} s`;
    return [
      named.name,
      ...[thousands(cut), share(2_000), share(5_000), share(10_000), share(30_000), slowest],
      ...[thousands(peakPerSecond), thousands(lost)],
    ];
  });
  const head = ["Deploy", "calls cut", "back in 2 s", "5 s", "10 s", "30 s", "slowest", "peak of connects/s", "lost"];
  return markdownTable(head, rows);
}

/** One row for each page that says them, with all that it says. */
function figureTable(): string {
  const pages = new Map<string, string[]>();
  for (const { value, unit, source, on, isSecondHand } of Object.values<Figure>(FIGURES)) {
    const page = `<${source}> | ${isSecondHand ? `${on}, second-hand` : on}`;
    pages.set(page, [...(pages.get(page) ?? []), `${value < 1 ? value : thousands(value, true)} ${unit}`]);
  }
  return markdownTable(
    ["Page", "As of", "Says"],
    [...pages].map(([page, said]) => [...page.split(" | "), said.join("; ")]),
  );
}

/** How long each student of a class may call on a day, until the first limit of the free plan is met. */
function freePlanLine(measured: Measured): string {
  const [load] = LOADS;
  if (load === undefined) return "";
  const used = usedBy(load, measured);
  const minutes = Object.values(load.minutes).reduce((sum, each) => sum + each, 0) / load.students;
  const room = Math.min(
    figure("freeObjectRequests") / used.objectRequests,
    figure("freeDuration") / used.gbSeconds,
    figure("freeRowsWritten") / used.rowsWritten,
    figure("freeWorkerRequests") / used.workerRequests,
  );
  return `On Cloudflare's free plan a class of ${load.students} may call for about ${Math.floor(minutes * room)} minutes each on one day; then objects refuse until midnight UTC.`;
}

/** What calls run on when nothing is set. */
function defaultModels(): Models {
  const configured = configuredModels("", { variable: () => undefined });
  const [text, voice, transcribe] = MODEL_VARIABLES.map(
    (variable) => configured.find((one) => one.variable === variable)?.model ?? "",
  );
  return { text: text ?? "", voice: voice ?? "", transcribe: transcribe ?? "" };
}
