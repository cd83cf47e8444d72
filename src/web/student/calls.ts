import { effect, signal } from "@preact/signals";
import { getCall, listCalls } from "./call-client.ts";
import type { ArchivedCall, ListedCall } from "./call-record-view.ts";
import { callsChanged, presence } from "./session.ts";

/** The student's calls as far as this page has seen them, newest first. */

export interface CallList {
  readonly calls: readonly ListedCall[];
  /** Where the older ones begin; null: there are none. */
  readonly next: string | null;
}

export type OpenCall =
  | { readonly id: string; readonly state: "loading" }
  | { readonly id: string; readonly state: "failed"; readonly sentence: string }
  | { readonly id: string; readonly state: "read"; readonly archived: ArchivedCall };

/** Null: nobody has answered yet. */
export const callList = signal<CallList | null>(null);
/** Why the list is not there, or not all of it. */
export const listProblem = signal<string | null>(null);
export const openCall = signal<OpenCall | null>(null);

/** Counts requests: an answer that another request overtook is dropped. */
let latest = 0;

/** The newest calls, before those that are listed already. */
export async function refreshCalls(): Promise<void> {
  latest += 1;
  const mine = latest;
  const answer = await listCalls(null);
  if (mine !== latest) return;
  listProblem.value = answer.ok ? null : answer.sentence;
  if (!answer.ok) return;
  const { calls, next } = answer.value;
  const old = callList.value;
  const last = calls.at(-1);
  const older = old?.calls.filter((call) => last && call.startedAt < last.startedAt) ?? [];
  callList.value = older.length > 0 && old ? { calls: [...calls, ...older], next: old.next } : { calls, next };
}

export async function olderCalls(): Promise<void> {
  const before = callList.value?.next;
  if (!before) return;
  latest += 1;
  const mine = latest;
  const answer = await listCalls(before);
  if (mine !== latest) return;
  listProblem.value = answer.ok ? null : answer.sentence;
  if (!answer.ok) return;
  const known = callList.value?.calls ?? [];
  const ids = new Set(known.map(({ id }) => id));
  callList.value = {
    calls: [...known, ...answer.value.calls.filter(({ id }) => !ids.has(id))],
    next: answer.value.next,
  };
}

export async function readCall(id: string): Promise<void> {
  if (openCall.peek()?.id !== id) openCall.value = { id, state: "loading" };
  const answer = await getCall(id);
  if (openCall.peek()?.id !== id) return;
  openCall.value = answer.ok
    ? { id, state: "read", archived: answer.value }
    : { id, state: "failed", sentence: answer.sentence };
}

effect(() => {
  if (presence.value !== "out") return;
  latest += 1;
  callList.value = null;
  listProblem.value = null;
  openCall.value = null;
});

/** A call that has ended is listed, and read again if it is the one that is open. */
effect(() => {
  if (callsChanged.value === 0 || callList.peek() === null) return;
  void refreshCalls();
  const open = openCall.peek();
  if (open) void readCall(open.id);
});
