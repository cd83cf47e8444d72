import { factsOf, type Reason } from "../failure.ts";
import { LIMITS } from "../limits.ts";
import type { SoundFormat } from "../model/voice-leg.ts";
import { spokenPath } from "../protocol/spoken-name.ts";
import { mulawToPcm16 } from "./mulaw-to-pcm.ts";

/** The Worker's own static files, `env.ASSETS`. */
export interface Assets {
  fetch(input: string | URL | Request): Promise<Response>;
}

/** Only the path counts: this never reaches a network. */
const ORIGIN = "https://assets.local";

const BYTES_PER_MS = { "mulaw-8k": 8, "pcm16-24k": 48 } as const satisfies Record<SoundFormat, number>;
const PIECE_MS = 100;

/**
 * What a caller hears of a failure when there is no model to say it: the recorded sentence, made by `npm run build:spoken`.
 * In base64 pieces of 100 ms, the last one shorter, in the format of the caller's wire. It ends in 150 ms of silence.
 *
 * @returns `undefined` for a reason that has no words, and when the recording cannot be had. Never rejects.
 */
export async function loadSpoken(
  assets: Assets,
  reason: Reason,
  format: SoundFormat,
): Promise<readonly string[] | undefined> {
  const { spoken } = factsOf(reason);
  if (spoken === undefined) return undefined;
  const mulaw = await recordingAt(assets, spokenPath(spoken)).catch(() => undefined);
  if (mulaw === undefined) return undefined;
  const sound = format === "mulaw-8k" ? mulaw : mulawToPcm16(mulaw);
  return inPieces(sound, BYTES_PER_MS[format] * PIECE_MS);
}

async function recordingAt(assets: Assets, path: string): Promise<Uint8Array | undefined> {
  const response = await assets.fetch(new URL(path, ORIGIN));
  // A page in place of the file would be a roar.
  const isPage = response.headers.get("content-type")?.startsWith("text/") ?? false;
  if (response.status === 200 && !isPage) return readUpTo(response, LIMITS.spokenMs * BYTES_PER_MS["mulaw-8k"]);
  await response.body?.cancel();
  return undefined;
}

/** All bytes of a body, or `undefined` when it is empty or longer than `maxBytes`: the rest is not read. */
async function readUpTo(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  const bytes = new Uint8Array(maxBytes);
  let length = 0;
  for (;;) {
    const piece = await reader?.read();
    if (!piece || piece.done) return length === 0 ? undefined : bytes.subarray(0, length);
    if (length + piece.value.length > maxBytes) {
      reader?.cancel().catch(() => {});
      return undefined;
    }
    bytes.set(piece.value, length);
    length += piece.value.length;
  }
}

function inPieces(sound: Uint8Array, pieceBytes: number): string[] {
  return Array.from({ length: Math.ceil(sound.length / pieceBytes) }, (_, index) =>
    btoa(String.fromCharCode(...sound.subarray(index * pieceBytes, (index + 1) * pieceBytes))),
  );
}
