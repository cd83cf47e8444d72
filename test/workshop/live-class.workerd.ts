import { afterEach, beforeEach, vi } from "vitest";
import { parseWorkshopId } from "../../src/protocol/ids.ts";
import type { WatchedMessage } from "../../src/protocol/live-messages.ts";
import { Network, SleepingCall } from "../call/sleeping-call.workerd.ts";
import { studentId } from "./class.ts";
import { openPage, type Page } from "./listener.workerd.ts";

/** Real calls in a real class. */

export const GREETING = "Hello, this is Juno.";

/** Each test of a file has a network of its own, and none writes a log. */
export function networkOfEach(): () => Network {
  let network = new Network();
  beforeEach(() => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    network = new Network();
    vi.spyOn(globalThis, "fetch").mockImplementation(network.fetch);
  });
  afterEach(() => vi.restoreAllMocks());
  return () => network;
}

/** A workshop that no other test knows, by the test's name. */
export function known(name: string) {
  const id = parseWorkshopId(name);
  if (!id) throw new Error("not a workshop id");
  return id;
}

/** A student's call in text, of a student of its own by number, that was greeted. */
export async function callOf(workshopId: string, student: number): Promise<SleepingCall> {
  const call = new SleepingCall();
  await call.begin({ workshopId: known(workshopId), studentId: studentId(student), studentName: `Student ${student}` });
  await call.turn(1);
  return call;
}

export const pageOf = (workshopId: string, call: SleepingCall, student: number): Promise<Page> =>
  openPage(workshopId, {
    sessionToken: call.sessionToken,
    studentId: studentId(student),
    name: "Ada",
    keyStatus: null,
  });

/** What a page was told of a call, joined. */
export const told = (page: Page): WatchedMessage[] => page.of("call-messages").flatMap(({ messages }) => messages);

export const turnsOf = (messages: readonly WatchedMessage[]): string[] =>
  messages.flatMap((message) => (message.type === "turn" ? [`${message.speaker}: ${message.text}`] : []));

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
