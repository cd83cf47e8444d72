import type { SessionContext } from "./realtime-context.ts";
import { sessionExpired } from "./realtime-errors.ts";
import type { Trouble } from "./realtime-faults.ts";
import type { Outcome } from "./realtime-response-writer.ts";

/** What the answer does after a trouble: goes on, says nothing more, or ends so. */
export type Aftermath = "goes-on" | "silent" | Outcome;

/** Plays what was scripted to happen in the middle of an answer. */
export function strike(trouble: Trouble, { wire, makeId, sessionMaxMs }: SessionContext): Aftermath {
  switch (trouble.kind) {
    case "failed": {
      const { type, code, message } = trouble;
      return { status: "failed", error: { type, code, message } };
    }
    case "reset":
      wire.reset();
      return "silent";
    case "stall":
      return "silent";
    case "close":
      wire.close(trouble.code, trouble.reason);
      return "silent";
    case "session-expired":
      wire.end(sessionExpired(sessionMaxMs / 60_000));
      return "silent";
    case "malformed-event":
      wire.text('{"type":"response.output_audio.delta","delta":"AAAA');
      return "goes-on";
    case "unknown-events":
      wire.strange("response.mood.updated", { mood: "sunny" });
      wire.strange("session.weather", { nested: { deeper: [1, 2, { three: null }] } });
      return "goes-on";
    case "oversized-event":
      wire.strange("response.heavy", { ballast: "x".repeat(trouble.bytes) });
      return "goes-on";
    case "deep-event": {
      const depth = trouble.depth;
      wire.text(
        `{"type":"response.deep","event_id":"${makeId("event")}","hole":${"[".repeat(depth)}${"]".repeat(depth)}}`,
      );
      return "goes-on";
    }
    case "error-event": {
      const { code, message } = trouble;
      wire.refusal({ error: { type: "server_error", code, message, param: null } }, null);
      return "goes-on";
    }
  }
}
