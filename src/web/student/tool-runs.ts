import { signal } from "@preact/signals";
import type { Fields } from "../../protocol/read-fields.ts";
import { RUN_WORDS } from "../words.ts";
import { runTool, type ToolRun } from "./tool-client.ts";
import { saveNow, tools } from "./tool-desk.ts";
import { nameOf, type ToolDraft } from "./tool-draft.ts";

/** What became of running a tool once; the last of each tool is kept while the page is open. */

export type RunState =
  | { readonly state: "running"; readonly sinceMs: number }
  | { readonly state: "done"; readonly run: ToolRun }
  | { readonly state: "refused"; readonly sentence: string };

/** By the id of the tool's draft. */
export const runs = signal<ReadonlyMap<number, RunState>>(new Map());

/** Runs what is saved, so that the result is that of the next call. */
export async function runOnce(draft: ToolDraft, args: Fields): Promise<void> {
  if (runs.peek().get(draft.id)?.state === "running") return;
  note(draft, { state: "running", sinceMs: performance.now() });
  note(draft, await outcomeOf(draft, args));
}

async function outcomeOf(draft: ToolDraft, args: Fields): Promise<RunState> {
  if (!(await saveNow())) return { state: "refused", sentence: RUN_WORDS.unsaved };
  const saved = tools.peek().find(({ id }) => id === draft.id) ?? draft;
  const answer = await runTool(nameOf(saved.kept), args);
  return answer.ok ? { state: "done", run: answer.value } : { state: "refused", sentence: answer.sentence };
}

function note(draft: ToolDraft, run: RunState): void {
  runs.value = new Map(runs.value).set(draft.id, run);
}
