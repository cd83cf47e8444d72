import { KEY_SHEET_WORDS, KEY_URLS } from "../words.ts";

/** What each step looks like: a button, a choice, a limit, a text that is copied. */
const PICTURES = [
  "M8 14h48v20H8zM18 24h28",
  "M8 12h20v24H8zM36 12h20v24H36zM41 24l4 4 7-8",
  "M8 34V22h12v12zM26 34V16h12v18zM44 34V10h12v24zM4 14h56",
  "M10 18h36v18H10zM18 18v-6h36v18h-8M16 27h24",
] as const;

/** How to make a key that may do little and cost little. */
export function KeyGuide() {
  return (
    <details class="key-guide" open>
      <summary>{KEY_SHEET_WORDS.howTo}</summary>
      <ol class="how-to">
        {KEY_SHEET_WORDS.steps.map(([title, text], at) => (
          <li key={title}>
            <svg viewBox="0 0 64 44" width="64" height="44" aria-hidden="true">
              <path d={PICTURES[at] ?? ""} />
            </svg>
            <p>
              <strong>{title}</strong> {text}
            </p>
          </li>
        ))}
      </ol>
      <p>
        <a class="button" href={KEY_URLS.keys} target="_blank" rel="noopener noreferrer">
          {KEY_SHEET_WORDS.openKeys}
        </a>
      </p>
      <p class="hint">{KEY_SHEET_WORDS.plus}</p>
    </details>
  );
}
