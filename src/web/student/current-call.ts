import { signal } from "@preact/signals";
import { BrowserCall } from "../browser-call.ts";
import { type CallView, foldCall, isUp, NO_CALL, type ViewChange } from "../call-view.ts";
import { MicrophoneTrouble } from "../microphone-trouble.ts";
import type { DeviceKind } from "../sound-devices.ts";
import type { SpeakerReport } from "../speaker-worklet.ts";
import { NO_SOUND_WORDS } from "../words.ts";
import { saveNow } from "./drafts.ts";
import { callsChanged, isInCall } from "./session.ts";
import {
  choose,
  chosen,
  failedWith,
  lookAtDevices,
  readAloud,
  readsAloud,
  trouble,
  wasFound,
} from "./sound-settings.ts";

/** The call of this page, one at a time. What is shown of it is `call-view.ts`. */

/** As it was last drawn: changes come up to 50 times a second, and are shown once a picture. */
export const callView = signal<CallView>(NO_CALL);
/** The browser asks its user for the microphone; `late`: for so long that help is due. */
export const asking = signal<"no" | "yes" | "late">("no");
/** Of the call that goes on, or of the last one; null: it was never prepared. */
export const callId = signal<string | null>(null);
/** The agent is heard right now. */
export const isPlaying = signal(false);

const ASKING_LATE_MS = 10_000;
/** The archive has the last turns of a call a moment after its end. */
const ARCHIVED_MS = 2_000;
/** Of the agent's voice, under that of a screen reader. */
const QUIET_VOLUME = 0.25;

let latest = NO_CALL;
let isDrawn = true;
let call: BrowserCall | undefined;
const ownCallIds = new Set<string>();

/** Begun by this page, so that it is not shown a second time. */
export const isOwnCall = (id: string): boolean => ownCallIds.has(id);

/**
 * To be called while a click is handled: browsers let sound begin only then.
 *
 * @param words said first, as soon as the call is there
 */
export async function startCall(withMicrophone: boolean, words?: string): Promise<void> {
  if (isUp(latest) || (withMicrophone && asking.value !== "no")) return;
  // Whoever types does not wait for the browser's question to be answered.
  hangUp();
  // What was typed last is part of the agent that is called.
  void saveNow();
  trouble.value = null;
  wasFound.value = false;
  latest = NO_CALL;
  draw();
  call = undefined;
  callId.value = null;
  asking.value = withMicrophone ? "yes" : "no";
  const late = setTimeout(() => {
    if (asking.value === "yes") asking.value = "late";
  }, ASKING_LATE_MS);
  let made: BrowserCall | undefined;
  try {
    made = newCall();
    if (words !== undefined) made.say(words);
    await made.start(withMicrophone);
  } catch (thrown) {
    if (call !== made) return;
    if (thrown instanceof MicrophoneTrouble) failedWith(thrown);
    // What else is thrown is the browser's refusal to make a place for sound.
    else change({ type: "failed", failure: { code: null, sentence: NO_SOUND_WORDS } });
  } finally {
    clearTimeout(late);
    if (call === made) asking.value = "no";
  }
}

function newCall(): BrowserCall {
  const made: BrowserCall = new BrowserCall(
    {
      onChange: (what) => {
        if (call !== made) return;
        if (what.type === "dial") answered();
        change(what);
      },
      onPlayback: (report) => call === made && showPlayback(report),
      onPrepared: (prepared) => {
        ownCallIds.add(prepared);
        if (call === made) callId.value = prepared;
      },
    },
    {
      microphoneId: chosen.microphone.value,
      speakerId: chosen.speaker.value,
      volume: readsAloud.value ? QUIET_VOLUME : 1,
    },
  );
  call = made;
  return made;
}

/** The browser has given the microphone, and with it the names of all devices. */
function answered(): void {
  asking.value = "no";
  void lookAtDevices();
}

/** Returns whether there was a call to end. */
export function hangUp(): boolean {
  if (asking.value !== "no") {
    // The browser still shows its question; an answer to it is nobody's any more.
    const given = call;
    call = undefined;
    asking.value = "no";
    given?.hangUp();
    return true;
  }
  if (!isUp(latest)) return false;
  call?.hangUp();
  return true;
}

export const mute = (muted: boolean): void => call?.mute(muted);
export const toggleMute = (): void => mute(!latest.muted);
export const talk = (pressed: boolean): void => call?.talk(pressed);
export const toggleTalk = (): void => talk(!latest.talking);
export const say = (text: string): void => call?.say(text);
export const press = (digit: string): void => call?.press(digit);
export const usePushToTalk = (isOn: boolean): void => call?.useTalkMode(isOn ? "push-to-talk" : "open");
export const resume = (): void => call?.resume();
/** The student does not mind that the microphone hears the loudspeaker, or has put on headphones. */
export const dismissEcho = (): void => change({ type: "echo", isLoud: false });

export function useDevice(kind: DeviceKind, id: string): void {
  choose(kind, id);
  void (kind === "microphone" ? call?.useMicrophone(id) : call?.useSpeaker(id));
}

export function readCaptionsAloud(isOn: boolean): void {
  readAloud(isOn);
  call?.setVolume(isOn ? QUIET_VOLUME : 1);
}

/** Time passes: for as long as there is a call. */
export function tick(): void {
  if (isUp(latest)) change({ type: "tick" });
}

function change(what: ViewChange): void {
  const wasUp = isUp(latest);
  const hadBegun = latest.startedAtMs !== null;
  latest = foldCall(latest, what, performance.now());
  draw();
  if (!wasUp || isUp(latest) || !hadBegun) return;
  callsChanged.value += 1;
  setTimeout(() => {
    callsChanged.value += 1;
  }, ARCHIVED_MS);
}

function draw(): void {
  if (!isDrawn) return;
  isDrawn = false;
  requestAnimationFrame(() => {
    isDrawn = true;
    callView.value = latest;
    isInCall.value = isUp(latest);
  });
}

/** Where playback is, for whoever looks from outside: a test, or the browser's own tools. */
function showPlayback({ type, positionMs, levelDbfs }: SpeakerReport): void {
  isPlaying.value = type === "began" || type === "playing";
  const page = document.getElementById("page");
  if (!page) return;
  page.dataset.playing = String(isPlaying.value);
  page.dataset.playedMs = positionMs.toFixed(0);
  page.dataset.playedDbfs = levelDbfs.toFixed(1);
}
