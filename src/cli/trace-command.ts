import type { TraceReply } from "../protocol/observed.ts";
import { type Known, placeOf } from "./doctor-place.ts";
import { askInstructor } from "./instructor-rest.ts";
import { traceText } from "./print-trace.ts";
import type { Terminal } from "./progress.ts";
import { isPhoneCallId, readTraceOptions, TRACE_USAGE, type TraceOptions } from "./trace-options.ts";
import { TraceShape } from "./trace-shape.ts";

/** What the command needs of the outside. */
export interface TraceSurroundings extends Known {
  readonly out: Terminal;
  readonly err: Terminal;
  readonly fetch: typeof fetch;
  /** What to do about a code of `failure.ts`; `undefined`: the documents say nothing. */
  readonly fixOf: (code: string) => string | undefined;
}

/** 0: the call was shown. 1: there is no such call. 2: the arguments are not understood, or Callroom could not be asked. */
export type ExitCode = 0 | 1 | 2;

/** `npm run trace`: asks a running Callroom what happened in a call, and prints it. Prints no word of the call and no token. */
export async function traceCommand(args: readonly string[], world: TraceSurroundings): Promise<ExitCode> {
  const { out, err, environment } = world;
  const wish = readTraceOptions(args);
  if (wish.wish === "help") {
    out.write(TRACE_USAGE);
    return 0;
  }
  if (wish.wish === "not-understood") {
    err.write(`${wish.problem}\n\n${TRACE_USAGE}`);
    return 2;
  }
  if (wish.options.logs) {
    out.write(logsText(wish.options.call));
    return 0;
  }
  const asked = await ask(wish.options, world);
  if ("problem" in asked) {
    err.write(`${asked.problem}\n`);
    return asked.code;
  }
  const isColored = out.isTTY === true && !environment.NO_COLOR;
  const { trace } = asked;
  out.write(
    wish.options.json ? `${JSON.stringify(trace, null, 2)}\n` : traceText(trace, { isColored, fixOf: world.fixOf }),
  );
  return 0;
}

type Found = { readonly trace: TraceReply } | { readonly problem: string; readonly code: Exclude<ExitCode, 0> };

async function ask(options: TraceOptions, world: TraceSurroundings): Promise<Found> {
  const place = placeOf(options, world);
  if (!("url" in place)) {
    const hint = options.deployed ? "Deploy with npm run setup, or name the address with --url." : START_OR_NAME;
    return trouble(`${place.found} ${hint}`);
  }
  const { url, instructorToken } = place;
  if (instructorToken === undefined) {
    return trouble("The token that opens the console is not known here. Set INSTRUCTOR_TOKEN in the environment.");
  }
  const path = `/api/workshop/calls/${options.call}/trace`;
  const asked = await askInstructor(world.fetch, { url, instructorToken }, path, TraceShape);
  if (asked.outcome === "answered") return { trace: asked.answer };
  if (asked.outcome === "silent") return trouble(`No Callroom answers at ${new URL(url).host}.`);
  if (asked.code === "not_found") return { problem: nothingAbout(options.call), code: 1 };
  return trouble(`${new URL(url).host} says: ${asked.sentence}`);
}

const trouble = (problem: string): Found => ({ problem, code: 2 });

const START_OR_NAME = "Start it in another terminal, or ask another Callroom with --deployed or --url.";

const nothingAbout = (call: string): string =>
  `Nothing is kept of ${isPhoneCallId(call) ? "this phone call" : "this call"}: it was not let in, its first answer has not come yet, its student was erased, ` +
  `or it was at another Callroom.\nThe log may know it: npm run trace -- ${call} --logs`;

/** Where the lines of a call are, which say what the archive does not: refusals, retries, what OpenAI's socket closed with. */
function logsText(call: string): string {
  const search = isPhoneCallId(call) ? "<callId>" : call;
  return `Every line of the log is JSON, and those of a call have its callId. docs/architecture.md says what each event means.

  npm run dev        prints them in its terminal
  kept, 3 to 7 days  Cloudflare's dashboard → Workers & Pages → callroom → Observability: filter callId = ${search}
  from now on        npx wrangler tail --format json --search ${search}
${isPhoneCallId(call) ? "\nThe log knows a phone call by its callId: npm run trace without --logs prints it.\n" : ""}
A call that was not let in has a line too, often without callId: filter event = call-refused, and look at its time.
`;
}
