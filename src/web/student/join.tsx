import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Refusal } from "../rest-client.ts";
import { FAREWELL_WORDS, JOIN_WORDS, NO_COOKIE_WORDS } from "../words.ts";
import { codeIn } from "./entrance.ts";
import { Recover } from "./recover.tsx";
import { farewell, presence, refreshMe, welcome } from "./session.ts";
import { joinWorkshop } from "./student-client.ts";
import { useRequest } from "./use-request.ts";
import { WaitingRoom } from "./waiting-room.tsx";
import { WhatWeStore } from "./what-we-store.tsx";
import "./join.css";

/** What a student has typed to come in; stays while they wait. */
const code = signal(codeIn(location.hash));
const name = signal("");
/** The workshop has not begun: when it does, as far as anybody knows. */
const waits = signal<{ readonly opensAt: string | null } | null>(null);
const isBack = signal(false);
addEventListener("hashchange", () => {
  const brought = codeIn(location.hash);
  if (brought !== "") code.value = brought;
});

/** Our own words where the page knows more of what to do than the server. */
const SENTENCES: Readonly<Record<string, string>> = {
  bad_request: JOIN_WORDS.noSuchCode,
  workshop_full: JOIN_WORDS.full,
  workshop_closed: JOIN_WORDS.ended,
};
const sentenceOf = ({ code: reason, field, sentence }: Refusal): string =>
  reason === "bad_request" && !field?.startsWith("joinCode") ? sentence : (SENTENCES[reason] ?? sentence);

/** Why nobody came in; `null`: they are in, or wait. */
async function comeIn(): Promise<string | null> {
  const wanted = name.value.trim();
  const answer = await joinWorkshop(code.value.trim(), wanted);
  if (!answer.ok && answer.code === "workshop_not_open") {
    const { opensAt } = answer.reply;
    waits.value = { opensAt: typeof opensAt === "string" ? opensAt : null };
    return null;
  }
  if (!answer.ok) return sentenceOf(answer);
  waits.value = null;
  // The code is used: it need not stay in the address bar of a shared screen.
  history.replaceState(null, "", location.pathname);
  welcome.value = { ...answer.value, wanted };
  await refreshMe();
  // The next one at this browser is somebody else.
  if (presence.value === "in") name.value = "";
  return stillOut();
}

/** A browser that keeps no cookie forgets a student at once. */
const stillOut = (): string | null => (presence.value === "out" ? NO_COOKIE_WORDS : null);

/** Who is not signed in joins here, or comes back. */
export function Join() {
  return (
    <div class="join-page">
      {farewell.value && (
        <p class="note good" role="status">
          {FAREWELL_WORDS[farewell.value]}
        </p>
      )}
      <section class="card join">
        {isBack.value ? <Recover stillOut={stillOut} /> : waits.value ? <Waiting /> : <JoinForm />}
      </section>
      {!waits.value && (
        <button type="button" class="link" onClick={() => (isBack.value = !isBack.value)}>
          {isBack.value ? JOIN_WORDS.forward : JOIN_WORDS.back}
        </button>
      )}
    </div>
  );
}

function Waiting() {
  const opensAt = waits.value?.opensAt ?? null;
  return (
    <WaitingRoom
      name={name.value}
      opensAt={opensAt}
      ask={comeIn}
      onLeave={() => {
        waits.value = null;
      }}
    />
  );
}

function JoinForm() {
  const { isBusy, problem, run } = useRequest(comeIn);
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  useEffect(() => (code.value === "" ? first : second).current?.focus(), []);
  return (
    <form onSubmit={run}>
      <h2>{JOIN_WORDS.title}</h2>
      <p class="quiet">{JOIN_WORDS.lead}</p>
      <label for="join-code">{JOIN_WORDS.code}</label>
      <input
        ref={first}
        id="join-code"
        class="code"
        value={code.value}
        onInput={({ currentTarget }) => {
          code.value = currentTarget.value;
        }}
        required
        maxLength={32}
        autocomplete="off"
        autocapitalize="characters"
        spellcheck={false}
        aria-describedby="join-code-hint"
      />
      <p id="join-code-hint" class="hint">
        {JOIN_WORDS.codeHint}
      </p>
      <label for="join-name">{JOIN_WORDS.name}</label>
      <input
        ref={second}
        id="join-name"
        value={name.value}
        onInput={({ currentTarget }) => {
          name.value = currentTarget.value;
        }}
        required
        pattern=".*\S.*"
        maxLength={60}
        autocomplete="nickname"
        aria-describedby="join-name-hint"
      />
      <p id="join-name-hint" class="hint">
        {JOIN_WORDS.nameHint}
      </p>
      <button class="primary" type="submit" aria-disabled={isBusy}>
        {isBusy ? JOIN_WORDS.joining : JOIN_WORDS.join}
      </button>
      <p class="alert" role="alert">
        {problem}
      </p>
      <WhatWeStore />
    </form>
  );
}
