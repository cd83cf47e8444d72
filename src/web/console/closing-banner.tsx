import { useEffect } from "preact/hooks";
import type { Closing } from "../../protocol/closing.ts";
import { PlaceLink } from "./place-link.tsx";
import { refreshWorkshops } from "./session.ts";
import { CLOSING_WORDS, closingSteps, stepSentence } from "./words-closing.ts";

/** A step that is due is asked for so often, until it is done. */
const DUE_MS = 15_000;

interface ClosingBannerProps {
  readonly workshopId: string;
  readonly closing: Closing;
}

/** How far the end of the workshop is. */
export function ClosingBanner({ workshopId, closing }: ClosingBannerProps) {
  const steps = closingSteps(closing);
  const dueAt = steps.find(({ isDone }) => !isDone)?.at;
  useEffect(() => {
    if (dueAt === undefined) return;
    const timer = setInterval(() => {
      if (Date.now() >= Date.parse(dueAt)) void refreshWorkshops();
    }, DUE_MS);
    return () => clearInterval(timer);
  }, [dueAt]);
  return (
    <p class="banner" role="status">
      {steps.map(stepSentence).join(" ")}{" "}
      <PlaceLink to={{ workshopId, view: "report" }}>{CLOSING_WORDS.report}</PlaceLink>
      {closing.erasedAt === null && (
        <>
          {" · "}
          <PlaceLink to={{ workshopId, view: "settings" }}>{CLOSING_WORDS.dates}</PlaceLink>
        </>
      )}
    </p>
  );
}
