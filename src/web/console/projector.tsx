import { useEffect, useRef, useState } from "preact/hooks";
import { Card, isProjecting } from "./join-card.tsx";
import type { Room } from "./room.ts";
import { workshop } from "./session.ts";
import { JOIN_CARD_WORDS } from "./words.ts";

/** The join card and nothing else, on the whole screen. B blanks it, Esc goes back. */
export function Projector({ room: { wall } }: { readonly room: Room }) {
  const [isBlank, setBlank] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  const current = workshop.value;

  useEffect(() => {
    let isGone = false;
    // In full screen the browser keeps Esc for itself, and leaves: that is the way back too.
    const left = (): void => {
      if (document.fullscreenElement === null) dialog.current?.close();
    };
    const show = (): void => {
      if (isGone) {
        leaveFullScreen();
        return;
      }
      dialog.current?.showModal();
      // The keys work without a ring around the way back.
      dialog.current?.focus();
      document.addEventListener("fullscreenchange", left);
    };
    // First full screen, then the dialog: the later of the two lies on top. A browser that has none to give shows the card
    // in its window.
    const asked = document.documentElement.requestFullscreen?.() ?? Promise.resolve();
    asked.then(show, show);
    return () => {
      isGone = true;
      document.removeEventListener("fullscreenchange", left);
      leaveFullScreen();
    };
  }, []);

  if (current === null) return null;
  return (
    <dialog
      ref={dialog}
      class="projector"
      tabIndex={-1}
      aria-label={JOIN_CARD_WORDS.title}
      data-blank={isBlank}
      onClose={() => {
        isProjecting.value = false;
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key.toLowerCase() === "b" && !hasModifier(event)) setBlank(!isBlank);
      }}
    >
      {isBlank ? (
        <p class="hidden-label" role="status">
          {JOIN_CARD_WORDS.blank}
        </p>
      ) : (
        <Card workshop={current} students={wall.entries.value.size} />
      )}
      <p class="projector-keys">
        <button type="button" class="link" onClick={() => dialog.current?.close()}>
          {JOIN_CARD_WORDS.back}
        </button>
        <span aria-hidden="true">{JOIN_CARD_WORDS.keys}</span>
      </p>
    </dialog>
  );
}

function leaveFullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
}

const hasModifier = ({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean => ctrlKey || metaKey || altKey;

/** P, wherever nobody types and no sheet is open (a sheet keeps its keys to itself), shows the card. */
export function useProjectorKey(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== "p" || hasModifier(event) || event.repeat) return;
      if (event.target instanceof Element && event.target.closest("input, textarea, select")) return;
      isProjecting.value = true;
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
