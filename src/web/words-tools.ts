import type { Builtin } from "../protocol/tools.ts";

/** Words of the Tools tab. */

export const TOOLS_WORDS = {
  title: "Tools",
  lead: "What your agent can do besides talking. Changes count from the next call on.",
  add: "Add a tool",
  full: "That is the most there can be. Delete one to add another.",
  none: "Your agent only talks. Give it something to do: each of these works at once.",
  back: "All tools",
  duplicate: "Duplicate",
  remove: "Delete",
  undo: "Undo",
  blank: "Start blank",
  have: "You have this one",
  blankHint: "A mock without arguments, to make your own",
  galleryHint: "Each works now, without a server. You can change everything later.",
  untitled: "no name yet",
  unreadable: "Cannot be read",
  unreadableHint:
    "Your agent does without this tool. Correct its JSON or delete it: until then no change of your tools is saved.",
  blocked: "Nothing is saved now: a tool in this list cannot be saved as it is.",
  changed: "Not saved yet",
  form: "Form",
  json: "JSON",
  views: "Ways to edit this tool",
  jsonLabel: "The tool, exactly as it is stored",
  jsonHint: "What the form does not know is kept as you write it.",
  jsonBroken: "The JSON cannot be read as it stands in the other tab. The form shows the last that could.",
} as const;

export const countOfToolsWords = (count: number, most: number): string => `${count} of ${most}`;
export const deletedWords = (name: string): string => `Deleted ${name || "a tool"}.`;

export const MODE_WORDS = { mock: "Mock", builtin: "Built-in", webhook: "Webhook" } as const;
export const MODE_HINT_WORDS = {
  mock: "Always gives the answer you write here. No server needed.",
  builtin: "Done by Callroom itself.",
  webhook: "Asks a server of yours over https.",
} as const;
export const BUILTIN_WORDS: Readonly<Record<Builtin, string>> = {
  current_time: "Tell the time",
  roll_dice: "Roll dice",
  end_call: "End the call",
  hand_over: "Hand over to a person",
};

export const FORM_WORDS = {
  name: "Name",
  nameHint: "Letters, digits and _. The model sees it.",
  description: "What it does, and when to use it",
  descriptionHint: "The model decides by these words.",
  parameters: "What the agent must find out first",
  nested: "These arguments are nested, more than a table can show. Edit them in the JSON tab.",
  noParameters: "Nothing: the tool takes no arguments.",
  addParameter: "Add an argument",
  removeParameter: "Remove",
  parameterName: "Argument",
  parameterType: "Type",
  parameterDescription: "Description",
  parameterRequired: "Required",
  badName: "Begins with a letter; then letters, digits, _ or -; each name once.",
  mode: "Who answers",
  reply: "The answer, as JSON",
  replyProblem: "This is not JSON yet. The last good answer is kept.",
  delay: "Slow: seconds until it answers",
  delayHint: "After a short while your agent says one of the lines below.",
  fails: "Failing: it answers that something went wrong",
  builtin: "Which one",
  url: "Address (https)",
  timeout: "Give up after, in seconds",
  fillers: "While it waits your agent says",
  fillersHint: "One of these lines, each time another. Empty: words of ours.",
} as const;
export const fillerWords = (number: number): string => `Line ${number}`;
export const TYPE_WORDS = { string: "Text", number: "Number", integer: "Whole number", boolean: "Yes or no" } as const;

export const RUN_WORDS = {
  title: "Run once",
  hint: "Runs the saved tool now, just as a call would. It costs nothing.",
  webhookHint: "Sends a real, signed request to your server.",
  noFields: "It takes no arguments.",
  run: "Run it",
  again: "Run it again",
  running: "Running",
  blocked: "Correct the tool first: what is saved would be run.",
  unsaved: "The tool is not saved yet, so it was not run.",
  notFilled: "Give this what it asks for.",
  optional: "optional",
  none: "leave it out",
  yes: "Yes",
  no: "No",
  ok: "Answered",
  failed: "Failed",
  status: "HTTP status",
  noStatus: "none: no answer came",
  request: "What was sent",
  address: "Address",
  headers: "Headers",
  body: "Body",
  output: "What the model is given",
  ownFiller: "One moment, please.",
  toldTruth: "The model is told that it failed, so your agent can tell the truth.",
} as const;
export const saysMeanwhileWords = (line: string): string => `Meanwhile your agent says: “${line}”`;
export const lastRunWords = (outcome: "ok" | "failed", took: string): string =>
  `${outcome === "ok" ? RUN_WORDS.ok : RUN_WORDS.failed} after ${took}`;

export const SECRET_WORDS = {
  title: "Is it really your agent?",
  hint: "Every request is signed with a secret that only you and Callroom know. Your server checks the signature.",
  make: "Make a secret",
  another: "Make a new secret",
  replaces: "You have one already. A new one stops it at once.",
  once: "Shown only now. Keep it where your server finds it, as WEBHOOK_SECRET.",
  copy: "the secret",
  copyCode: "the code",
  check: "Check it in your server",
  languages: "Language",
} as const;
