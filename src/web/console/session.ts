import { computed, signal } from "@preact/signals";
import type { LendingLimits } from "../../protocol/bill.ts";
import type { Fields } from "../../protocol/read-fields.ts";
import type { TopUpRequest, WorkshopPatch, WorkshopView } from "../../protocol/rest-workshop.ts";
import { type Answer, ask, type Method, nothing, type Refusal } from "../rest-client.ts";
import { place } from "./place.ts";
import { readOneWorkshop, readWorkshops, type Workshops } from "./read-replies.ts";

/** Whether the instructor is signed in, and their workshops as the server has them. */

export type Presence = "looking" | "out" | "in" | "unreachable";

export const presence = signal<Presence>("looking");
/** Why nothing can be shown, while `unreachable`; why the last sign-in failed, while `out`. */
export const trouble = signal<Refusal | null>(null);
const NO_WORKSHOPS: Workshops = { workshops: [], fallbackKey: false, models: [] };

export const workshops = signal(NO_WORKSHOPS);

/** The workshop that the address names; `null`: none, or one that is not there (any more). */
export const workshop = computed<WorkshopView | null>(
  () => workshops.value.workshops.find(({ id }) => id === place.value.workshopId) ?? null,
);

/** Whether a student without a key may call at all: there is an instructor's key, and this workshop allows it. */
export const hasFallback = computed(() => workshops.value.fallbackKey && (workshop.value?.fallbackAllowed ?? false));

/** A request of the instructor's. Whoever is signed out meanwhile is shown the login. */
export async function askInstructor<Value>(
  method: Method,
  path: string,
  read: (reply: Fields) => Value,
  body?: object,
): Promise<Answer<Value>> {
  const answer = await ask(method, `/api/workshop${path}`, read, body);
  if (!answer.ok && answer.code === "unauthorized") presence.value = "out";
  return answer;
}

/** Path of a workshop's route below `/api/workshop`. */
export const routeOf = (workshopId: string, rest = ""): string => `/workshops/${encodeURIComponent(workshopId)}${rest}`;

/** Asks for the workshops, which also tells whether anybody is signed in, by cookie or by Cloudflare Access. */
export async function refreshWorkshops(): Promise<Answer<Workshops>> {
  const answer = await askInstructor("GET", "/workshops", readWorkshops);
  if (answer.ok) {
    workshops.value = answer.value;
    presence.value = "in";
  } else if (answer.code !== "unauthorized" && presence.value !== "in") {
    trouble.value = answer;
    presence.value = "unreachable";
  }
  return answer;
}

/** Signs in. A browser that does not keep the cookie is `unauthorized` right afterwards. */
export async function logIn(instructorToken: string): Promise<void> {
  trouble.value = null;
  const answer = await ask("POST", "/api/workshop/login", nothing, { instructorToken });
  const inside = answer.ok ? await refreshWorkshops() : answer;
  if (inside.ok) return;
  trouble.value = inside;
  presence.value = "out";
}

export async function logOut(): Promise<void> {
  const answer = await askInstructor("POST", "/logout", nothing, {});
  if (!answer.ok) return;
  workshops.value = NO_WORKSHOPS;
  trouble.value = null;
  presence.value = "out";
}

export async function patchWorkshop(workshopId: string, patch: WorkshopPatch): Promise<Answer<WorkshopView>> {
  const answer = await askInstructor("PATCH", routeOf(workshopId), readOneWorkshop, patch);
  if (answer.ok) keep(answer.value);
  return answer;
}

/** Shows a workshop as the server has just told it. */
export function keep(changed: WorkshopView): void {
  const { workshops: known, ...rest } = workshops.value;
  const isNew = known.every(({ id }) => id !== changed.id);
  const list = isNew ? [changed, ...known] : known.map((one) => (one.id === changed.id ? changed : one));
  workshops.value = { workshops: list, ...rest };
}

/** Shows what is lent as it was told last, by whichever way: two consoles may change it. */
export function keepLending(workshopId: string, lending: LendingLimits): void {
  const known = workshops.peek().workshops.find(({ id }) => id === workshopId);
  if (known && JSON.stringify(known.lending) !== JSON.stringify(lending)) keep({ ...known, lending });
}

/** Adds to the pool, in whole micro-dollars. */
export async function topUp(workshopId: string, microUsd: number): Promise<Answer<WorkshopView>> {
  const request: TopUpRequest = { microUsd };
  const answer = await askInstructor("POST", routeOf(workshopId, "/top-up"), readOneWorkshop, request);
  if (answer.ok) keep(answer.value);
  return answer;
}
