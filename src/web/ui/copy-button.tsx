import { useState } from "preact/hooks";
import { COPIED_WORDS, COPY_WORDS, NOT_COPIED_WORDS } from "../words.ts";

/** Copies a text, and says that it did. `what` is for whoever does not see what stands beside it. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [label, setLabel] = useState(COPY_WORDS);
  const copy = async (): Promise<void> => {
    const done = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    setLabel(done ? COPIED_WORDS : NOT_COPIED_WORDS);
    setTimeout(() => setLabel(COPY_WORDS), 2_000);
  };
  return (
    <button type="button" class="copy" onClick={() => void copy()}>
      <span aria-live="polite">{label}</span> <span class="hidden-label">{what}</span>
    </button>
  );
}
