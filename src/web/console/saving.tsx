import { useRef, useState } from "preact/hooks";
import type { WorkshopPatch } from "../../protocol/rest-workshop.ts";
import { patchWorkshop } from "./session.ts";
import { refusalWords, SETTINGS_WORDS } from "./words.ts";
import "./fields.css";

/** What became of a field that saves itself. */
export type Saving =
  | { readonly state: "idle" | "saving" | "saved" }
  | { readonly state: "refused"; readonly why: string };

interface SavingField {
  readonly saving: Saving;
  readonly save: (patch: WorkshopPatch) => Promise<void>;
  readonly setSaving: (saving: Saving) => void;
}

export function useSaving(workshopId: string): SavingField {
  const [saving, setSaving] = useState<Saving>({ state: "idle" });
  /** One request after the other: what was wanted last is what stays. */
  const last = useRef(Promise.resolve());
  const save = (patch: WorkshopPatch): Promise<void> => {
    setSaving({ state: "saving" });
    last.current = last.current.then(async () => {
      const answer = await patchWorkshop(workshopId, patch);
      setSaving(answer.ok ? { state: "saved" } : { state: "refused", why: refusalWords(answer) });
    });
    return last.current;
  };
  return { saving, save, setSaving };
}

const SAVING_WORDS = { idle: "", saving: SETTINGS_WORDS.saving, saved: SETTINGS_WORDS.saved } as const;

export const SavingState = ({ id, saving }: { readonly id: string; readonly saving: Saving }) => (
  <p id={id} class={saving.state === "refused" ? "problem" : "saved"} role="status">
    {saving.state === "refused" ? saving.why : SAVING_WORDS[saving.state]}
  </p>
);

/** What the server says, or what is asked of it and not answered yet; a refusal shows again what the server has. */
export function useWanted<Value>(saved: Value, save: (value: Value) => Promise<void>): [Value, (value: Value) => void] {
  const [wanted, setWanted] = useState<{ readonly value: Value } | null>(null);
  const want = async (value: Value): Promise<void> => {
    const asked = { value };
    setWanted(asked);
    await save(value);
    setWanted((now) => (now === asked ? null : now));
  };
  return [wanted === null ? saved : wanted.value, (value) => void want(value)];
}
