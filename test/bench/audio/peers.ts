/**
 * Other servers, put through the same: measured 2026-11-22 on 2 cores (AMD EPYC, Linux 6.18, Node 20.20, workerd
 * 2026-11-17) with an upstream of the same behaviour, client and upstream on the same cores, no TLS. Frames of 20 ms
 * everywhere. Their repositories are public; each ran as it is published, pointed at the upstream. Their milliseconds
 * are of another hour than those beside them: the bare servers of the same names show how far the two hours differ.
 */
import type { WireName } from "../options.ts";

export interface Peer {
  readonly name: string;
  /** What is added to a frame's round trip, in ms, by number of calls: p50 / p90 / p99; a dash: not reported. */
  readonly addedMs: Readonly<Record<number, string>>;
  readonly held: string;
  /** With 50 calls. */
  readonly cpuMsPerCallMinute: number;
  /** With 200 calls. */
  readonly silentCallKiB: number;
  /** Milliseconds of speech lost when the upstream takes 200 ms to accept; `null`: not reported. */
  readonly startLostMs: number | null;
  /** Until the upgrade is answered then, where that waits for the upstream. */
  readonly heldBackMs: number | null;
  readonly firstEchoMs: number | null;
}

const MEDIA_STREAMS: readonly Peer[] = [
  {
    name: "node-bare",
    addedMs: {
      1: "0.52 / - / -",
      50: "0.2 / 0.3 / 0.4",
      100: "0.39 / - / 0.9",
      200: "0.09 / - / 1.5",
    },
    held: "375",
    cpuMsPerCallMinute: 195,
    silentCallKiB: 49,
    startLostMs: 0,
    heldBackMs: null,
    firstEchoMs: 4,
  },
  {
    name: "workerd-bare",
    addedMs: {
      1: "0.71 / - / -",
      50: "0.41 / 0.71 / 8.4",
      100: "0.56 / - / 41",
      200: "722 / - / 1208",
    },
    held: "75-100",
    cpuMsPerCallMinute: 352,
    silentCallKiB: 221,
    startLostMs: 0,
    heldBackMs: null,
    firstEchoMs: 3.8,
  },
  {
    name: "twilio-samples/speech-assistant-openai-realtime-api-node (Node)",
    addedMs: {
      1: "0.56 / - / -",
      50: "0.3 / 0.54 / 0.8",
      100: "0.4 / - / 1.4",
      200: "0.34 / - / 13",
    },
    held: "200-250",
    cpuMsPerCallMinute: 269,
    silentCallKiB: 68,
    startLostMs: 216,
    heldBackMs: null,
    firstEchoMs: 24,
  },
  {
    name: "@openai/agents 0.20.0, Twilio transport (Node)",
    addedMs: {
      1: "0.87 / - / -",
      50: "0.37 / 0.73 / 1.6",
      100: "0.56 / - / 16",
      200: "29 / - / 305",
    },
    held: "50-175",
    cpuMsPerCallMinute: 371,
    silentCallKiB: 25,
    startLostMs: 220,
    heldBackMs: null,
    firstEchoMs: 26,
  },
  {
    name: "cloudflare/agents call-my-agent (workerd)",
    addedMs: {
      1: "1.14 / - / -",
      50: "0.74 / 9.7 / 120",
      100: "892 / - / 2855",
      200: "4209 / - / 7215 (frames lost)",
    },
    held: "25",
    cpuMsPerCallMinute: 879,
    silentCallKiB: 919,
    startLostMs: 0,
    heldBackMs: 211,
    firstEchoMs: 149,
  },
];

const NOT_AT_START = { startLostMs: null, heldBackMs: null, firstEchoMs: null } as const;

/** These speak OpenAI's events on both sides: PCM16 in base64 within JSON, not in binary frames. */
const BROWSER: readonly Peer[] = [
  {
    name: "node-bare",
    addedMs: {
      1: "0.37 / - / -",
      50: "0.2 / 0.31 / 0.5",
      100: "0.32 / - / 0.7",
      200: "0.28 / - / 1.4",
    },
    held: "350",
    cpuMsPerCallMinute: 210,
    silentCallKiB: 55,
    ...NOT_AT_START,
  },
  {
    name: "workerd-bare",
    addedMs: {
      1: "0.63 / - / -",
      50: "0.42 / 0.68 / 4-20",
      100: "0.45 / - / 20",
      200: "0.8-4.8 / - / 207-341",
    },
    held: "100-125",
    cpuMsPerCallMinute: 364,
    silentCallKiB: 229,
    ...NOT_AT_START,
  },
  {
    name: "openai/openai-realtime-console, relay server (Node)",
    addedMs: {
      1: "1 / - / -",
      50: "0.58 / 1.5 / 6.8",
      100: "0.81 / - / 141",
      200: "605 / - / 3756 (frames lost)",
    },
    held: "50-100",
    cpuMsPerCallMinute: 624,
    silentCallKiB: 84,
    ...NOT_AT_START,
  },
  {
    name: "cloudflare/openai-workers-relay (workerd, no object)",
    addedMs: {
      1: "0.8 / - / -",
      50: "0.52 / 0.84 / 3.5",
      100: "0.65 / - / 15",
      200: "663 / - / 2094",
    },
    held: "50-125",
    cpuMsPerCallMinute: 474,
    silentCallKiB: 228,
    ...NOT_AT_START,
  },
];

export const PEERS: Readonly<Record<WireName, readonly Peer[]>> = {
  "media-streams": MEDIA_STREAMS,
  browser: BROWSER,
};
