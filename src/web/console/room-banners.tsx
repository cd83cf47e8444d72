import type { Room } from "./room.ts";
import { NeedShape } from "./shapes.tsx";
import { lostWords, WALL_WORDS } from "./words-wall.ts";

/** What holds for the whole workshop right now. */
export function RoomBanners({ room: { wall, connection } }: { readonly room: Room }) {
  const { paused, announcement } = wall.facts.value;
  const staleMs = wall.staleMs.value;
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
      {paused && (
        <p class="banner warn" role="status">
          <NeedShape kind="fallback" />
          {WALL_WORDS.paused}
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
