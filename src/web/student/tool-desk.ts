import { effect, signal } from "@preact/signals";
import type { Problem } from "../../protocol/tools.ts";
import { Autosave, type SaveAnswer, type SaveState } from "./autosave.ts";
import { me, patchMe, patchMeLast, presence } from "./session.ts";
import {
  draftOf,
  draftsOf,
  freeName,
  isSame,
  keptOf,
  nameOf,
  problemOf,
  settled,
  type ToolDraft,
  withForm,
} from "./tool-draft.ts";

/** The student's tools in this page: what is looked at, what is edited, and how far the saving is. */

export type ToolsPlace = { readonly view: "list" | "gallery" } | { readonly view: "tool"; readonly id: number };

export const tools = signal<readonly ToolDraft[]>([]);
export const place = signal<ToolsPlace>({ view: "list" });
/** The one deleted last: it can come back. */
export const deleted = signal<{ readonly draft: ToolDraft; readonly at: number } | null>(null);
export const saveState = signal<SaveState | null>(null);

/** What the server refused, where this page saw nothing wrong. `id` null: it is not one tool's fault. */
const refusal = signal<({ readonly id: number | null } & Problem) | null>(null);

interface ToolsPatch {
  readonly tools: readonly unknown[];
}

const autosave = new Autosave<ToolsPatch>({ send, startTimer }, () => {
  saveState.value = autosave.draft("tools")?.state ?? null;
});

/** Failures that say nothing about what was sent. */
const PASSING: readonly string[] = [
  "offline",
  "unreadable",
  "internal",
  "database_unavailable",
  "too_many_requests",
  "misconfigured",
];

async function send({ tools: sent = [] }: Partial<ToolsPatch>): Promise<SaveAnswer> {
  const ids = tools.peek().flatMap(({ id, kept }) => (kept === undefined ? [] : [id]));
  const answer = await patchMe({ tools: sent });
  if (answer.ok) return { kind: "saved" };
  if (PASSING.includes(answer.code)) return { kind: "unreached" };
  // The server names what is wrong as `tools[2].function.name: must be …`.
  const [, at, path = "", problem = answer.sentence] =
    /^tools(?:\[(\d+)\]\.?)?([^:]*): (.*)$/s.exec(answer.field ?? "") ?? [];
  refusal.value = { id: (at === undefined ? undefined : ids[Number(at)]) ?? null, path, problem };
  return { kind: "refused", sentence: answer.sentence, field: "tools" };
}

function startTimer(run: () => void, afterMs: number): () => void {
  const timer = setTimeout(run, afterMs);
  return () => clearTimeout(timer);
}

effect(() => {
  const stored = me.value?.config.tools;
  if (stored && !autosave.isUnsaved) tools.value = draftsOf(stored, tools.peek());
});

effect(() => {
  if (presence.value !== "out") return;
  autosave.forget();
  tools.value = [];
  place.value = { view: "list" };
  deleted.value = null;
  refusal.value = null;
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") void autosave.flush();
});
addEventListener("pagehide", () => autosave.leave(patchMeLast));
addEventListener("online", () => void autosave.flush());

/** What is wrong with a tool: a rule it breaks, or else what the server said of it. */
export function problemAt(draft: ToolDraft): Problem | null {
  const problem = problemOf(draft, tools.value, location.hostname);
  return problem ?? (refusal.value?.id === draft.id ? refusal.value : null);
}

/** The stored form of a tool breaks a rule, and the server takes all tools or none. */
export const isUnreadable = (draft: ToolDraft): boolean =>
  draft.kept !== undefined &&
  problemOf({ ...draft, json: draft.kept, text: null }, tools.value, location.hostname) !== null;

/** Why nothing of the tools is saved, when it is no single tool's fault. */
export const refusedWords = (): string | null => (refusal.value?.id === null ? refusal.value.problem : null);

function change(drafts: readonly ToolDraft[]): void {
  const before = keptOf(tools.peek());
  tools.value = drafts;
  const kept = keptOf(drafts);
  if (isSame(before, kept)) return;
  refusal.value = null;
  autosave.edit({ tools: kept }, drafts.some(isUnreadable) ? "unreadable" : null);
}

/** One tool is edited: what breaks a rule stays in the page, and the last that broke none stays saved. */
export function edit(draft: ToolDraft): void {
  if (refusal.value?.id === draft.id) refusal.value = null;
  const drafts = tools.peek().map((other) => (other.id === draft.id ? draft : other));
  const problem = problemOf(draft, drafts, location.hostname);
  change(drafts.map((other) => (other.id === draft.id ? settled(draft, problem) : other)));
}

/** A tool more, under a name that is free, and looked at. */
export function add(json: unknown): void {
  const drafts = tools.peek();
  const draft = draftOf(withForm(json, { name: freeName(nameOf(json) || "my_tool", drafts) }));
  const problem = problemOf(draft, drafts, location.hostname);
  change([...drafts, problem === null ? draft : { ...draft, kept: undefined }]);
  place.value = { view: "tool", id: draft.id };
}

export function remove(draft: ToolDraft): void {
  const drafts = tools.peek();
  deleted.value = { draft, at: drafts.indexOf(draft) };
  place.value = { view: "list" };
  change(drafts.filter((other) => other !== draft));
}

export function undoRemove(): void {
  if (!deleted.value) return;
  const { draft, at } = deleted.value;
  deleted.value = null;
  change(tools.peek().toSpliced(at, 0, draft));
}

/** Saves at once; false: it could not be. */
export async function saveNow(): Promise<boolean> {
  await autosave.flush();
  return !autosave.isUnsaved;
}
