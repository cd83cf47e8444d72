import { signal } from "@preact/signals";

/** Where in the console one is. It stands in the address, so that a reload, a bookmark and the back button find it. */

export const VIEWS = ["wall", "join", "spend", "metrics", "report", "settings", "check"] as const;
export type View = (typeof VIEWS)[number];

export interface Place {
  /** `null`: the list of workshops, or with `check` the server as such. */
  readonly workshopId: string | null;
  readonly view: View;
}

/** Anything that cannot be read is the beginning. */
export function placeOf(search: string): Place {
  const query = new URLSearchParams(search);
  const workshopId = query.get("workshop");
  const view = VIEWS.find((known) => known === query.get("view")) ?? "wall";
  return { workshopId: workshopId === "" ? null : workshopId, view };
}

export function addressOf({ workshopId, view }: Place): string {
  const query = new URLSearchParams();
  if (workshopId !== null) query.set("workshop", workshopId);
  if (view !== "wall") query.set("view", view);
  const search = query.toString();
  return search === "" ? "/console" : `/console?${search}`;
}

/**
 * The token of `/console#<token>`; `null`: none. It is taken out of the address before anything else happens, so that no
 * history, bookmark or shared screen has it.
 */
export function takeToken(page: {
  readonly location: { readonly hash: string; readonly search: string };
  readonly history: { replaceState(data: unknown, unused: string, url: string): void };
}): string | null {
  const { hash, search } = page.location;
  if (hash.length < 2) return null;
  page.history.replaceState(null, "", addressOf(placeOf(search)));
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return hash.slice(1);
  }
}

export const place = signal<Place>({ workshopId: null, view: "wall" });

/** Goes there, with a step in the history. */
export function go(to: Place): void {
  if (addressOf(to) === addressOf(place.peek())) return;
  history.pushState(null, "", addressOf(to));
  place.value = to;
  scrollTo(0, 0);
}

/** Begins with the address, and follows the back button. */
export function followAddress(): void {
  const read = (): void => {
    place.value = placeOf(location.search);
  };
  read();
  addEventListener("popstate", read);
}
