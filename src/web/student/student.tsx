import { effect } from "@preact/signals";
import { render } from "preact";
import { UNREACHABLE_WORDS } from "../words.ts";
import { Banners } from "./banners.tsx";
import { Join } from "./join.tsx";
import { keptReceipt } from "./kept-receipt.ts";
import { afterwards } from "./later-parts.ts";
import { me, presence, refreshMe, standstill } from "./session.ts";
import { TopBar } from "./top-bar.tsx";
import { Workspace } from "./workspace.tsx";
import "../style.css";

function StudentPage() {
  return (
    <>
      <TopBar />
      <Banners />
      <main id="page">
        {presence.value === "out" && (keptReceipt.value === null ? <Join /> : <afterwards.Part />)}
        {presence.value === "in" && <Workspace />}
        {presence.value === "unreachable" && (
          <p class="alert" role="alert">
            {UNREACHABLE_WORDS}
          </p>
        )}
      </main>
    </>
  );
}

/** The day the workshop ends, at the latest: no timer reaches further. */
const LONGEST_TIMER_MS = 24 * 86_400_000;
effect(() => {
  const closesAt = me.value?.workshop?.state === "open" ? me.value.workshop.closesAt : null;
  const untilMs = closesAt === null ? Number.NaN : Date.parse(closesAt) - Date.now();
  if (!(untilMs < LONGEST_TIMER_MS)) return;
  const timer = setTimeout(() => void refreshMe(), Math.max(1_000, untilMs + 500));
  return () => clearTimeout(timer);
});

const LOOK_AGAIN_MS = 5_000;
const OPENS_YET_MS = 30_000;

/** A server that does not answer, and a workshop that has not begun, are asked again until they do and have. */
effect(() => {
  const everyMs =
    presence.value === "unreachable" ? LOOK_AGAIN_MS : standstill.value === "not-open" ? OPENS_YET_MS : null;
  if (everyMs === null) return;
  const timer = setInterval(() => void refreshMe(), everyMs);
  return () => clearInterval(timer);
});

const root = document.getElementById("root");
if (root) render(<StudentPage />, root);
await refreshMe();
