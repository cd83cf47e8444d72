import { ClosingBanner } from "./closing-banner.tsx";
import { poolOf } from "./lent.ts";
import { PlaceLink } from "./place-link.tsx";
import type { Room } from "./room.ts";
import { hasFallback, workshop } from "./session.ts";
import { NeedShape } from "./shapes.tsx";
import { POOL_BANNERS, TOP_UP_WORDS } from "./words-money.ts";
import { lostWords, WALL_WORDS } from "./words-wall.ts";
import "./room-banners.css";

/** What holds for the whole workshop right now. */
export function RoomBanners({ room: { wall, connection, workshopId } }: { readonly room: Room }) {
  const { paused, announcement } = wall.facts.value;
  const staleMs = wall.staleMs.value;
  const money = wall.money.value;
  const pool = money && poolOf(money, wall.totals.value.isPoolRefused);
  const closing = workshop.value?.closing ?? null;
  const isClosed = connection.value === "closed";
  return (
    <section class="room-banners" aria-label={WALL_WORDS.now}>
      {isClosed && (
        <p class="banner bad" role="alert">
          {WALL_WORDS.closed}{" "}
          <button type="button" class="link" onClick={() => location.reload()}>
            {WALL_WORDS.reload}
          </button>
        </p>
      )}
      {!isClosed && staleMs !== null && (
        <p class="banner warn">
          <NeedShape kind="stuck" />
          <span class="hidden-label" role="alert">
            {WALL_WORDS.lost}
          </span>
          <span aria-hidden="true">{lostWords(staleMs)}</span>
        </p>
      )}
      {closing !== null && <ClosingBanner workshopId={workshopId} closing={closing} />}
      {paused && (
        <p class="banner warn" role="status">
          <NeedShape kind="fallback" />
          {WALL_WORDS.paused}
        </p>
      )}
      {closing === null && hasFallback.value && pool && pool.stage !== "ok" && (
        <p class={`banner ${pool.stage === "spent" ? "bad" : "warn"}`} role="status">
          <NeedShape kind={pool.stage === "spent" ? "used-up" : "near-limit"} />
          {POOL_BANNERS[pool.stage]} <PlaceLink to={{ workshopId, view: "spend" }}>{TOP_UP_WORDS.more}</PlaceLink>
        </p>
      )}
      {announcement !== null && (
        <p class="banner">
          <span class="quiet">{WALL_WORDS.announced}</span> {announcement}
        </p>
      )}
    </section>
  );
}
