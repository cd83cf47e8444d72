import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type Tab, Tabs } from "../ui/tabs.tsx";
import { VIEW_WORDS, WORKSPACE_WORDS } from "../words.ts";
import { AgentPanel } from "./agent-panel.tsx";
import { CallScreen } from "./call-screen.tsx";
import { history, loadLaterParts, sheets, tools } from "./later-parts.ts";
import { chosenView, closing, sheet, type View } from "./session.ts";
import "./workspace.css";

/** Time for what the first picture needs; after that, a tab opens at once, also without a network. */
const LOAD_REST_MS = 1_500;

/** Both halves fit beside each other. As in workspace.css. */
const wide = matchMedia("(min-width: 60rem)");
const isWide = signal(wide.matches);
wide.addEventListener("change", () => {
  isWide.value = wide.matches;
});

const HALF: readonly Tab<View>[] = [
  { name: "agent", label: VIEW_WORDS.agent },
  { name: "tools", label: VIEW_WORDS.tools },
  { name: "calls", label: VIEW_WORDS.calls },
];
const WHOLE: readonly Tab<View>[] = [{ name: "call", label: VIEW_WORDS.call }, ...HALF];

/** The student's page: the agent on the left, the call on the right; on a phone one behind the other. */
export function Workspace() {
  const beside = closing.value === null ? "agent" : "calls";
  const view = isWide.value && chosenView.value === "call" ? beside : chosenView.value;
  const choose = (name: View): void => {
    chosenView.value = name;
  };
  useEffect(() => {
    const timer = setTimeout(() => void loadLaterParts(), LOAD_REST_MS);
    return () => clearTimeout(timer);
  }, []);
  // The call goes on, and stays in the page, whatever is looked at.
  return (
    <div class="workspace" data-view={view}>
      <section class="half left" aria-label={WORKSPACE_WORDS.agent}>
        <Tabs label={WORKSPACE_WORDS.views} tabs={isWide.value ? HALF : WHOLE} chosen={view} onChoose={choose}>
          {view === "agent" && <AgentPanel />}
          {view === "tools" && <tools.Part />}
          {view === "calls" && <history.Part />}
        </Tabs>
      </section>
      <section class="half right" aria-label={WORKSPACE_WORDS.call} hidden={!isWide.value && view !== "call"}>
        <CallScreen />
      </section>
      {sheet.value !== null && <sheets.Part />}
    </div>
  );
}
