import { PlaceLink } from "./place-link.tsx";
import { logOut, workshop } from "./session.ts";
import { CONSOLE_WORDS, VIEW_WORDS } from "./words.ts";
import "./top-bar.css";

const SHOWN_VIEWS = ["wall", "join", "spend", "metrics", "settings"] as const;
/** Nobody can join any more. */
const CLOSED_VIEWS = ["wall", "spend", "metrics", "report", "settings"] as const;

/** Where one is, and where one can go. */
export function TopBar() {
  const current = workshop.value;
  return (
    <header class="console-top">
      <div class="crumbs">
        <PlaceLink to={{ workshopId: null, view: "wall" }} className="home">
          {CONSOLE_WORDS.workshops}
        </PlaceLink>
        {current && (
          <>
            <span class="quiet" aria-hidden="true">
              /
            </span>
            <h1>{current.name}</h1>
          </>
        )}
      </div>
      {current && (
        <nav class="views" aria-label={CONSOLE_WORDS.views}>
          {(current.closing === null ? SHOWN_VIEWS : CLOSED_VIEWS).map((view) => (
            <PlaceLink key={view} to={{ workshopId: current.id, view }}>
              {VIEW_WORDS[view]}
            </PlaceLink>
          ))}
        </nav>
      )}
      <div class="account">
        <PlaceLink to={{ workshopId: current?.id ?? null, view: "check" }}>{CONSOLE_WORDS.check}</PlaceLink>
        <button type="button" class="link" onClick={() => void logOut()}>
          {CONSOLE_WORDS.signOut}
        </button>
      </div>
    </header>
  );
}
