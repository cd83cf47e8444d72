import { signal } from "@preact/signals";
import { CopyButton } from "../ui/copy-button.tsx";
import { BANNER_WORDS, endedUntilWords, nameTakenWords, notOpenWords, WELCOME_WORDS } from "../words.ts";
import { isUnreached } from "./drafts.ts";
import { announcement, closing, me, standstill, welcome } from "./session.ts";
import { whenWords } from "./when.ts";

/** The announcement that this student has read and put away. */
const hidden = signal<string | null>(null);

/** What holds for the whole page right now. The live region is there before anything is in it, so that it is read. */
export function Banners() {
  const words = announcement.value;
  return (
    <section class="banners" aria-label={BANNER_WORDS.label}>
      <div role="status">
        <Standstill />
        {isUnreached() && <p class="note warn">{BANNER_WORDS.unreached}</p>}
        {words !== null && words !== hidden.value && (
          <div class="note announcement">
            <p>
              <strong>{BANNER_WORDS.announcement}</strong> {words}
            </p>
            <button
              type="button"
              class="quiet-button"
              onClick={() => {
                hidden.value = words;
              }}
            >
              {BANNER_WORDS.hide}
            </button>
          </div>
        )}
      </div>
      {me.value && welcome.value && <Welcome />}
    </section>
  );
}

/** What the whole class waits for; whose money is short is said beside the button. */
function Standstill() {
  const why = standstill.value;
  if (why !== "paused" && why !== "not-open" && why !== "ended") return null;
  const opensAt = me.value?.workshop?.opensAt ?? null;
  const eraseAt = closing.value?.eraseAt;
  if (eraseAt !== undefined) return <p class="note said-beside">{endedUntilWords(eraseAt)}</p>;
  const words = why === "not-open" ? notOpenWords(opensAt && whenWords(opensAt, Date.now())) : BANNER_WORDS[why];
  return <p class="note warn">{words}</p>;
}

/** The way back, shown once and in nobody's way. */
function Welcome() {
  const fresh = welcome.value;
  if (!fresh) return null;
  const { recoveryPhrase, wanted, name } = fresh;
  return (
    <div class="note welcome">
      <div>
        <h2>{WELCOME_WORDS.title}</h2>
        <p>{WELCOME_WORDS.lead}</p>
        {name !== wanted && <p>{nameTakenWords(wanted, name)}</p>}
      </div>
      <p class="phrase">{recoveryPhrase}</p>
      <div class="row">
        <CopyButton text={recoveryPhrase} what={WELCOME_WORDS.words} />
        <button
          type="button"
          onClick={() => {
            welcome.value = null;
          }}
        >
          {WELCOME_WORDS.dismiss}
        </button>
      </div>
    </div>
  );
}
