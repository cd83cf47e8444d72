import type { WorkshopPatch, WorkshopView } from "../../protocol/rest-workshop.ts";
import { fromLocalField, toLocalField } from "./local-time.ts";

/** What stands in the fields of a workshop, as text. */
export interface WorkshopDraft {
  readonly name: string;
  readonly joinCode: string;
  readonly opensAt: string;
  readonly closesAt: string;
  readonly seats: string;
  readonly callMinutes: string;
}
export type DraftField = keyof WorkshopDraft;

/** The server enforces both; here they are the hints of a field (`limits.ts`). */
export const CALL_MINUTES_MAX = 60;
export const SEATS_MAX = 10_000;

export const draftOf = (workshop: WorkshopView): WorkshopDraft => ({
  name: workshop.name,
  joinCode: workshop.joinCode,
  opensAt: toLocalField(workshop.opensAt),
  closesAt: toLocalField(workshop.closesAt),
  seats: workshop.seats === null ? "" : String(workshop.seats),
  callMinutes: workshop.callMaxMs === null ? "" : String(Math.round(workshop.callMaxMs / 6_000) / 10),
});

export type DraftProblem = "empty" | "not-a-time" | "not-a-number" | "ends-first";

/** What one field asks the server to change, or what is wrong with it. An empty one clears what may be absent. */
export function patchOf(
  field: DraftField,
  text: string,
  { opensAt, closesAt }: Pick<WorkshopView, "opensAt" | "closesAt">,
): { readonly ok: true; readonly patch: WorkshopPatch } | { readonly ok: false; readonly problem: DraftProblem } {
  const words = text.trim();
  switch (field) {
    case "name":
    case "joinCode":
      return words === "" ? { ok: false, problem: "empty" } : { ok: true, patch: { [field]: words } };
    case "opensAt":
    case "closesAt": {
      const time = fromLocalField(words);
      if (time === undefined) return { ok: false, problem: "not-a-time" };
      const patch = { [field]: time };
      return endsFirst({ opensAt, closesAt, ...patch }) ? { ok: false, problem: "ends-first" } : { ok: true, patch };
    }
    case "seats": {
      const seats = wholeOrNull(words, SEATS_MAX);
      return seats === undefined ? { ok: false, problem: "not-a-number" } : { ok: true, patch: { seats } };
    }
    case "callMinutes": {
      const minutes = wholeOrNull(words, CALL_MINUTES_MAX);
      if (minutes === undefined) return { ok: false, problem: "not-a-number" };
      return { ok: true, patch: { callMaxMs: minutes === null ? null : minutes * 60_000 } };
    }
  }
}

const endsFirst = ({ opensAt, closesAt }: Pick<WorkshopView, "opensAt" | "closesAt">): boolean =>
  opensAt !== null && closesAt !== null && Date.parse(closesAt) <= Date.parse(opensAt);

/** A whole number from 1 up to `most`, `null` for an empty field, `undefined` for anything else. */
function wholeOrNull(words: string, most: number): number | null | undefined {
  if (words === "") return null;
  const value = Number(words);
  return Number.isInteger(value) && value >= 1 && value <= most ? value : undefined;
}
