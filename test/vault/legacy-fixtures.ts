import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import * as z from "zod";

/** Rows as the predecessor stored them, read where they lie; `undefined` in a checkout without them. */
const file = resolve(import.meta.dirname, "../../../shared/fixtures/legacy-sealed-keys.json");

export const LEGACY_ABSENT = "../shared/fixtures/legacy-sealed-keys.json is not there";

const Legacy = z.object({
  masterKeyHex: z.string(),
  readable: z.array(z.object({ sessionToken: z.string(), sealed: z.string(), plaintext: z.string() })),
  refused: z.array(z.object({ why: z.string(), sealed: z.string() })),
});

export const legacy = existsSync(file) ? Legacy.parse(JSON.parse(readFileSync(file, "utf8"))) : undefined;
