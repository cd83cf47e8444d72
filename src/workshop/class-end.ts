import type { SessionToken } from "../protocol/ids.ts";
import type { ClosingPorts } from "./closing-desk.ts";
import type { LiveCalls } from "./live-calls.ts";
import type { LiveSockets } from "./live-sockets.ts";
import type { MoneyDesk } from "./money-desk.ts";
import type { RosterDesk } from "./roster-desk.ts";
import type { LiveCall } from "./seat.ts";
import type { Wall } from "./wall.ts";

/** To pages whose student, or whose workshop, is no more: as a call that is revoked. */
export const REVOKED_CODE = 4004;

export interface ClassParts {
  readonly nowMs: () => number;
  readonly storage: Pick<DurableObjectStorage, "deleteAll">;
  readonly sockets: LiveSockets;
  readonly calls: LiveCalls;
  readonly wall: Wall;
  readonly money: MoneyDesk;
  readonly class: RosterDesk;
}

/** What the end of a workshop does to its class: what {@link ClosingPorts} says of it. */
export function classEnd(parts: ClassParts): Pick<ClosingPorts, "endCalls" | "changed" | "keysDeleted" | "clear"> {
  const { sockets, calls, wall, money } = parts;
  const theClass = parts.class;
  // Pages ask for what is theirs, consoles for the workshops: what they are told is what they know.
  const changed = (): void => {
    sockets.toPages(sockets.pages(), { type: "me-changed", by: "instructor" });
    sockets.toWalls(sockets.walls(), { type: "workshop", ...theClass.facts });
  };
  return {
    changed,
    endCalls(notice) {
      theClass.roster.dropStale(parts.nowMs());
      theClass.changed();
      return calls.notifyOnce(theClass.roster.calls, notice);
    },
    keysDeleted() {
      theClass.roster.forgetKeys();
      theClass.changed();
      changed();
    },
    async clear(keepsSums) {
      theClass.empty();
      money.clear(keepsSums);
      const gone = keepsSums ? sockets.pages() : [...sockets.pages(), ...sockets.walls()];
      for (const socket of gone) socket.close(REVOKED_CODE, "revoked");
      await rewritten(parts);
      if (keepsSums) sockets.toWalls(sockets.walls(), { type: "workshop", ...theClass.facts });
      else wall.clear();
    },
  };
}

/** One student was erased: nothing of them stays here. Returns their calls that go on, and when it is written down. */
export function forgetStudent(
  parts: ClassParts,
  token: SessionToken,
): { readonly calls: readonly LiveCall[]; readonly kept: Promise<void> } {
  const { roster } = parts.class;
  const calls = roster.callsOf(token);
  roster.forget(token);
  parts.money.forget(
    token,
    calls.map(({ callId }) => callId),
  );
  parts.class.changed();
  return { calls, kept: rewritten(parts) };
}

/**
 * Writes the whole storage anew: a row that was deleted lies in the file until something is written over it, so the file goes,
 * and with it the alarm. Nothing is awaited before what stays is written again: the platform commits both as one.
 */
function rewritten({ storage, class: theClass, money }: ClassParts): Promise<void> {
  const deleted = storage.deleteAll();
  theClass.rewrite();
  money.rewrite();
  return deleted;
}
