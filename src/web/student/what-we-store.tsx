import { useState } from "preact/hooks";
import { Dialog } from "../ui/dialog.tsx";
import { JOIN_WORDS, STORED_TITLE, STORED_WORDS } from "../words.ts";

/** What happens to what is typed and said here, before anybody comes in. */
export function WhatWeStore() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <button type="button" class="link" onClick={() => setOpen(true)}>
        {JOIN_WORDS.stored}
      </button>
      {isOpen && (
        <Dialog title={STORED_TITLE} onClose={() => setOpen(false)}>
          <dl class="stored">
            {STORED_WORDS.map(([what, how]) => (
              <div key={what}>
                <dt>{what}</dt>
                <dd>{how}</dd>
              </div>
            ))}
          </dl>
        </Dialog>
      )}
    </>
  );
}
