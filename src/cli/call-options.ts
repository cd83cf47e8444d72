import { parseArgs } from "node:util";
import { parseJoinCode, parseSessionToken } from "../protocol/ids.ts";
import { CallTrouble } from "./call-rest.ts";
import type { Configuration } from "./configuration.ts";

export const CALL_USAGE = `npm run call                       joins the running npm run dev and talks with the agent
npm run call -- --say "…"          says this instead of asking at the keyboard; can be repeated
npm run call -- --voice FILE.wav   a call with sound that says what is in the file; can be repeated

  --out FILE.wav  keeps what is heard in a call with sound
  --token TOKEN   calls the agent of this student instead of joining
  --url URL       a deployed Callroom; needs --token or --code
  --code CODE     join code of the workshop
  --name NAME     the name to join with

A file is a WAV of 8 to 96 kHz, of one or two channels; each is said when the answer to the one before was heard.
At the keyboard, a line typed while the agent speaks interrupts it; an empty line, Ctrl-D or Ctrl-C hangs up.
`;

export interface CallOptions {
  /** Scheme, host and port of the Callroom, `http:` or `https:`. */
  readonly origin: string;
  readonly who: { readonly token: string } | { readonly joinCode: string; readonly name: string };
  readonly says: readonly string[];
  /** Paths of sound to be said; with any of them it is a call with sound. */
  readonly voices: readonly string[];
  /** Path for what is heard in a call with sound. */
  readonly out: string | undefined;
}

export type CallWish =
  | { readonly wish: "call"; readonly options: CallOptions }
  | { readonly wish: "help" }
  /** The problem is a sentence about the arguments. */
  | { readonly wish: "not-understood"; readonly problem: string };

const DEFAULT_PORT = "8787";
const DEFAULT_NAME = "Terminal caller";

/** What the arguments ask for. Throws {@link CallTrouble} when they ask for a Callroom that does not run here. */
export function readCallOptions(args: readonly string[], configuration: Configuration): CallWish {
  const read = parse(args);
  if (typeof read === "string") return notUnderstood(read);
  if (read.help) return { wish: "help" };
  const { endpoints } = configuration;
  const origin =
    originOf(read.url ?? endpoints?.pageUrl) ??
    (read.url === undefined ? `http://localhost:${configuration.variable("PORT") ?? DEFAULT_PORT}` : undefined);
  if (origin === undefined)
    return notUnderstood("--url must be the address of a Callroom, like https://callroom.example.com.");
  const says = (read.say ?? []).map((text) => text.trim()).filter((text) => text !== "");
  const { voice: voices = [], out } = read;
  if (voices.includes("") || out === "") return notUnderstood("--voice and --out need the name of a file.");
  if (out !== undefined && voices.length === 0) return notUnderstood("--out is for calls with --voice.");
  if (voices.length > 0 && says.length > 0) return notUnderstood("A call is either --say or --voice.");
  if (read.token !== undefined) {
    const token = parseSessionToken(read.token);
    if (token === undefined) return notUnderstood("--token is not a session token.");
    return { wish: "call", options: { origin, who: { token }, says, voices, out } };
  }
  if (read.code === undefined && read.url !== undefined) {
    return notUnderstood("A deployed Callroom needs --code with the workshop's join code, or --token.");
  }
  if (read.code === undefined && endpoints === undefined) {
    throw new CallTrouble("Nothing runs here. Start npm run dev in another terminal, or name a Callroom with --url.");
  }
  const joinCode = parseJoinCode(read.code ?? endpoints?.joinCode);
  if (joinCode === undefined) return notUnderstood("--code is not a join code.");
  const who = { joinCode, name: read.name?.trim() || DEFAULT_NAME };
  return { wish: "call", options: { origin, who, says, voices, out } };
}

const notUnderstood = (problem: string): CallWish => ({ wish: "not-understood", problem });

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        token: { type: "string" },
        say: { type: "string", multiple: true },
        voice: { type: "string", multiple: true },
        out: { type: "string" },
        url: { type: "string" },
        code: { type: "string" },
        name: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : "The arguments cannot be read.";
  }
}

/** Any address of a Callroom will do, its page or its socket. */
function originOf(text: string | undefined): string | undefined {
  const url = URL.parse(text ?? "");
  const protocol = url?.protocol.replace(/^ws/, "http");
  return url && (protocol === "http:" || protocol === "https:") ? `${protocol}//${url.host}` : undefined;
}
