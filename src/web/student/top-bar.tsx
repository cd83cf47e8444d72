import { useSignal } from "@preact/signals";
import { Menu, type MenuItem } from "../ui/menu.tsx";
import { EMPTY_NAME_WORDS, TOP_WORDS } from "../words.ts";
import { draftOf, edit, saveNow, saveStatusOf } from "./drafts.ts";
import { PayerChip } from "./payer-chip.tsx";
import { closing, me, presence, type SheetName, sheet, signedOut } from "./session.ts";
import { leave } from "./student-client.ts";

const opens = (name: SheetName) => () => {
  sheet.value = name;
};

/** What is typed last is saved before the door closes. */
async function leaveBrowser(): Promise<void> {
  await saveNow();
  const answer = await leave();
  if (answer.ok) signedOut("left");
}

const ITEMS: readonly MenuItem[] = [
  { label: TOP_WORDS.recovery, onChoose: opens("recovery") },
  { label: TOP_WORDS.phone, onChoose: opens("phone") },
  { label: TOP_WORDS.leave, onChoose: () => void leaveBrowser() },
  { label: TOP_WORDS.erase, onChoose: opens("erase"), isDangerous: true },
];

/** An agent of a workshop that was closed answers no phone. */
const ITEMS_AFTERWARDS = ITEMS.filter(({ label }) => label !== TOP_WORDS.phone);

/** Who is here, in which workshop, and whose key pays. */
export function TopBar() {
  const isIn = presence.value === "in";
  return (
    <header class="top">
      <div class="brand">
        <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
          <path d="M4 10v4M8 6v12M12 9v6M16 4v16M20 9v6" />
        </svg>
        <h1>Callroom</h1>
        {isIn && me.value?.workshop && <span class="workshop">{me.value.workshop.name}</span>}
      </div>
      {isIn && (
        <div class="who">
          <NameField />
          {closing.value === null && <PayerChip />}
          <Menu label={TOP_WORDS.menu} items={closing.value === null ? ITEMS : ITEMS_AFTERWARDS} />
        </div>
      )}
    </header>
  );
}

/** Reads like a word and is a field. Nobody is without a name for longer than it takes to type another. */
function NameField() {
  const emptied = useSignal(false);
  const name = draftOf("name") ?? "";
  const status = saveStatusOf("name");
  const sentence = emptied.value ? EMPTY_NAME_WORDS : status?.state === "refused" ? status.sentence : null;
  return (
    <div class="name-field">
      <input
        class="name"
        aria-label={TOP_WORDS.name}
        placeholder={TOP_WORDS.namePlaceholder}
        value={emptied.value ? "" : name}
        maxLength={60}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={sentence !== null}
        onInput={({ currentTarget: { value } }) => {
          emptied.value = value.trim() === "";
          if (!emptied.value) edit({ name: value });
        }}
        onBlur={() => {
          emptied.value = false;
        }}
        onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
      />
      <p class="name-problem" role="alert">
        {sentence}
      </p>
    </div>
  );
}
