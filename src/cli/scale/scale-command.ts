import { worstDeploy } from "./deploys.ts";
import { type Aftermath, type Deploy, simulateDeploy } from "./reconnect.ts";
import { scaleTables } from "./scale-tables.ts";

const USAGE = `npm run scale                 what a class, 100 classes and 10,000 calls at once cost, and where limits bite
npm run scale -- --measure    counts anew what calls need, in the real Worker; takes four minutes
npm run scale -- --deploy     simulates a deploy under 10,000 live calls, with the page's own way of coming back
                              --calls N  --seed N  --connects N (a second, for all of them together)

The first prints the tables of docs/scale.md; npm run docs puts them there.
Exit code: 0 done, 1 it could not be measured, 2 the arguments are not understood.
`;

export interface ScaleSurroundings {
  /** test/bench/scale/measured.json. */
  readonly measured: () => string;
  /** Measures, and comes back with the exit code of that. */
  readonly measure: () => Promise<number>;
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
}

export type ExitCode = 0 | 1 | 2;

/** `npm run scale`. */
export async function scaleCommand(args: readonly string[], surroundings: ScaleSurroundings): Promise<ExitCode> {
  const { out, err, measured, measure } = surroundings;
  const [option, ...more] = args;
  if (option === "--help") {
    out.write(USAGE);
    return 0;
  }
  if (option === undefined) {
    for (const [name, table] of Object.entries(scaleTables(measured()))) out.write(`${name}\n\n${table}\n\n`);
    return 0;
  }
  if (option === "--measure" && more.length === 0) {
    if ((await measure()) === 0) {
      out.write("Measured. npm run docs puts it into docs/scale.md.\n");
      return 0;
    }
    err.write("It could not be measured: the lines above say why.\n");
    return 1;
  }
  const deploy = option === "--deploy" ? readDeploy(more) : undefined;
  if (deploy === undefined) {
    err.write(USAGE);
    return 2;
  }
  out.write(aftermathText(deploy, simulateDeploy(deploy)));
  return 0;
}

/** `undefined`: not understood. */
function readDeploy(args: readonly string[]): Deploy | undefined {
  const numbers = new Map<string, number>();
  for (let at = 0; at < args.length; at += 2) {
    const [name = "", text = ""] = args.slice(at, at + 2);
    if (!["--calls", "--seed", "--connects"].includes(name) || !/^[1-9]\d{0,5}$/.test(text)) return undefined;
    numbers.set(name, Number(text));
  }
  const worst = worstDeploy(numbers.get("--seed") ?? 1, numbers.get("--calls"));
  const connectsPerSecond = numbers.get("--connects") ?? worst.speed.connectsPerSecond;
  return { ...worst, speed: { ...worst.speed, connectsPerSecond } };
}

function aftermathText(deploy: Deploy, aftermath: Aftermath): string {
  const { cut, backWithin, lost, lostFor, peakPerSecond, slowestMs } = aftermath;
  const within = Object.entries(backWithin).map(
    ([ms, share]) => `${`  within ${Number(ms) / 1_000} s`.padEnd(16)}${(share * 100).toFixed(1)} %`,
  );
  const reasons = Object.entries(lostFor).map(([why, count]) => `  ${count}  ${why}`);
  return `${[
    `${cut} of ${deploy.calls} calls cut off, ${deploy.phones} of them phones; seed ${deploy.seed}`,
    "back",
    ...within,
    `slowest         ${(slowestMs / 1_000).toFixed(1)} s`,
    `peak            ${peakPerSecond} connects in one second`,
    `lost            ${lost}`,
    ...reasons,
  ].join("\n")}\n`;
}
