import { BrowserCall } from "./browser-call.ts";
import { type CallView, detailOf, foldCall, NO_CALL, statusOf, type ViewChange, waitedMs } from "./call-view.ts";
import { MicrophoneTrouble } from "./microphone-trouble.ts";
import { join, whoAmI } from "./rest-client.ts";
import type { SpeakerReport } from "./speaker-worklet.ts";
import { TranscriptLog } from "./transcript-log.ts";
import { ASKING_WORDS, BUTTON_WORDS, costWords, KEY_WORDS, NO_COOKIE_WORDS, NO_SOUND_WORDS, seconds } from "./words.ts";

/** The student's page: who is there, and one call at a time. Everything it shows of a call is `call-view.ts`. */

const page = find("page", HTMLElement);
const joinForm = find("join", HTMLFormElement);
const joinCode = find("join-code", HTMLInputElement);
const joinName = find("join-name", HTMLInputElement);
const joinError = find("join-error", HTMLElement);
const callPanel = find("call", HTMLElement);
const status = find("status", HTMLElement);
const waited = find("waited", HTMLElement);
const detail = find("detail", HTMLElement);
const error = find("error", HTMLElement);
const facts = find("facts", HTMLElement);
const level = find("level", HTMLMeterElement);
const dial = find("dial", HTMLButtonElement);
const dialTyping = find("dial-typing", HTMLButtonElement);
const controls = find("controls", HTMLElement);
const mute = find("mute", HTMLButtonElement);
const talkMode = find("talk-mode", HTMLButtonElement);
const talk = find("talk", HTMLButtonElement);
const end = find("end", HTMLButtonElement);
const sayForm = find("say", HTMLFormElement);
const sayText = find("say-text", HTMLInputElement);
const saySend = find("say-send", HTMLButtonElement);
const scroller = find("scroller", HTMLElement);
const nothingYet = find("nothing-yet", HTMLElement);
const who = find("who", HTMLElement);
const transcript = new TranscriptLog(find("transcript", HTMLElement), scroller);

let view: CallView = NO_CALL;
let call: BrowserCall | undefined;
/** The browser asks its user for the microphone. */
let isAsking = false;
let isDrawn = true;

function change(what: ViewChange): void {
  view = foldCall(view, what, performance.now());
  draw();
}

/** At most once a picture: levels come 25 times a second, captions in bursts. */
function draw(): void {
  if (!isDrawn) return;
  isDrawn = false;
  requestAnimationFrame(() => {
    isDrawn = true;
    drawNow();
  });
}

function drawNow(): void {
  const isUp = view.phase === "dialling" || view.phase === "live" || view.phase === "lost";
  page.dataset.phase = view.phase;
  page.dataset.state = view.state;
  put(status, isAsking && view.phase === "idle" ? ASKING_WORDS : statusOf(view));
  const ms = waitedMs(view);
  put(waited, ms === null ? "" : seconds(ms));
  put(detail, detailOf(view));
  put(error, view.error ?? "");
  put(facts, factsOf(view));
  const loudness = view.hasMicrophone && isUp && !view.muted ? Math.max(0, 1 + view.levelDbfs / 60) : 0;
  level.value = loudness;
  level.hidden = !(isUp && view.hasMicrophone);
  dial.hidden = isUp;
  dial.disabled = isAsking;
  controls.hidden = !isUp;
  for (const button of [mute, talkMode]) button.hidden = !view.hasMicrophone;
  mute.ariaPressed = String(view.muted);
  put(mute, view.muted ? BUTTON_WORDS.unmute : BUTTON_WORDS.mute);
  talkMode.ariaPressed = String(view.talkMode === "push-to-talk");
  talk.hidden = !(view.hasMicrophone && view.talkMode === "push-to-talk");
  talk.ariaPressed = String(view.talking);
  put(end, view.phase === "dialling" ? BUTTON_WORDS.cancel : BUTTON_WORDS.end);
  // What is typed while the connection is away is sent when it is back.
  for (const field of [sayText, saySend]) field.disabled = view.phase !== "live" && view.phase !== "lost";
  transcript.draw(view.lines);
  nothingYet.hidden = view.lines.length > 0;
}

function factsOf({ keySource, meter, model }: CallView): string {
  const cost = meter === null ? null : costWords(meter.costMicroUsd);
  return [keySource && KEY_WORDS[keySource], cost, model].filter((fact) => fact !== null).join(" · ");
}

/** Where playback is, for whoever looks from outside: a test, or the browser's own tools. */
function showPlayback({ type, positionMs, levelDbfs }: SpeakerReport): void {
  const isPlaying = type === "began" || type === "playing";
  page.dataset.playing = String(isPlaying);
  page.dataset.playedMs = positionMs.toFixed(0);
  page.dataset.playedDbfs = levelDbfs.toFixed(1);
  // A screen reader would talk over the agent; it reads what is new when the agent has finished.
  scroller.ariaLive = isPlaying ? "off" : "polite";
}

async function startCall(withMicrophone: boolean): Promise<void> {
  if (isAsking) return;
  dialTyping.hidden = true;
  isAsking = withMicrophone;
  view = NO_CALL;
  draw();
  try {
    call = new BrowserCall({ onChange: change, onPlayback: showPlayback });
    await call.start(withMicrophone);
  } catch (thrown) {
    const trouble = thrown instanceof MicrophoneTrouble ? thrown : undefined;
    // What else is thrown is the browser's refusal to make a place for sound.
    change({ type: "failed", sentence: trouble?.message ?? NO_SOUND_WORDS });
    dialTyping.hidden = trouble === undefined;
  } finally {
    isAsking = false;
    draw();
  }
}

async function showWhoIsThere(): Promise<void> {
  const me = await whoAmI();
  const isIn = me.ok;
  joinForm.hidden = isIn;
  callPanel.hidden = !isIn;
  if (isIn) {
    put(who, [me.value.name, me.value.workshop].filter((part) => part !== null).join(" · "));
    drawNow();
    dial.focus();
    return;
  }
  joinCode.value = decodeURIComponent(location.hash.slice(1));
  (joinCode.value === "" ? joinCode : joinName).focus();
  if (me.code !== "unauthorized" && me.code !== "unknown_session") put(joinError, me.sentence);
}

async function joinWorkshop(): Promise<void> {
  put(joinError, "");
  const answer = await join(joinCode.value.trim(), joinName.value.trim());
  if (!answer.ok) return put(joinError, answer.sentence);
  // The code is used: it need not stay in the address bar of a shared screen.
  history.replaceState(null, "", location.pathname);
  await showWhoIsThere();
  if (callPanel.hidden) put(joinError, NO_COOKIE_WORDS);
}

joinForm.addEventListener("submit", (event) => {
  event.preventDefault();
  void joinWorkshop();
});

dial.addEventListener("click", () => void startCall(true));
dialTyping.addEventListener("click", () => void startCall(false));
end.addEventListener("click", () => call?.hangUp());
mute.addEventListener("click", () => call?.mute(!view.muted));
talkMode.addEventListener("click", () => call?.useTalkMode(view.talkMode === "open" ? "push-to-talk" : "open"));
for (const type of ["pointerdown", "pointerup", "pointercancel", "lostpointercapture"] as const) {
  talk.addEventListener(type, (event) => {
    if (type === "pointerdown") talk.setPointerCapture(event.pointerId);
    call?.talk(type === "pointerdown");
  });
}
sayForm.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = sayText.value.trim();
  if (text === "") return;
  call?.say(text);
  sayText.value = "";
});

let escapedAtMs = Number.NEGATIVE_INFINITY;
const TWICE_MS = 600;

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || controls.hidden) return;
  if (event.key === "Escape") {
    if (event.timeStamp - escapedAtMs < TWICE_MS) call?.hangUp();
    escapedAtMs = event.timeStamp;
    return;
  }
  if (event.target instanceof HTMLInputElement) return;
  if (event.key.toLowerCase() === "m" && !mute.hidden) call?.mute(!view.muted);
  // On a button Space already means something, except on the one for talking.
  const isFree = !(event.target instanceof HTMLButtonElement) || event.target === talk;
  if (event.key === " " && isFree && !talk.hidden) {
    event.preventDefault();
    call?.talk(true);
  }
});
document.addEventListener("keyup", (event) => {
  if (event.key === " ") call?.talk(false);
});
window.addEventListener("blur", () => call?.talk(false));
window.addEventListener("pagehide", () => call?.hangUp());
setInterval(() => {
  if (view.phase === "dialling" || view.phase === "live" || view.phase === "lost") change({ type: "tick" });
}, 500);

await showWhoIsThere();

/** @throws Error when the page and its script are not of one build */
function find<Kind extends HTMLElement>(id: string, kind: abstract new () => Kind): Kind {
  const element = document.getElementById(id);
  if (element instanceof kind) return element;
  throw new Error(`no ${kind.name} #${id} in the page`);
}

/** Only ever text, and only when it is another: a live region reads whatever is set. */
function put(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
