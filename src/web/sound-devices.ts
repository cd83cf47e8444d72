/** Which microphone and loudspeaker a student has chosen: kept by this browser, and only by their ids. No DOM. */

export type DeviceKind = "microphone" | "speaker";

export interface SoundDevice {
  readonly id: string;
  readonly label: string;
}

const NAMES: Readonly<Record<DeviceKind, string>> = { microphone: "callroom.microphone", speaker: "callroom.speaker" };
const KINDS: Readonly<Record<DeviceKind, MediaDeviceKind>> = { microphone: "audioinput", speaker: "audiooutput" };
/** Browsers give ids of 64 characters, or a word such as `default`; anything else was not written here. */
const ID = /^[\w+/=-]{1,128}$/;

/** Empty: the system's own choice. */
export function chosenDevice(kind: DeviceKind, storage: Pick<Storage, "getItem"> | null): string {
  const id = storage?.getItem(NAMES[kind]) ?? "";
  return ID.test(id) ? id : "";
}

export function chooseDevice(kind: DeviceKind, id: string, storage: Pick<Storage, "setItem"> | null): void {
  storage?.setItem(NAMES[kind], ID.test(id) ? id : "");
}

/** Those that have names: a browser tells them only to a page that may use the microphone. */
export const devicesOf = (all: readonly MediaDeviceInfo[], kind: DeviceKind): readonly SoundDevice[] =>
  all
    .filter((device) => device.kind === KINDS[kind] && device.label !== "" && device.deviceId !== "default")
    .map(({ deviceId, label }) => ({ id: deviceId, label }));
