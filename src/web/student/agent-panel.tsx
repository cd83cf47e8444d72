import { NEXT_CALL_WORDS } from "../words.ts";
import { Checklist } from "./checklist.tsx";
import { GreetingField } from "./greeting-field.tsx";
import { HearingFields } from "./hearing-fields.tsx";
import { LanguageField } from "./language-field.tsx";
import { PromptEditor } from "./prompt-editor.tsx";
import { closing, isInCall } from "./session.ts";
import { VoicePicker } from "./voice-picker.tsx";
import "./agent.css";

/** What the student makes their agent with. There is nothing to press: everything saves itself. */
export function AgentPanel() {
  return (
    <div class="agent">
      {closing.value === null && <Checklist />}
      {isInCall.value && <p class="note">{NEXT_CALL_WORDS}</p>}
      <GreetingField />
      <PromptEditor />
      <VoicePicker />
      <LanguageField />
      <HearingFields />
    </div>
  );
}
