import { useId } from "preact/hooks";
import type { DeviceKind, SoundDevice } from "../sound-devices.ts";
import { canChooseSpeaker } from "../speaker.ts";
import { CALL_WORDS } from "../words.ts";
import { readCaptionsAloud, useDevice } from "./current-call.ts";
import { chosen, microphones, readsAloud, speakers } from "./sound-settings.ts";
import "./sound-panel.css";

/** Which microphone and loudspeaker, and who reads the captions. Devices have names once the microphone was allowed. */
export function SoundPanel() {
  const hintId = useId();
  const isOn = readsAloud.value;
  return (
    <details class="card sound-panel">
      <summary>{CALL_WORDS.sound}</summary>
      <Device kind="microphone" label={CALL_WORDS.microphone} devices={microphones.value} />
      {canChooseSpeaker() && <Device kind="speaker" label={CALL_WORDS.speaker} devices={speakers.value} />}
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          aria-describedby={hintId}
          checked={isOn}
          aria-checked={isOn}
          onChange={({ currentTarget }) => readCaptionsAloud(currentTarget.checked)}
        />
        <span>{CALL_WORDS.readAloud}</span>
      </label>
      <p id={hintId} class="quiet small">
        {CALL_WORDS.readAloudHint}
      </p>
    </details>
  );
}

interface DeviceProps {
  readonly kind: DeviceKind;
  readonly label: string;
  readonly devices: readonly SoundDevice[];
}

function Device({ kind, label, devices }: DeviceProps) {
  const id = useId();
  const isThere = devices.some((device) => device.id === chosen[kind].value);
  return (
    <>
      <label for={id}>{label}</label>
      <select
        id={id}
        value={isThere ? chosen[kind].value : ""}
        onChange={({ currentTarget }) => useDevice(kind, currentTarget.value)}
      >
        <option value="">{CALL_WORDS.systemChoice}</option>
        {devices.map((device) => (
          <option key={device.id} value={device.id}>
            {device.label}
          </option>
        ))}
      </select>
    </>
  );
}
