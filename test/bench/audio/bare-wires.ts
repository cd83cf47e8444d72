/** Both callers' wires as the bare pass-throughs speak them: what comes in as base64 or nothing, and what goes out. */

import type { SoundFormat } from "./frames.ts";
import { cut } from "./realtime-wire.ts";

export interface Base64 {
  readonly encode: (bytes: ArrayBuffer | Uint8Array) => string;
  readonly decode: (text: string) => Uint8Array;
}

/** One for each socket: Media Streams names the stream in its second message. */
export interface BareWire {
  readonly format: SoundFormat;
  /** The caller's sound in base64. */
  read(frame: string | ArrayBuffer | Uint8Array): string | undefined;
  sound(audioBase64: string): string | Uint8Array;
  clear(): string;
}

export type BareWireName = "media-streams" | "browser";

/** By the path of the socket: `/media-streams`, `/browser`. */
export function bareWireAt(path: string, base64: Base64): BareWire | undefined {
  if (path === "/media-streams") return mediaStreams();
  return path === "/browser" ? browser(base64) : undefined;
}

function mediaStreams(): BareWire {
  let streamSid = "";
  return {
    format: "mulaw-8k",
    read(frame) {
      if (typeof frame !== "string") return undefined;
      const payload = cut(frame, '"payload":"');
      if (payload === undefined && frame.includes('"event":"start"')) streamSid = cut(frame, '"streamSid":"') ?? "";
      return payload;
    },
    sound: (audio) => `{"event":"media","streamSid":"${streamSid}","media":{"payload":"${audio}"}}`,
    clear: () => `{"event":"clear","streamSid":"${streamSid}"}`,
  };
}

function browser({ encode, decode }: Base64): BareWire {
  return {
    format: "pcm16-24k",
    read: (frame) => (typeof frame === "string" ? undefined : encode(frame)),
    sound: decode,
    clear: () => '{"type":"clear"}',
  };
}
