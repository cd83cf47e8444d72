import type { CallId, SessionToken } from "../protocol/ids.ts";
import type { CallEntry, EntryRefusal } from "./call-report.ts";
import type { Followers } from "./followers.ts";
import type { LiveCalls } from "./live-calls.ts";
import { mayEnter } from "./roster.ts";
import type { RosterDesk } from "./roster-desk.ts";
import type { RosterStorage } from "./roster-storage.ts";

export interface DoorPorts {
  readonly nowMs: () => number;
  /** The workshop was closed for good, or is no more. */
  readonly isClosed: () => boolean;
  /** Calls that a workshop may have at once. */
  readonly mostCalls: () => number;
  readonly storage: Pick<RosterStorage, "refusalOf" | "askingAllowed">;
  readonly calls: Pick<LiveCalls, "givesWay">;
  readonly followers: Pick<Followers, "announce">;
}

/** Which calls may come in. */
export class Door {
  readonly #class: RosterDesk;
  readonly #ports: DoorPorts;

  constructor(theClass: RosterDesk, ports: DoorPorts) {
    this.#class = theClass;
    this.#ports = ports;
  }

  /**
   * Why a call may not come in; `undefined`: there is room. A call that waits for its caller gives way to a newer one of the
   * same student's; if they have come, it does not.
   */
  async refusalOf(entry: CallEntry): Promise<EntryRefusal | undefined> {
    if (this.#ports.isClosed()) return "workshop_closed";
    this.#class.roster.dropStale(this.#ports.nowMs());
    for (const call of this.#hasRoomFor(entry) ? [] : this.#class.roster.mayGiveWay(entry)) {
      if (await this.#ports.calls.givesWay(call)) this.#class.roster.drop(call.callId);
      else if (this.#class.roster.join(call.callId)) this.#ports.followers.announce(call);
      if (this.#hasRoomFor(entry)) break;
    }
    // It may have been closed while others were asked to make room.
    if (this.#ports.isClosed()) return "workshop_closed";
    if (this.#class.facts.paused) return "workshop_paused";
    return this.#ports.storage.refusalOf(entry.callId) ?? (this.#hasRoomFor(entry) ? undefined : "too_many_calls");
  }

  /** Why a call with sound may not be asked for. One that may not is not let in either. */
  askedFor(callId: CallId, token: SessionToken, isCounted: boolean): EntryRefusal | null {
    if (this.#ports.isClosed()) return "workshop_closed";
    if (this.#class.facts.paused) return "workshop_paused";
    if (!isCounted || this.#ports.storage.askingAllowed(callId, token, this.#ports.nowMs())) return null;
    // It may have been faster than the question.
    this.#class.roster.drop(callId);
    this.#class.changed();
    return "too_many_requests";
  }

  #hasRoomFor(entry: CallEntry): boolean {
    return mayEnter(this.#class.roster.calls, entry, this.#ports.mostCalls());
  }
}
