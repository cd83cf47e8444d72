/**
 * Where a student's webhook may point: checked when it is saved and again when it is called, and shared with the page.
 * Names that resolve inward cannot be seen here; in production no private network is behind the Worker, and
 * `global_fetch_strictly_public` keeps requests out of our own zone.
 */

export interface WebhookUrlRules {
  readonly urlCharacters: number;
  /** Our own host: a webhook on it would loop. */
  readonly ownHost: string | undefined;
  /** The one exempt origin, that of a stand-in on this machine; unset in production. */
  readonly standinOrigin: string | undefined;
}

const INWARD_SUFFIXES = [".localhost", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".onion", ".test"];

/** Says in a few words what is wrong with a webhook's URL, or returns `undefined`. */
export function webhookUrlProblem(text: string, rules: WebhookUrlRules): string | undefined {
  if (text.length > rules.urlCharacters) return `is longer than ${rules.urlCharacters} characters`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u0020\u007f]/.test(text)) return "contains white space or control characters";
  if (text.includes("\\")) return "contains a backslash";
  if (!URL.canParse(text)) return "is not a URL";
  const url = new URL(text);
  if (rules.standinOrigin !== undefined && url.origin === rules.standinOrigin) return undefined;
  if (url.protocol !== "https:") return "needs https";
  if (url.port !== "") return "must use port 443";
  if (url.username !== "" || url.password !== "" || text.split("/")[2]?.includes("@")) {
    return "may not contain a user name or password";
  }
  const host = url.hostname;
  if (host.endsWith(".")) return "may not end its host with a dot";
  // The parser has turned every way to write an address into one of these two.
  if (host.startsWith("[") || /^[\d.]+$/.test(host)) return "must name a host, not an address";
  if (!host.includes(".")) return "must name a public host";
  if (INWARD_SUFFIXES.some((suffix) => host.endsWith(suffix))) return "must name a public host";
  if (rules.ownHost !== undefined && host === rules.ownHost) return "may not point back at this server";
  return undefined;
}
