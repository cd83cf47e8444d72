import { fieldNotSavedWords, SAVE_WORDS } from "../words.ts";
import { type DraftedField, type SaveStatus, saveStatusOf } from "./drafts.ts";

/** `null` while nothing was typed. */
export function saveWords(status: SaveStatus | null): string | null {
  switch (status?.state) {
    case undefined:
      return null;
    case "saved":
      return SAVE_WORDS.saved;
    case "unreached":
      return SAVE_WORDS.unreached;
    case "refused":
      return fieldNotSavedWords(status.sentence ?? "");
    default:
      return SAVE_WORDS.saving;
  }
}

/** What becomes of what is typed into the fields above it. Read out only when it did not go well. */
export function SaveLine({ fields }: { readonly fields: readonly DraftedField[] }) {
  const statuses = fields.map(saveStatusOf).filter((status) => status !== null);
  const worst = statuses.find(({ state }) => state === "refused") ?? statuses.find(({ state }) => state !== "saved");
  const status = worst ?? statuses[0] ?? null;
  const isBad = status?.state === "refused";
  return (
    <>
      <span class={`save ${status?.state ?? ""}`} aria-hidden={isBad}>
        {!isBad && saveWords(status)}
      </span>
      <span class="save refused" role="alert">
        {isBad && saveWords(status)}
      </span>
    </>
  );
}
