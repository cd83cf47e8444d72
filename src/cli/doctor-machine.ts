import { isUsableMasterKey, loadMasterKeys } from "../vault/master-keys.ts";
import { DEPLOYMENT_FILE } from "./deployment.ts";
import { type Line, line } from "./doctor-lines.ts";
import type { Place } from "./doctor-place.ts";

/** What only this machine can tell. */
export interface Machine {
  /** `24.21.0`. */
  readonly nodeVersion: string;
  /** Of wrangler, as installed and as `package.json` pins it; `undefined`: there is none. */
  readonly wrangler: { readonly installed: string | undefined; readonly pinned: string | undefined };
  /** Permission bits of a file of the project, by its path there; `undefined`: no such file, or a system without them. */
  modeOf(path: string): number | undefined;
  exists(path: string): boolean;
  /** Whether git leaves a file of the project alone; `undefined`: there is no git here. */
  isIgnored(path: string): Promise<boolean | undefined>;
}

const OLDEST_NODE = 22;
/** Files with secrets in them. */
const SECRET_FILES = [".dev.vars", DEPLOYMENT_FILE] as const;

/** The lines of this machine, after those of the Worker. */
export async function lookAtMachine(
  machine: Machine,
  place: Place | undefined,
  masterKey: string | null,
): Promise<readonly Line[]> {
  return [toolsLine(machine), await filesLine(machine), ...(place ? await keptKeyLines(place, masterKey) : [])];
}

function toolsLine({ nodeVersion, wrangler }: Machine): Line {
  const { installed, pinned } = wrangler;
  const fix = "Install what the project brings: npm ci";
  if (Number.parseInt(nodeVersion, 10) < OLDEST_NODE) {
    return line("tools", "failed", `This is Node ${nodeVersion}; the tools need ${OLDEST_NODE} or later.`, fix);
  }
  if (installed === undefined) return line("tools", "failed", "wrangler is not installed.", fix);
  if (installed !== pinned) {
    return line("tools", "warning", `wrangler ${installed} is installed; package.json names ${pinned}.`, fix);
  }
  return line("tools", "ok", `Node ${nodeVersion}, wrangler ${installed}.`);
}

async function filesLine(machine: Machine): Promise<Line> {
  const files = SECRET_FILES.filter((path) => machine.exists(path));
  const open = files.filter((path) => ((machine.modeOf(path) ?? 0) & 0o077) !== 0);
  if (open.length > 0) {
    return line(
      "secret-files",
      "failed",
      `Others on this machine can read ${open.join(" and ")}.`,
      `Close it: chmod 600 ${open.join(" ")}`,
    );
  }
  const ignored = await Promise.all(files.map((path) => machine.isIgnored(path)));
  const seen = files.filter((_path, at) => ignored[at] === false);
  if (seen.length > 0) {
    return line(
      "secret-files",
      "failed",
      `git sees ${seen.join(" and ")}, with the secrets in it.`,
      `Take it out: git rm --cached --ignore-unmatch ${seen.join(" ")}, and name it in .gitignore. ` +
        "What was pushed is known: make those secrets new.",
    );
  }
  if (files.length === 0) return line("secret-files", "off", "None here.");
  return line("secret-files", "ok", `Only you can read ${files.join(" and ")}, and git does not see them.`);
}

/** A rotation starts from the ENCRYPTION_KEY that is kept here: with another one it would do harm. */
async function keptKeyLines({ kind, masterKey: kept }: Place, masterKey: string | null): Promise<readonly Line[]> {
  if (kind === "other" || masterKey === null) return [];
  if (kept === undefined) {
    if (kind === "dev") return [];
    return [
      line(
        "kept-key",
        "warning",
        `The Worker's ENCRYPTION_KEY (${masterKey}) is not kept here, and Cloudflare shows it to nobody.`,
        `Write it into ${DEPLOYMENT_FILE} if you have it. Without a copy nothing can be moved to another deployment.`,
      ),
    ];
  }
  const kid = isUsableMasterKey(kept.hex) ? (await loadMasterKeys(kept.hex, [])).newest.kid : undefined;
  if (kid === masterKey)
    return [line("kept-key", "ok", `The ENCRYPTION_KEY that is kept here is the Worker's (${kid}).`)];
  const found =
    kid === undefined
      ? "The ENCRYPTION_KEY that is kept here is not well formed."
      : `The ENCRYPTION_KEY that is kept here is ${kid}, the Worker's is ${masterKey}.`;
  return [
    line(
      "kept-key",
      "failed",
      found,
      `Find the Worker's and put it into ${kept.keptIn}. Until then do not rotate, adopt or deploy secrets from here.`,
    ),
  ];
}
