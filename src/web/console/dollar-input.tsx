import "./dollar-input.css";

interface DollarInputProps {
  readonly id: string;
  readonly value: string;
  readonly placeholder?: string;
  /** Ids of what says more about it. */
  readonly describedBy: string;
  readonly isWrong: boolean;
  readonly onText: (text: string) => void;
  /** It is left, or Enter is pressed in it. */
  readonly onDone?: (text: string) => void;
}

/** An amount in dollars, as it is typed; the sign stands before it. */
export function DollarInput({ id, value, placeholder = "", describedBy, isWrong, onText, onDone }: DollarInputProps) {
  return (
    <span class="dollar-input">
      <span aria-hidden="true">$</span>
      <input
        id={id}
        inputMode="decimal"
        autocomplete="off"
        maxLength={16}
        placeholder={placeholder}
        value={value}
        aria-describedby={describedBy}
        aria-invalid={isWrong}
        onInput={(event) => onText(event.currentTarget.value)}
        onBlur={(event) => onDone?.(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && onDone?.(event.currentTarget.value)}
      />
    </span>
  );
}
