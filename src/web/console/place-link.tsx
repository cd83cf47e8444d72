import type { ComponentChildren } from "preact";
import { addressOf, go, type Place, place } from "./place.ts";

interface PlaceLinkProps {
  readonly to: Place;
  readonly className?: string;
  readonly children: ComponentChildren;
}

/** A real link: it opens in another tab as well, and shows where it leads. */
export function PlaceLink({ to, className = "", children }: PlaceLinkProps) {
  const address = addressOf(to);
  const follow = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a
      href={address}
      class={className}
      aria-current={address === addressOf(place.value) ? "page" : undefined}
      onClick={follow}
    >
      {children}
    </a>
  );
}
