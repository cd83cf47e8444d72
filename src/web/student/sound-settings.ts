import { computed, signal } from "@preact/signals";
import { type MicrophoneCause, troubleOf } from "../microphone-trouble.ts";
import { chooseDevice, chosenDevice, type DeviceKind, devicesOf } from "../sound-devices.ts";
import { browserStorage } from "./browser-storage.ts";

/** What this browser knows of microphones and loudspeakers, what its student chose, and what it may not do. */

const all = signal<readonly MediaDeviceInfo[]>([]);
export const microphones = computed(() => devicesOf(all.value, "microphone"));
export const speakers = computed(() => devicesOf(all.value, "speaker"));
export const chosen = {
  microphone: signal(chosenDevice("microphone", browserStorage())),
  speaker: signal(chosenDevice("speaker", browserStorage())),
} as const;

const READ_ALOUD = "callroom.read-aloud";
/** Captions are read by a screen reader also while the agent speaks, who is quieter for it. */
export const readsAloud = signal(browserStorage()?.getItem(READ_ALOUD) === "yes");

/** Why there is no microphone; null: nothing is known against it. */
export const trouble = signal<MicrophoneCause | null>(null);
/** One was missing, and has come. */
export const wasFound = signal(false);
/** Whether the browser will ask its user: `prompt`; `unknown` where it does not tell. */
export const permission = signal<PermissionState | "unknown">("unknown");

export function choose(kind: DeviceKind, id: string): void {
  chosen[kind].value = id;
  chooseDevice(kind, id, browserStorage());
}

export function readAloud(isOn: boolean): void {
  readsAloud.value = isOn;
  browserStorage()?.setItem(READ_ALOUD, isOn ? "yes" : "no");
}

export function failedWith(thrown: unknown): void {
  wasFound.value = false;
  trouble.value = troubleOf(thrown).cause;
}

export async function lookAtDevices(): Promise<void> {
  all.value = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  if (trouble.value !== "none" || !all.value.some(({ kind }) => kind === "audioinput")) return;
  trouble.value = null;
  wasFound.value = true;
}

/** Keeps it all up to date until the returned function is called. */
export function watchDevices(): () => void {
  const stop = new AbortController();
  const look = (): void => void lookAtDevices();
  navigator.mediaDevices?.addEventListener("devicechange", look, { signal: stop.signal });
  look();
  void watchPermission(stop.signal);
  return () => stop.abort();
}

async function watchPermission(signal: AbortSignal): Promise<void> {
  // Some browsers know no permission of this name, and say so by rejecting.
  const status = await navigator.permissions?.query({ name: "microphone" }).catch(() => undefined);
  if (!status || signal.aborted) return;
  const look = (): void => {
    permission.value = status.state;
    if (status.state === "denied" || trouble.value !== "denied") return;
    trouble.value = null;
  };
  permission.value = status.state;
  status.addEventListener("change", look, { signal });
}
