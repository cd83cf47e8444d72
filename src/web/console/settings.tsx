import { useState } from "preact/hooks";
import type { WorkshopView } from "../../protocol/rest-workshop.ts";
import { ClosingCard } from "./closing-card.tsx";
import { DangerZone } from "./danger-zone.tsx";
import { LendingSettings } from "./lending-settings.tsx";
import { zoneWords } from "./local-time.ts";
import type { Room } from "./room.ts";
import { SavingState, useSaving } from "./saving.tsx";
import { workshop } from "./session.ts";
import { DRAFT_HINTS, DRAFT_PROBLEMS, DRAFT_WORDS, SETTINGS_WORDS, zoneHint } from "./words.ts";
import { CALL_MINUTES_MAX, type DraftField, draftOf, patchOf, SEATS_MAX } from "./workshop-draft.ts";
import "./fields.css";

/** What the workshop is, each field saving itself when it is left; of one that is closed only how it ends. */
export function Settings({ room }: { readonly room: Room }) {
  const current = workshop.value;
  if (current === null) return null;
  const isClosed = current.closing !== null;
  return (
    <div class="narrow settings">
      {!isClosed && <Fields workshop={current} />}
      {!isClosed && <LendingSettings key={`lending ${current.id}`} workshop={current} />}
      <ClosingCard key={`closing ${current.id}`} room={room} workshop={current} />
      <DangerZone key={current.id} workshop={current} />
    </div>
  );
}

const Fields = ({ workshop: current }: { readonly workshop: WorkshopView }) => (
  <section class="card" aria-labelledby="settings-title">
    <h2 id="settings-title">{SETTINGS_WORDS.title}</h2>
    <Field workshop={current} field="name" />
    <Field workshop={current} field="joinCode" />
    <div class="field-pair">
      <Field workshop={current} field="opensAt" />
      <Field workshop={current} field="closesAt" />
    </div>
    <p class="hint">{zoneHint(zoneWords(new Date()))}</p>
    <div class="field-pair">
      <Field workshop={current} field="seats" />
      <Field workshop={current} field="callMinutes" />
    </div>
  </section>
);

const INPUTS: Readonly<Record<DraftField, Readonly<Record<string, string | number>>>> = {
  name: { maxLength: 200 },
  joinCode: { maxLength: 32, autocapitalize: "characters", spellcheck: "false" },
  opensAt: { type: "datetime-local" },
  closesAt: { type: "datetime-local" },
  seats: { type: "number", inputMode: "numeric", min: 1, max: SEATS_MAX },
  callMinutes: { type: "number", inputMode: "numeric", min: 1, max: CALL_MINUTES_MAX },
};

function Field({ workshop: current, field }: { readonly workshop: WorkshopView; readonly field: DraftField }) {
  const saved = draftOf(current)[field];
  /** `null`: not touched since it was saved, so what the server says is shown. */
  const [typed, setTyped] = useState<string | null>(null);
  const { saving, save, setSaving } = useSaving(current.id);
  const id = `workshop-${field}`;
  const commit = async (text: string): Promise<void> => {
    if (text === saved) return setTyped(null);
    const read = patchOf(field, text, current);
    if (!read.ok) return setSaving({ state: "refused", why: DRAFT_PROBLEMS[read.problem] });
    await save(read.patch);
    setTyped((now) => (now === text ? null : now));
  };
  return (
    <div class="field">
      <div class="field-top">
        <label for={id}>{DRAFT_WORDS[field]}</label>
        <SavingState id={`${id}-state`} saving={saving} />
      </div>
      <input
        id={id}
        autocomplete="off"
        {...INPUTS[field]}
        value={typed ?? saved}
        aria-describedby={`${id}-hint ${id}-state`}
        aria-invalid={saving.state === "refused"}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onBlur={(event) => void commit(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && void commit(event.currentTarget.value)}
      />
      <p id={`${id}-hint`} class="hint">
        {DRAFT_HINTS[field]}
      </p>
    </div>
  );
}
