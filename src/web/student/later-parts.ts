import { later } from "../ui/later.tsx";

/** What a first call does not need at once: it comes when the page has what it needs, each part in a file of its own. */

export const arithmetic = later(async () => (await import("./arithmetic.tsx")).Arithmetic);
export const receipt = later(async () => (await import("./receipt.tsx")).Receipt);
export const tools = later(async () => (await import("./tools-panel.tsx")).ToolsPanel);
export const history = later(async () => (await import("./history-panel.tsx")).HistoryPanel);
export const closedCard = later(async () => (await import("./closed-card.tsx")).ClosedCard);
export const afterwards = later(async () => (await import("./afterwards.tsx")).Afterwards);
export const sheets = later(async () => (await import("./sheets.tsx")).Sheets);

/** Fetches what a student may open: after that each opens at once, also without a network. */
export const loadLaterParts = async (): Promise<void> => {
  await Promise.all([receipt, arithmetic, sheets, tools, history].map((part) => part.load()));
};
