import { useState } from "preact/hooks";

interface TwoTapsProps {
  readonly label: string;
  /** On the same button, once it was tapped. */
  readonly sure: string;
  readonly keep: string;
  readonly isBusy?: boolean;
  readonly onSure: () => void;
}

/** What cannot be undone takes two taps in the same place, and a double click is one of them. */
export function TwoTaps({ label, sure, keep, isBusy = false, onSure }: TwoTapsProps) {
  const [isAsking, setAsking] = useState(false);
  const tap = (event: MouseEvent): void => {
    if (event.detail > 1 || isBusy) return;
    if (isAsking) onSure();
    setAsking(!isAsking);
  };
  return (
    <div class="two-taps">
      <button type="button" class={isAsking ? "danger" : "danger-quiet"} aria-disabled={isBusy} onClick={tap}>
        <span aria-live="polite">{isAsking ? sure : label}</span>
      </button>
      {isAsking && (
        <button type="button" onClick={() => setAsking(false)}>
          {keep}
        </button>
      )}
    </div>
  );
}
