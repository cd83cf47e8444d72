import { effect, signal } from "@preact/signals";
import type { MePatch } from "../../protocol/rest.ts";
import { HOLDS_KEY_WORDS } from "../words.ts";
import { Autosave, type SaveAnswer, type SaveState } from "./autosave.ts";
import type { Me } from "./me.ts";
import { holdsKey } from "./prompt-lint.ts";
import { me, patchMe, patchMeLast, presence } from "./session.ts";

/** What the student types, saved by itself. Every field of the agent is read and changed here, except its tools. */

export type Drafted = Omit<MePatch, "tools" | "ownCapMicroUsd">;
export type DraftedField = keyof Drafted;

/** Failures after which the same words may well be taken. */
const PASSING: readonly string[] = [
  "offline",
  "unreadable",
  "internal",
  "database_unavailable",
  "too_many_requests",
  "misconfigured",
];

/** What the server made of a draft that it saved: only when it has another value since, that one is shown. */
const taken = new Map<DraftedField, unknown>();
const autosave = new Autosave<Drafted>({ send, startTimer }, () => {
  shown.value = { autosave };
});
/** Another object with every change: whoever draws a draft follows this. */
const shown = signal({ autosave });

async function send(patch: Drafted): Promise<SaveAnswer> {
  const answer = await patchMe(patch);
  if (answer.ok) {
    for (const name of NAMES) if (patch[name] !== undefined) taken.set(name, saved(answer.value, name));
    return { kind: "saved" };
  }
  if (PASSING.includes(answer.code)) return { kind: "unreached" };
  // The server names what is wrong as `prompt: must be …`.
  return { kind: "refused", sentence: answer.sentence, field: answer.field?.split(/[:.[]/)[0] ?? null };
}

function startTimer(run: () => void, afterMs: number): () => void {
  const timer = setTimeout(run, afterMs);
  return () => clearTimeout(timer);
}

const NAMES: readonly DraftedField[] = ["name", "prompt", "greeting", "voice", "language", "turnEnd", "patience"];

const saved = <Name extends DraftedField>(student: Me, name: Name): Drafted[Name] =>
  ({ name: student.name, ...student.config })[name];

/** A field as the student sees it: what was typed, until the server has another value since. */
export function draftOf<Name extends DraftedField>(name: Name): NonNullable<Drafted[Name]> | null {
  const student = me.value;
  if (!student) return null;
  const draft = shown.value.autosave.draft(name);
  const now = saved(student, name);
  const isNewest = draft !== undefined && (draft.state !== "saved" || taken.get(name) === now);
  return (isNewest ? draft.patch[name] : now) ?? null;
}

export interface SaveStatus {
  readonly state: SaveState;
  readonly sentence: string | null;
}

/** How far the saving of a field is; `null`: nothing was typed there. */
export function saveStatusOf(name: DraftedField): SaveStatus | null {
  return shown.value.autosave.draft(name) ?? null;
}

/** One field changes. What looks like somebody's key is kept in the page and sent nowhere. */
export function edit(patch: Drafted): void {
  const text = Object.values(patch).join("\n");
  autosave.edit(patch, holdsKey(text) ? HOLDS_KEY_WORDS : null);
}

/** Saves what is still on its way, for what reads it on the server: a call, a sample of the voice. */
export const saveNow = (): Promise<void> => autosave.flush();

/** Something waits for a server that does not answer. */
export function isUnreached(): boolean {
  return shown.value.autosave.isUnreached;
}

effect(() => {
  if (presence.value !== "out") return;
  taken.clear();
  autosave.forget();
});

/** A tab that is hidden on a phone may never be looked at again. */
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") void autosave.flush();
});
addEventListener("pagehide", () => autosave.leave(patchMeLast));
addEventListener("online", () => void autosave.flush());
