import { WebSocket } from "ws";
import type { CallSocketLike, CallSocketWorld } from "../web/call-socket.ts";

/** The terminal's own. (`ws`, as for all sockets of the commands: that of Node can do less, and came with version 22.) */
export const nodeCallWorld: CallSocketWorld = {
  openSocket,
  startTimer(run, afterMs) {
    const timer = setTimeout(run, afterMs);
    return () => clearTimeout(timer);
  },
  nowMs: () => performance.now(),
  random: () => Math.random(),
};

/** Throws for an address or a ticket that cannot be one. */
function openSocket(url: string, protocols: string[]): CallSocketLike {
  return new WebSocket(url, protocols, { perMessageDeflate: false });
}
