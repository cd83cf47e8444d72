import { computed, signal } from "@preact/signals";
import type { BudgetOwner } from "../../protocol/bill.ts";
import type { StudentMoney } from "../../protocol/live-messages.ts";
import type { MePatch } from "../../protocol/rest.ts";
import { type Answer, ask, nothing } from "../rest-client.ts";
import { type Me, readMe } from "./me.ts";

/** Who is signed in, and their agent as the server has it; what every part of the page reads. */

export type Presence = "looking" | "out" | "in" | "unreachable";

export const presence = signal<Presence>("looking");
export const me = signal<Me | null>(null);

/** The sheet that lies over the page. */
export type SheetName = "key" | "recovery" | "erase" | "phone";
export const sheet = signal<SheetName | null>(null);

/** The part of the page that is looked at. On a wide screen the call is beside it. */
export type View = "call" | "agent" | "tools" | "calls";
export const chosenView = signal<View>("call");

/** A call of this page goes on. */
export const isInCall = signal(false);

/** Grows with each call that has ended: whoever lists calls looks again. */
export const callsChanged = signal(0);

/** Words of the instructor's for everybody, and whether all calls are stopped: pushed over `/live`. */
export const announcement = signal<string | null>(null);
export const isPaused = signal(false);

/** What may still be spent, as the workshop counts. Null: nobody says so now, and an older number is not shown. */
export const money = signal<StudentMoney | null>(null);

/** Of the student who has just joined: shown this once, kept nowhere. `wanted`: the name they asked for. */
export interface Welcome {
  readonly recoveryPhrase: string;
  readonly wanted: string;
  readonly name: string;
}
export const welcome = signal<Welcome | null>(null);

/** How the student who was here went; `forgotten`: and took the receipt along that was kept here. */
export type Farewell = "erased" | "left" | "forgotten";
export const farewell = signal<Farewell | null>(null);

/** The server does not know whoever was here: they were erased, by whomever. */
export const isErased = signal(false);

/** The end of the workshop, once it was closed for good. */
export const closing = computed(() => me.value?.workshop?.closing ?? null);

/** Why no call can begin right now, whatever the microphone says; `null`: one can. A limit's owner: that limit is reached. */
export const standstill = computed<"paused" | "not-open" | "ended" | "no-key" | BudgetOwner | null>(() => {
  const student = me.value;
  if (closing.value !== null) return "ended";
  if (student?.workshop && student.workshop.state !== "open") return student.workshop.state;
  if (isPaused.value) return "paused";
  if (!student) return null;
  if (student.payer === null) return "no-key";
  const budget = money.value?.[student.payer === "student" ? "own" : "lent"];
  return budget?.stage === "spent" ? budget.of : null;
});

/** Requests for the same row go one after the other: an older reply never hides a newer one. */
let last: Promise<unknown> = Promise.resolve();
function inTurn<Value>(job: () => Promise<Value>): Promise<Value> {
  const done = last.then(job);
  last = done;
  return done;
}

/** Asks the server who is there. */
export const refreshMe = (): Promise<Answer<Me>> =>
  inTurn(async () => {
    const answer = await ask("GET", "/api/me", readMe);
    if (answer.ok) {
      me.value = answer.value;
      presence.value = "in";
    } else if (!wasSignedOut(answer) && presence.value !== "in") {
      presence.value = "unreachable";
    }
    return answer;
  });

/** Changes what the patch names, and shows what the server then has. */
export const patchMe = (patch: MePatch): Promise<Answer<Me>> =>
  inTurn(async () => {
    const answer = await ask("PATCH", "/api/me", readMe, patch, true);
    if (answer.ok) me.value = answer.value;
    else wasSignedOut(answer);
    return answer;
  });

/** Changes what the patch names while the page goes away: waits for nothing, and nobody reads the reply. */
export const patchMeLast = (patch: MePatch): Promise<Answer<null>> => ask("PATCH", "/api/me", nothing, patch, true);

/** The page is nobody's any more. */
export function signedOut(how: Farewell | null = null): void {
  farewell.value = how;
  sheet.value = null;
  welcome.value = null;
  announcement.value = null;
  isPaused.value = false;
  money.value = null;
  me.value = null;
  presence.value = "out";
}

function wasSignedOut({ code }: { readonly code: string }): boolean {
  const isOut = code === "unauthorized" || code === "unknown_session";
  isErased.value = code === "unknown_session";
  if (isOut) signedOut();
  return isOut;
}
