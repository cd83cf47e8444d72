import { Failure } from "../failure.ts";
import { LIMITS } from "../limits.ts";

const JSON_TYPE = /^application\/json[\t ]*(?:;[\t ]*charset="?utf-8"?)?$/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded[\t ]*(?:;[\t ]*charset="?utf-8"?)?$/i;

/**
 * Reads a JSON body. Size is counted in bytes that arrived, not in what was announced; the value holds no text that
 * Postgres cannot keep and is nowhere nested deeper than `LIMITS.bodyDepth`.
 *
 * @throws Failure `unsupported_media_type`, `too_large` or `bad_request`, with nothing of the body in it.
 */
export async function readJson(request: Request): Promise<unknown> {
  checkType(request, JSON_TYPE);
  return jsonOf(await readBytes(request, LIMITS.bodyBytes));
}

/** {@link readJson}, or `undefined` for a body without a byte: clients differ in what they call one. */
export async function readJsonIfAny(request: Request): Promise<unknown> {
  const bytes = await readBytes(request, LIMITS.bodyBytes);
  if (bytes.byteLength === 0) return undefined;
  checkType(request, JSON_TYPE);
  return jsonOf(bytes);
}

/** Reads the text of a form post; same limits, same failures. */
export async function readFormText(request: Request): Promise<string> {
  checkType(request, FORM_TYPE);
  return textOf(await readBytes(request, LIMITS.bodyBytes));
}

function checkType(request: Request, type: RegExp): void {
  if (!type.test(request.headers.get("content-type") ?? "")) throw new Failure("unsupported_media_type");
}

function jsonOf(bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Failure("bad_request", "body: is not JSON");
  }
  checkValue(value);
  return value;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new Failure("bad_request", "body: is not UTF-8");
  }
}

async function readBytes(request: Request, limitBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > limitBytes) throw new Failure("too_large");
  const bytes = new Uint8Array(limitBytes);
  let length = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = request.body?.getReader();
  for (;;) {
    const chunk = await reader?.read().catch(() => {
      throw new Failure("bad_request", "body: was cut off");
    });
    if (!chunk || chunk.done) return bytes.subarray(0, length);
    if (length + chunk.value.byteLength > limitBytes) {
      // Nobody waits for the rest, and a sender that goes on sending must not hold the reply.
      reader?.cancel().catch(() => {});
      throw new Failure("too_large");
    }
    bytes.set(chunk.value, length);
    length += chunk.value.byteLength;
  }
}

/** A loop, not a recursion: depth is what is being checked. */
function checkValue(root: unknown): void {
  const open: { value: unknown; depth: number }[] = [{ value: root, depth: 1 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value === "string") checkText(value);
    if (typeof value !== "object" || value === null) continue;
    if (depth > LIMITS.bodyDepth) {
      throw new Failure("bad_request", `body: is nested deeper than ${LIMITS.bodyDepth}`);
    }
    for (const [key, child] of Object.entries(value)) {
      checkText(key);
      open.push({ value: child, depth: depth + 1 });
    }
  }
}

/** Postgres keeps neither NUL nor half a surrogate pair, and would refuse the whole query. */
function checkText(text: string): void {
  if (text.includes("\u0000") || !text.isWellFormed()) {
    throw new Failure("bad_request", "body: holds characters that cannot be kept");
  }
}
