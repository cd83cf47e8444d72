import { useState } from "preact/hooks";
import type { LendingLimits } from "../../protocol/bill.ts";
import type { WorkshopView } from "../../protocol/rest-workshop.ts";
import { dollarField } from "../dollars.ts";
import { DollarInput } from "./dollar-input.tsx";
import { LENDING_FIELDS, type LendingField, lendableModels, readLimit, withModel } from "./lending-draft.ts";
import { SavingState, useSaving, useWanted } from "./saving.tsx";
import { workshops } from "./session.ts";
import { DOLLAR_PROBLEMS, LENDING_FIELD_HINTS, LENDING_FIELD_WORDS, LENDING_WORDS } from "./words-money.ts";
import "./lending-settings.css";

interface LendingProps {
  readonly workshop: WorkshopView;
}

/** Whether the instructor's key is lent, how much of it, and for what. */
export const LendingSettings = ({ workshop }: LendingProps) => (
  <section class="card" aria-labelledby="lending-title">
    <h2 id="lending-title">{LENDING_WORDS.title}</h2>
    <LendSwitch workshop={workshop} />
    <div class="field-pair">
      {LENDING_FIELDS.map((field) => (
        <LimitField key={field} workshop={workshop} field={field} />
      ))}
    </div>
    <Models workshop={workshop} />
  </section>
);

function LendSwitch({ workshop: { id, fallbackAllowed } }: LendingProps) {
  const { saving, save } = useSaving(id);
  const [isAllowed, want] = useWanted(fallbackAllowed, (wanted) => save({ fallbackAllowed: wanted }));
  return (
    <div class="field">
      <label class="switch">
        <input
          type="checkbox"
          checked={isAllowed}
          aria-describedby="lending-hint lending-state"
          onChange={(event) => want(event.currentTarget.checked)}
        />
        {LENDING_WORDS.allowed}
      </label>
      <p id="lending-hint" class="hint">
        {workshops.value.fallbackKey
          ? isAllowed
            ? `${LENDING_WORDS.allowedHint} ${LENDING_WORDS.offHint}`
            : LENDING_WORDS.notAllowedHint
          : LENDING_WORDS.noKey}
      </p>
      <SavingState id="lending-state" saving={saving} />
    </div>
  );
}

/** Says what is wrong while it is typed, and saves itself when it is left. */
function LimitField({ workshop: { id, lending }, field }: LendingProps & { readonly field: LendingField }) {
  const saved = dollarField(lending[field]);
  /** `null`: not touched since it was saved, so what the server says is shown. */
  const [typed, setTyped] = useState<string | null>(null);
  const { saving, save } = useSaving(id);
  const fieldId = `lending-${field}`;
  const read = readLimit(field, typed ?? saved);
  const commit = async (text: string): Promise<void> => {
    const wanted = readLimit(field, text);
    if (!wanted.ok) return;
    if (text !== saved && wanted.microUsd !== lending[field]) await save(wanted.patch);
    setTyped((now) => (now === text ? null : now));
  };
  const shown = read.ok ? saving : ({ state: "refused", why: DOLLAR_PROBLEMS[read.problem] } as const);
  return (
    <div class="field">
      <div class="field-top">
        <label for={fieldId}>{LENDING_FIELD_WORDS[field]}</label>
        <SavingState id={`${fieldId}-state`} saving={shown} />
      </div>
      <DollarInput
        id={fieldId}
        value={typed ?? saved}
        placeholder={LENDING_WORDS.noLimit}
        describedBy={`${fieldId}-hint ${fieldId}-state`}
        isWrong={shown.state === "refused"}
        onText={setTyped}
        onDone={(text) => void commit(text)}
      />
      <p id={`${fieldId}-hint`} class="hint">
        {LENDING_FIELD_HINTS[field]}
      </p>
    </div>
  );
}

function Models({ workshop: { id, lending } }: LendingProps) {
  const { saving, save } = useSaving(id);
  const [lent, want] = useWanted(lending.models, (models) => save({ lending: { models } }));
  const { models: configured } = workshops.value;
  return (
    <fieldset class="field lent-models" aria-describedby="lent-models-hint">
      <legend>{LENDING_WORDS.models}</legend>
      {lendableModels(configured, lent).map((model) => (
        <label key={model} class="switch">
          <input
            type="checkbox"
            checked={lent?.includes(model) ?? true}
            onChange={(event) => want(withModel(configured, lent, model, event.currentTarget.checked))}
          />
          {model}
        </label>
      ))}
      <p id="lent-models-hint" class="hint">
        {modelsHint(lent)}
      </p>
      <SavingState id="lent-models-state" saving={saving} />
    </fieldset>
  );
}

function modelsHint(lent: LendingLimits["models"]): string {
  if (lent === null) return LENDING_WORDS.allModels;
  return lent.length === 0 ? LENDING_WORDS.noModels : LENDING_WORDS.someModels;
}
