import { FAILURES, type FailureFacts, factsOf, type Reason } from "../../failure.ts";
import { CHECKS } from "../../protocol/rest-workshop.ts";
import { closeSentence } from "../../web/close-sentence.ts";
import { MICROPHONE_WORDS } from "../../web/words-call.ts";
import { commandSentences } from "./command-sentences.ts";
import { FAILURE_HELP, type Help, isReason } from "./failure-help.ts";
import { OF_CALLS } from "./help-of-calls.ts";
import { OF_INSTRUCTORS } from "./help-of-instructors.ts";
import { OF_KEYS_AND_MONEY } from "./help-of-keys-and-money.ts";
import { OF_CLOSE_CODES, OF_EXIT_CODES, OF_TWILIO } from "./help-of-numbers.ts";
import { OF_OPENAI } from "./help-of-openai.ts";
import { OF_REQUESTS } from "./help-of-requests.ts";
import { OF_CHECKS, OF_END_REASONS, OF_KEY_STATUSES, type Row } from "./help-of-states.ts";
import { OF_STUDENTS } from "./help-of-students.ts";
import { markdownTable } from "./markdown.ts";
import { sentencesIn } from "./sentences-in.ts";

/** The code that the page is made of, beside its tables. */
export interface PageSources {
  /** Files of `src/cli`, by their path there. */
  readonly commands: ReadonlyMap<string, string>;
  /** `src/api/twilio.ts`: what a phone hears when there is no call to say it. */
  readonly twilio: string;
}

const HEAD = ["You read", "Why", "What to do"];
const ALL = Object.keys(FAILURES).filter(isReason);

/** Sections whose tables are of reasons, and who looks there first. */
const SECTIONS: readonly { readonly title: string; readonly table: Partial<Record<Reason, Help>> }[] = [
  { title: "Coming in and saving", table: OF_STUDENTS },
  { title: "Keys and money", table: OF_KEYS_AND_MONEY },
  { title: "During a call", table: OF_CALLS },
  { title: "What OpenAI did", table: OF_OPENAI },
  { title: "Signing in and running it", table: OF_INSTRUCTORS },
  { title: "Requests", table: OF_REQUESTS },
];

/** docs/troubleshooting.md, whole. */
export function troubleshootingPage({ commands, twilio }: PageSources): string {
  return `# Troubleshooting

Search this page for the sentence you read or heard, or for the code beside it. <!-- Made by \`npm run docs\` from the code's own tables; change those. -->

- Every reply that fails has a \`code\` and a \`requestId\`; the line of it in the Worker's log has the same two.
- Every call has an id, on the student's page under *Calls*. \`npm run trace -- <callId>\` tells what happened in it, \`--logs\` where its lines are.
- Is it one student, or everybody? Everybody: open the console's check page first, or run \`npm run doctor -- --deployed\`. It changes nothing and
  says what to do about each line.

**Where to look:** [on the student's page](#on-the-students-page), [on the phone](#on-the-phone), [in the console](#in-the-console),
[in a terminal](#in-a-terminal), [in a program](#in-a-program), [every code](#every-code).

## On the student's page

### Coming in and saving

${helpTable(OF_STUDENTS)}

### Keys and money

${helpTable(OF_KEYS_AND_MONEY)}

### During a call

${helpTable(OF_CALLS, "student")}

### What OpenAI did

${helpTable(OF_OPENAI)}

### The microphone

These come from the browser; the server knows nothing of them. A call can always go on by typing.

${markdownTable(["You read", "Why"], microphoneRows())}

## On the phone

A phone shows nothing: what is wrong is said. After most of these sentences the call ends.

${markdownTable(["The caller hears", "Code: look it up above"], spokenRows(twilio))}

A busy tone, silence, or Twilio's own voice: Twilio's Console → Monitor → Logs → Errors has a number. \`docs/phone.md\` sets the phone up.

${markdownTable(["Twilio's number", "Means", "What to do"], numberRows(OF_TWILIO))}

## In the console

### Signing in and running it

${helpTable(OF_INSTRUCTORS)}

### Lines of the check page

\`npm run doctor\` prints the same, and some of this machine: \`tools\`, \`secret-files\`, \`kept-key\`, \`callroom\`. Each line that is not green says what to do.

${markdownTable(
  ["Line", "Not green", "What to do"],
  CHECKS.map((name) => [`\`${name}\``, ...OF_CHECKS[name]]),
)}

### What is said of a student's key

${markdownTable(["Status", "Means", "What to do"], stateRows(OF_KEY_STATUSES))}

### How a call ended

${markdownTable(["Ended", "Means", "What to do"], stateRows(OF_END_REASONS))}

## In a terminal

Every command prints sentences, never a key. \`--help\` says what it takes.

${markdownTable(["Command", "Exit code 0", "1", "2"], exitRows())}

What they say when something is wrong, with what to do in the same sentence; \`…\` stands for a name, a number or an address:

${commandSentences(commands)
  .filter(({ sentences }) => sentences.length > 0)
  .map(
    ({ title, sentences }) =>
      `<details><summary>${title.replace(/`([^`]+)`/g, "<code>$1</code>")}</summary>\n\n${sentences.map((sentence) => `- ${sentence}`).join("\n")}\n\n</details>`,
  )
  .join("\n\n")}

## In a program

### Calls of your own

${helpTable(OF_CALLS, "developer")}

### Requests

${helpTable(OF_REQUESTS)}

### A socket was closed

Its reason is the code. The page itself says the sentence in the middle when nothing better came before it.

${markdownTable(["Close code", "The page says", "Means", "What to do"], closeRows())}

## Every code

\`status\` is that of an HTTP reply, \`closes\` the close code of a socket.

${markdownTable(["Code", "Status", "Closes", "Look under"], codeRows())}
`;
}

function helpTable(table: Partial<Record<Reason, Help>>, who?: Help["who"]): string {
  const rows = reasonsOf(table)
    .map((reason) => [reason, FAILURE_HELP[reason]] as const)
    .filter(([, help]) => who === undefined || help.who === who)
    .map(([reason, { cause, fix }]) => [`**${factsOf(reason).sentence}** \`${reason}\``, cause, fix]);
  return markdownTable(HEAD, rows);
}

const reasonsOf = (table: object): readonly Reason[] => Object.keys(table).filter(isReason);

const MICROPHONE_CAUSES: Readonly<Record<keyof typeof MICROPHONE_WORDS, string>> = {
  denied:
    "You or the browser said no to the microphone for this site. The page says where your browser keeps that switch.",
  none: "The computer has none that the browser sees.",
  busy: "Another program holds it alone.",
  insecure: "The page was opened without https.",
  embedded: "The page is open inside a chat or mail app.",
  unsupported: "The browser is too old, or the device cannot record.",
  lost: "It was there when the call began.",
};

const microphoneRows = (): string[][] =>
  Object.entries(MICROPHONE_WORDS).map(([cause, sentence]) => [
    `**${sentence}**`,
    Object.entries(MICROPHONE_CAUSES).find(([name]) => name === cause)?.[1] ?? "",
  ]);

/** One row for each sentence that is said, with all codes that say it. */
function spokenRows(twilio: string): string[][] {
  const codes = new Map<string, Reason[]>();
  for (const reason of ALL) {
    const { spoken }: FailureFacts = factsOf(reason);
    if (spoken !== undefined) codes.set(spoken, [...(codes.get(spoken) ?? []), reason]);
  }
  const [, lastWords = ""] = /const LAST_WORDS = (\{[^}]*\})/.exec(twilio) ?? [];
  return [
    ...[...codes].map(([spoken, reasons]) => [`**${spoken}**`, reasons.map((reason) => `\`${reason}\``).join(", ")]),
    ...sentencesIn(lastWords).map((sentence) => [`**${sentence}**`, "none: the call is over, and this is its goodbye"]),
  ];
}

const numberRows = (numbers: Readonly<Record<number, Row>>): string[][] =>
  Object.entries(numbers).map(([number, row]) => [number, ...row]);

const stateRows = (states: Readonly<Record<string, Row>>): string[][] =>
  Object.entries(states).map(([state, row]) => [`\`${state}\``, ...row]);

const exitRows = (): string[][] =>
  Object.entries(OF_EXIT_CODES).map(([command, { zero, one, two }]) => [`\`npm run ${command}\``, zero, one, two]);

const closeRows = (): string[][] =>
  Object.entries(OF_CLOSE_CODES).map(([code, row]) => [code, closeSentence(Number(code)) ?? "", ...row]);

const codeRows = (): string[][] =>
  ALL.toSorted().map((reason) => {
    const { status, closeCode } = factsOf(reason);
    const section = SECTIONS.find(({ table }) => reason in table)?.title ?? "";
    const isOfPrograms = section === "During a call" && FAILURE_HELP[reason].who === "developer";
    const title = isOfPrograms ? "Calls of your own" : section;
    return [`\`${reason}\``, String(status), String(closeCode), `[${title}](#${anchorOf(title)})`];
  });

const anchorOf = (title: string): string => title.toLowerCase().replaceAll(" ", "-");
