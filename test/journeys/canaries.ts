import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/**
 * Secrets planted to be looked for afterwards, and the search. Any eight characters of a secret's core count as a leak,
 * as they are, in UTF-16, in base64 (whatever stands before them), in hex, or percent-encoded. Four are a hint, and allowed.
 */

const WINDOW_BYTES = 8;

/** 32 characters that occur nowhere by accident. */
export function newCore(): string {
  const letters = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
  return Array.from(randomBytes(32), (byte) => letters[byte % letters.length]).join("");
}

export interface Finding {
  readonly where: string;
  /** Name of the secret; a report must not spread what it found. */
  readonly canary: string;
  readonly form: string;
}

interface Needle {
  readonly canary: string;
  readonly form: string;
  readonly bytes: Buffer;
}

export class CanaryScanner {
  readonly #byStart = new Map<number, Needle[]>();
  /** Whether any needle's first four bytes fall into this slot: nearly all positions are passed over by this alone. */
  readonly #slots = new Uint8Array(1 << 16);

  /** `cores`: by name, the text or the bytes that must not be found. */
  constructor(cores: Readonly<Record<string, string | Buffer>>) {
    for (const [canary, core] of Object.entries(cores)) {
      const bytes = Buffer.from(core);
      for (let at = 0; at + WINDOW_BYTES <= bytes.length; at += 1) {
        const window = bytes.subarray(at, at + WINDOW_BYTES);
        for (const [form, text] of formsOf(window)) this.#add({ canary, form, bytes: Buffer.from(text) });
      }
    }
  }

  find(where: string, hay: Uint8Array | string): Finding[] {
    const bytes = Buffer.from(hay);
    const found = new Map<string, Finding>();
    for (let at = 0; at + 4 <= bytes.length; at += 1) {
      const start = bytes.readUInt32LE(at);
      if (this.#slots[slotOf(start)] === 0) continue;
      for (const needle of this.#byStart.get(start) ?? []) {
        if (!bytes.subarray(at, at + needle.bytes.length).equals(needle.bytes)) continue;
        const { canary, form } = needle;
        found.set(`${canary} ${form}`, { where, canary, form });
      }
    }
    return [...found.values()];
  }

  /** Looks into every file of a folder and of those in it; one that goes while it is looked for holds nothing. */
  findInFiles(folder: string): Finding[] {
    return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
      const path = join(entry.parentPath, entry.name);
      const bytes = entry.isFile() ? bytesOf(path) : undefined;
      return bytes ? this.find(relative(folder, path), bytes) : [];
    });
  }

  #add(needle: Needle): void {
    const start = needle.bytes.readUInt32LE(0);
    this.#slots[slotOf(start)] = 1;
    this.#byStart.set(start, [...(this.#byStart.get(start) ?? []), needle]);
  }
}

function bytesOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return undefined;
    throw thrown;
  }
}

const slotOf = (start: number): number => (start ^ (start >>> 16)) & 0xffff;

/** Every way in which these bytes may stand in a text. */
function formsOf(window: Buffer): [form: string, text: Buffer | string][] {
  const hex = window.toString("hex");
  const percent = hex.replace(/../g, "%$&");
  const base64 = [0, 1, 2].map((before) => base64Of(window, before));
  const asForm = encodeURIComponent(window.toString("latin1"));
  return [
    ["raw", window],
    ["utf-16", Buffer.from(window.toString("latin1"), "utf16le")],
    ["hex", hex],
    ["hex", hex.toUpperCase()],
    ["percent", percent],
    ["percent", percent.toUpperCase()],
    ...(asForm === window.toString("latin1") ? [] : [["percent", asForm] satisfies [string, string]]),
    ...base64.map((text): [string, string] => ["base64", text]),
    ...base64.map((text): [string, string] => ["base64", text.replaceAll("+", "-").replaceAll("/", "_")]),
  ];
}

/** The base64 characters that these bytes alone decide, when so many other bytes stand before them. */
function base64Of(window: Buffer, before: number): string {
  const text = Buffer.concat([Buffer.alloc(before), window]).toString("base64");
  return text.slice(Math.ceil((8 * before) / 6), Math.floor((8 * (before + window.length)) / 6));
}
