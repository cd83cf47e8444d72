import { parseArgs } from "node:util";
import { parseCallId } from "../protocol/ids.ts";
import { type WhichCallroom, whichCallroom } from "./which-callroom.ts";

export const TRACE_USAGE = `npm run trace -- CALL   one call from its beginning to its end: when what happened, how long it took,
                       what failed and why, what it cost; and no word of what was said

  CALL          a call's id, or Twilio's CallSid (CA…) of a phone call
  (nothing)     asks the Callroom that npm run dev started
  --deployed    asks the deployed one, as npm run setup knows it
  --url URL     asks one at this address, with INSTRUCTOR_TOKEN from the environment
  --json        what the server answers, as JSON
  --logs        says how to find this call's lines in the log; asks nobody

Exit code: 0 the call was shown, 1 there is no such call, 2 the command or the server could not be understood.
`;

export interface TraceOptions extends WhichCallroom {
  /** A call's id or a CallSid, as it is asked for. */
  readonly call: string;
  readonly json: boolean;
  readonly logs: boolean;
}

export type TraceWish =
  | { readonly wish: "trace"; readonly options: TraceOptions }
  | { readonly wish: "help" }
  /** The problem is a sentence about the arguments. */
  | { readonly wish: "not-understood"; readonly problem: string };

export function readTraceOptions(args: readonly string[]): TraceWish {
  const read = parse(args);
  if (read === undefined) return notUnderstood("The arguments are not understood.");
  const { values, positionals } = read;
  if (values.help) return { wish: "help" };
  const [given, ...more] = positionals;
  if (given === undefined) return notUnderstood("Which call? The student's receipt and the log show its id.");
  if (more.length > 0) return notUnderstood("One call at a time.");
  const call = given.trim();
  // What was typed is not repeated: it may be a token that was pasted by mistake.
  if (!parseCallId(call) && !isPhoneCallId(call)) {
    return notUnderstood(
      "This is no call's id. An id has 26 letters and digits, as the student's receipt and the log show it; Twilio's CallSid is CA and 32 digits from 0 to f.",
    );
  }
  const which = whichCallroom(values);
  if (typeof which === "string") return notUnderstood(which);
  const { json = false, logs = false } = values;
  return { wish: "trace", options: { call, ...which, json, logs } };
}

/** Twilio's own id of a phone call. */
export const isPhoneCallId = (text: string): boolean => /^CA[0-9a-f]{32}$/i.test(text);

const notUnderstood = (problem: string): TraceWish => ({ wish: "not-understood", problem });

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: "string" },
        deployed: { type: "boolean" },
        json: { type: "boolean" },
        logs: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch {
    return undefined;
  }
}
