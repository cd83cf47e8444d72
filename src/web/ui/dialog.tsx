import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { CLOSE_WORDS } from "../words.ts";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
  /** On the button that closes it, where "Close" would be misread. */
  readonly dismiss?: string;
  /** For tests and style: `dialog key-sheet`. */
  readonly className?: string;
}

/** A modal sheet; the browser keeps the keyboard inside it, and gives the focus back. Rendered means open. */
export function Dialog({ title, onClose, children, className = "", dismiss = CLOSE_WORDS }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`dialog ${className}`}
      aria-labelledby={titleId}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <div class="dialog-body">
        <header class="dialog-top">
          <h2 id={titleId}>{title}</h2>
          <button type="button" class="quiet-button" onClick={() => dialog.current?.close()}>
            {dismiss}
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
