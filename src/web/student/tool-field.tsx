import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  /** What is wrong with what stands in it. */
  readonly problem?: string | null | undefined;
  /** The control, with these on it. */
  readonly children: (attributes: FieldAttributes) => ComponentChildren;
}

export interface FieldAttributes {
  readonly id: string;
  readonly "aria-describedby": string;
  readonly "aria-invalid": boolean;
}

/** A control with its name above it and what helps or is wrong below it. */
export function Field({ label, hint, problem, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": `${id}-says`, "aria-invalid": Boolean(problem) })}
      <div id={`${id}-says`} class="says">
        {problem && <p class="problem">{problem}</p>}
        {hint && <p class="hint">{hint}</p>}
      </div>
    </div>
  );
}

/** Between a value and the text it is typed as. */
export interface TypedAs<Value> {
  readonly write: (value: Value) => string;
  /** `undefined`: the text is no such value. */
  readonly read: (text: string) => Value | undefined;
}

export interface Typed {
  readonly text: string;
  readonly isReadable: boolean;
  readonly type: (text: string) => void;
}

/** What is typed stays as it is typed, and reaches the value whenever it is one; another value from elsewhere replaces it. */
export function useTyped<Value>(value: Value, { write, read }: TypedAs<Value>, take: (value: Value) => void): Typed {
  const [typed, setTyped] = useState<string | null>(null);
  const meant = typed === null ? undefined : read(typed);
  const isMine = typed !== null && (meant === undefined || JSON.stringify(meant) === JSON.stringify(value));
  return {
    text: isMine ? typed : write(value),
    isReadable: !isMine || meant !== undefined,
    type: (text) => {
      setTyped(text);
      const next = read(text);
      if (next !== undefined) take(next);
    },
  };
}
