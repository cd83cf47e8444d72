/** Joining, the top of the page, the sheets around the student. */

export const JOIN_WORDS = {
  title: "Join your workshop",
  lead: "You get a voice agent that answers calls. It works as soon as you are in.",
  code: "Join code",
  codeHint: "From your instructor, like MAPLE-7F",
  name: "Your name",
  nameHint: "A nickname is fine",
  join: "Join",
  joining: "Joining…",
  stored: "No account. No e-mail. What we store",
  back: "I have been here before",
  forward: "I am new here",
  backTitle: "Welcome back",
  backLead: "Type the four words that you wrote down when you joined, or a session token from an older Callroom.",
  phrase: "Your four words, or your token",
  comeIn: "Come back in",
  comingIn: "Looking…",
  noSuchCode: "This is not a join code. Codes look like MAPLE-7F.",
  full: "Every seat is taken. Ask your instructor for one more, then try again.",
  ended:
    "This workshop has ended. If you took part, your four words still bring you back: read your calls and take them with you.",
} as const;

export const WAITING_ROOM_WORDS = {
  title: "You are early",
  lead: "Nothing to do: this page lets you in by itself when it opens.",
  asked: "Not open yet. This page asks again every half minute.",
  other: "Use another code",
} as const;

export const waitingFor = (name: string): string => `Your place is kept here, ${name}.`;
export const opensAtWords = (opens: string): string => `Opens ${opens}`;

export const STORED_TITLE = "What we store";
export const STORED_WORDS: readonly (readonly [string, string])[] = [
  ["Your name", "as you type it. No e-mail, no account, no tracking; one cookie keeps you signed in for two weeks."],
  ["Your agent", "prompt, greeting, voice and tools, with earlier versions of the prompt."],
  ["Your calls", "the words of both sides, times and costs. The sound itself is never stored."],
  [
    "Your OpenAI key",
    "only if you connect one: encrypted, and never shown again to anybody. You can forget it at any time.",
  ],
  ["Who sees it", "your instructor sees your name, the state of your calls and what they cost. Your key: nobody."],
  ["Erasing", "“Erase me” in the menu removes all of this at once. Nothing is kept back."],
];

export const WELCOME_WORDS = {
  title: "Write these four words down",
  lead: "They bring you back on any device. They are shown only now.",
  words: "Your four words",
  dismiss: "I have them",
} as const;
export const nameTakenWords = (wanted: string, given: string): string =>
  `Somebody here is called ${wanted} already, so you are ${given}. You can change it at the top.`;

export const FAREWELL_WORDS = {
  erased: "Done: everything about you is erased. Thank you for coming.",
  left: "You are signed out of this browser. Your four words bring you back.",
  forgotten: "Done: this browser has forgotten it too.",
} as const;

export const TOP_WORDS = {
  name: "Your name",
  namePlaceholder: "Your name",
  menu: "Menu",
  recovery: "Recovery words",
  phone: "Call it by phone",
  leave: "Sign out of this browser",
  erase: "Erase me",
} as const;

export const PAYER_WORDS = {
  student: "Your key",
  instructor: "Instructor pays",
  none: "No key yet",
  pays: "Who pays:",
  tooLittle: "too little left",
  trouble: { rejected: "not accepted", restricted: "restricted", no_credit: "no credit", unreadable: "enter it again" },
} as const;
/** `···a1b2`, the end of a key. */
export const keyEnd = (hint: string | null): string => (hint === null ? "" : ` ···${hint}`);

export const BANNER_WORDS = {
  label: "Notices",
  announcement: "From your instructor:",
  hide: "Hide",
  paused: "Your instructor paused all calls. What you change is still saved.",
  ended: "This workshop has ended. You can still read and export your calls.",
  unreached: "No connection. What you type is kept here and saved as soon as the network is back.",
} as const;
/** `23 November 2026 at 17:00`, in the student's own time zone. */
export const dateWords = (iso: string): string =>
  new Date(iso).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
export const endedUntilWords = (eraseAt: string): string =>
  `This workshop has ended. You can read and save your calls until ${dateWords(eraseAt)}.`;
export const notOpenWords = (opens: string | null): string =>
  `No calls yet: this workshop opens ${opens ?? "soon"}. Your agent can be prepared now.`;

export const SHEET_WORDS = {
  key: "Your OpenAI key",
  recovery: "Your way back",
  erase: "Erase me",
  phone: "Call it by phone",
} as const;

export const RECOVERY_WORDS = {
  lead: "Four words bring you back on any device, or when this browser forgets you. We keep only a fingerprint of them, so nobody can look them up.",
  replaces: "New words replace the old ones: those stop working.",
  make: "Make new words",
  sure: "Yes, replace the old words",
  keep: "Keep the old words",
  writeDown: "Write them down: they are shown only now.",
} as const;

export const ERASE_WORDS = {
  lead: "This removes, at once and for good:",
  gone: [
    "your name and your recovery words",
    "your agent: prompt with all versions, greeting, voice and tools",
    "your OpenAI key, here. At OpenAI it goes on existing: delete it there too",
    "all your calls: transcripts, timings and costs",
  ],
  live: "A call that is going on is ended. Nobody can bring any of it back.",
  erase: "Erase me",
  sure: "Yes, erase everything",
  keep: "Keep everything",
} as const;

export const PHONE_WORDS = {
  none: "Your instructor has not added a phone line.",
  noneHint: "Your agent answers here in the browser, by voice and by text.",
  lead: "A phone number of your instructor's Twilio account can ring your agent. Two steps:",
  steps: [
    "In the Twilio Console, open your phone number and find “Voice configuration”.",
    "Under “A call comes in” choose Webhook and HTTP POST, and paste one of these addresses.",
  ],
  relay: "Twilio listens and speaks (ConversationRelay)",
  media: "OpenAI listens and speaks, as in the browser (Media Streams)",
  secret: "Whoever has an address can ring your agent. Share it with nobody.",
} as const;
