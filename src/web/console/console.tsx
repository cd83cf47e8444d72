import { effect } from "@preact/signals";
import { render } from "preact";
import { CheckPage } from "./check-page.tsx";
import { Login } from "./login.tsx";
import { followAddress, place, takeToken } from "./place.ts";
import { room } from "./room.ts";
import { logIn, presence, refreshWorkshops, trouble, workshop } from "./session.ts";
import { TopBar } from "./top-bar.tsx";
import { CONSOLE_WORDS, titleWords } from "./words.ts";
import { WorkshopRoom } from "./workshop-room.tsx";
import { Workshops } from "./workshops.tsx";
import "./console.css";

// Before anything else: nothing that runs later, and nobody who looks at the screen, finds the token in the address.
const token = takeToken(window);

function ConsolePage() {
  switch (presence.value) {
    case "looking":
      return <p class="looking quiet">{CONSOLE_WORDS.looking}</p>;
    case "out":
      return (
        <main class="console-out">
          <Login />
        </main>
      );
    case "unreachable":
      return (
        <main class="console-out">
          <h1>{CONSOLE_WORDS.title}</h1>
          <p class="alert" role="alert">
            {trouble.value?.sentence}
          </p>
          <button type="button" onClick={() => void refreshWorkshops()}>
            {CONSOLE_WORDS.again}
          </button>
        </main>
      );
    case "in":
      return (
        <>
          <TopBar />
          <Inside />
        </>
      );
  }
}

function Inside() {
  const { workshopId, view } = place.value;
  if (view === "check") return <CheckPage />;
  if (workshopId === null) return <Workshops />;
  if (workshop.value === null) {
    return (
      <main>
        <h1>{CONSOLE_WORDS.title}</h1>
        <p class="alert" role="alert">
          {CONSOLE_WORDS.notThere}
        </p>
      </main>
    );
  }
  return <WorkshopRoom key={workshopId} workshopId={workshopId} />;
}

effect(() => {
  document.title = titleWords(workshop.value?.name ?? null, room.value?.wall.totals.value.counts.stuck ?? 0);
});
followAddress();
const root = document.getElementById("root");
if (root) render(<ConsolePage />, root);
// A token in the address is newer than whatever cookie there is.
await (token === null ? refreshWorkshops() : logIn(token));
