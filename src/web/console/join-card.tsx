import { signal } from "@preact/signals";
import type { WorkshopView } from "../../protocol/rest-workshop.ts";
import { CopyButton } from "../ui/copy-button.tsx";
import type { Room } from "./room.ts";
import { routeOf, workshop } from "./session.ts";
import { JOIN_CARD_WORDS, joinedWords, qrWords, shownAddress } from "./words.ts";
import "./join-card.css";

/** Whether the card fills the screen, for a projector. */
export const isProjecting = signal(false);

interface CardProps {
  readonly workshop: WorkshopView;
  /** Who has joined, live. */
  readonly students: number;
}

/** How to join, readable from the last row: address, code, QR code, and how many are in. */
export function Card({ workshop: { id, joinCode, joinUrl, seats }, students }: CardProps) {
  return (
    <div class="join-card">
      <div class="join-how">
        <p>{JOIN_CARD_WORDS.at}</p>
        <p class="join-address">{shownAddress(joinUrl)}</p>
        <p>{JOIN_CARD_WORDS.code}</p>
        <p class="join-code">{joinCode}</p>
        <p class="join-seats" role="status">
          {joinedWords(students, seats)}
        </p>
        {seats !== null && (
          <progress max={seats} value={Math.min(students, seats)} aria-label={joinedWords(students, seats)} />
        )}
      </div>
      <img
        class="join-qr"
        src={`/api/workshop${routeOf(id, "/qr.svg")}?code=${encodeURIComponent(joinCode)}`}
        alt={qrWords(joinUrl)}
      />
    </div>
  );
}

/** The card among the other parts of the console. */
export function JoinCard({ room: { wall } }: { readonly room: Room }) {
  const current = workshop.value;
  if (current === null) return null;
  return (
    <section class="card join-section" aria-label={JOIN_CARD_WORDS.title}>
      <Card workshop={current} students={wall.entries.value.size} />
      <div class="field-row">
        <button
          type="button"
          class="primary"
          aria-keyshortcuts="P"
          onClick={() => {
            isProjecting.value = true;
          }}
        >
          {JOIN_CARD_WORDS.project}
        </button>
        <span class="hint">{JOIN_CARD_WORDS.projectKey}</span>
      </div>
      <p class="field-row join-link">
        <a href={current.joinUrl}>{current.joinUrl}</a>
        <CopyButton text={current.joinUrl} what={JOIN_CARD_WORDS.copy} />
      </p>
    </section>
  );
}
