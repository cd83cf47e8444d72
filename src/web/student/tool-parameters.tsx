import { useState } from "preact/hooks";
import { FORM_WORDS, TYPE_WORDS } from "../words.ts";
import { Field } from "./tool-field.tsx";
import {
  isFreeName,
  PARAMETER_TYPES,
  type Parameter,
  parametersOf,
  withNewParameter,
  withoutParameter,
  withParameter,
} from "./tool-schema.ts";

interface ParameterTableProps {
  readonly schema: unknown;
  readonly problem: string | null;
  readonly onChange: (schema: Readonly<Record<string, unknown>>) => void;
}

/** What the model must give to a tool: a row an argument, where the schema is as flat as that. */
export function ParameterTable({ schema, problem, onChange }: ParameterTableProps) {
  const rows = parametersOf(schema);
  return (
    <fieldset class="parameters">
      <legend>{FORM_WORDS.parameters}</legend>
      {problem && <p class="problem">{problem}</p>}
      {rows === null && <p class="hint">{FORM_WORDS.nested}</p>}
      {rows?.length === 0 && <p class="hint">{FORM_WORDS.noParameters}</p>}
      {rows && (
        <>
          <ul>
            {rows.map((row, at) => (
              <li key={at} class="parameter">
                <ParameterRow
                  row={row}
                  isFree={(name) => isFreeName(schema, name)}
                  onChange={(change) => onChange(withParameter(schema, row.name, change))}
                  onRemove={() => onChange(withoutParameter(schema, row.name))}
                />
              </li>
            ))}
          </ul>
          <button type="button" class="quiet-button" onClick={() => onChange(withNewParameter(schema))}>
            + {FORM_WORDS.addParameter}
          </button>
        </>
      )}
    </fieldset>
  );
}

interface ParameterRowProps {
  readonly row: Parameter;
  readonly isFree: (name: string) => boolean;
  readonly onChange: (change: Partial<Parameter>) => void;
  readonly onRemove: () => void;
}

function ParameterRow({ row, isFree, onChange, onRemove }: ParameterRowProps) {
  // A name that is taken or none would swallow another row: it stays in the field until it can be one.
  const [typed, setTyped] = useState<string | null>(null);
  const isBad = typed !== null && typed !== row.name && !isFree(typed);
  const typeName = (name: string): void => {
    setTyped(name);
    if (name !== row.name && isFree(name)) onChange({ name });
  };
  return (
    <>
      <Field label={FORM_WORDS.parameterName} problem={isBad ? FORM_WORDS.badName : null}>
        {(attributes) => (
          <input
            {...attributes}
            class="code"
            value={isBad ? typed : row.name}
            maxLength={64}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            onInput={({ currentTarget }) => typeName(currentTarget.value)}
            onBlur={() => setTyped(null)}
          />
        )}
      </Field>
      <Field label={FORM_WORDS.parameterType}>
        {(attributes) => (
          <select
            {...attributes}
            value={row.type}
            onChange={({ currentTarget: { value } }) => {
              const type = PARAMETER_TYPES.find((known) => known === value);
              if (type) onChange({ type });
            }}
          >
            {PARAMETER_TYPES.map((type) => (
              <option key={type} value={type}>
                {TYPE_WORDS[type]}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={FORM_WORDS.parameterDescription}>
        {(attributes) => (
          <input
            {...attributes}
            value={row.description}
            onInput={({ currentTarget }) => onChange({ description: currentTarget.value })}
          />
        )}
      </Field>
      <div class="parameter-end">
        <label class="check">
          <input
            type="checkbox"
            checked={row.required}
            onChange={({ currentTarget }) => onChange({ required: currentTarget.checked })}
          />
          {FORM_WORDS.parameterRequired}
        </label>
        <button type="button" class="quiet-button" onClick={onRemove}>
          {FORM_WORDS.removeParameter} <span class="hidden-label">{row.name}</span>
        </button>
      </div>
    </>
  );
}
