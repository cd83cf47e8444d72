/** Everything the page says by itself, in plain English and in one place, so that a class can translate it. */

export * from "./words-call.ts";
export * from "./words-money.ts";
export * from "./words-receipt.ts";

export const NO_SERVER_WORDS = "The server cannot be reached. Check your network, then try again.";
export const BAD_REPLY_WORDS = "The server's answer could not be read. Try again in a moment.";
export const NO_COOKIE_WORDS = "This browser did not keep your sign-in. Allow cookies for this page, then join again.";
export const CLOSE_WORDS = "Close";
export const COPY_WORDS = "Copy";
export const COPIED_WORDS = "Copied";
export const NOT_COPIED_WORDS = "Not copied: select it and copy by hand";

/* The page around it */

export const UNREACHABLE_WORDS = "The server cannot be reached. Check your network; this page tries again by itself.";
export const VIEW_WORDS = { call: "Call", agent: "Agent", tools: "Tools", calls: "Calls" } as const;
export const WORKSPACE_WORDS = { agent: "Your agent", call: "The call", views: "Parts of your agent" } as const;

/* Joining, the student, the agent */

export * from "./words-agent.ts";
export * from "./words-join.ts";
export * from "./words-key.ts";

/* Tools */

export * from "./words-tools.ts";

/* History */

export * from "./words-history.ts";

/* The end of the workshop */

export * from "./words-closed.ts";
