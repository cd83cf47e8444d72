import { LIMITS } from "../../limits.ts";
import type { Measured } from "./measured.ts";
import { figure } from "./prices.ts";
import { thousands } from "./words.ts";

/** From test/bench/README.md: CPU of a turn in text, and memory of a call that is open, the most of its two wires. */
const CPU_MS_PER_TURN = 10;
const KIB_PER_CALL = 388;
/** Of `wrangler.toml`. */
const CPU_LIMIT_MS = 5_000;
/** A database and an OpenAI, beside the tools. */
const OTHER_CONNECTIONS = 2;
const KIB = 1_024;

/** Limits of one object, one invocation or one upload: they do not grow with the class. */
export function fixedRows({ worker, calls }: Measured): string[][] {
  const starts = worker.startupActiveMs.toSorted((one, other) => one - other);
  const fetches = Math.max(...calls.map((call) => call.fetches));
  const turns = Math.max(...calls.map((call) => call.turns));
  return [
    [
      "Worker, compressed",
      `${thousands(figure("freeWorkerMb"))} MB (now ${figure("workerMib")} MiB uncompressed)`,
      `${thousands(worker.gzipKib)} KiB (${thousands(worker.uploadKib)} KiB)`,
      "a test holds it",
    ],
    [
      "start",
      `${thousands(figure("startupMs"))} ms`,
      `${Math.round(starts[Math.floor(starts.length / 2)] ?? 0)} ms`,
      "of CPU, on the machine of the measurement",
    ],
    [
      "CPU between two events of an object",
      `${figure("objectCpuSeconds")} s`,
      `some ${CPU_MS_PER_TURN} ms a turn`,
      `cut off at ${CPU_LIMIT_MS / 1_000} s by \`wrangler.toml\`; the free plan takes no such limit`,
    ],
    [
      "subrequests of an invocation",
      `${figure("freeSubrequests")} free, ${thousands(figure("paidSubrequests"))} paid`,
      `${fetches} in a whole call of ${turns} turns`,
      "each message of a caller is an invocation",
    ],
    [
      "outgoing connections at once",
      `${figure("connectionsAtOnce")}`,
      `${LIMITS.toolsAtOnce + OTHER_CONNECTIONS}`,
      `${LIMITS.toolsAtOnce} tools, the database, OpenAI`,
    ],
    [
      "a received message",
      `${figure("messageMib")} MiB`,
      `${LIMITS.textFrameBytes / KIB} KiB, sound ${LIMITS.soundFrameBytes / KIB} KiB`,
      "larger ones close the socket",
    ],
    [
      "sockets of an object",
      thousands(figure("socketsOfObject")),
      `1 of a call, ${LIMITS.wallsPerWorkshop} consoles and the students' pages of a workshop`,
      "",
    ],
    [
      "a row of an object",
      `${figure("rowMb")} MB`,
      `${LIMITS.toolReplyBytes / KIB} KiB`,
      "the longest reply of a tool",
    ],
    [
      "storage of an object",
      `${figure("objectStorageGb")} GB`,
      "less than a MB",
      "forgotten when the call is in Postgres",
    ],
    [
      "alarms of an object",
      "1",
      "1",
      `may run ${figure("alarmMinutes")} minutes; ours takes ${LIMITS.outboxDrainMs / 1_000} s at most`,
    ],
    [
      "memory of an isolate",
      `${figure("memoryMb")} MB`,
      `${KIB_PER_CALL} KiB a call with sound`,
      `${Math.floor((figure("memoryMb") * KIB) / KIB_PER_CALL)} calls, if Cloudflare put so many objects into one`,
    ],
  ];
}
