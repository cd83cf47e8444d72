import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type DocsSurroundings, docsCommand, madePages } from "../../src/cli/docs/docs-command.ts";
import { FAILURE_HELP, fixOf, isReason } from "../../src/cli/docs/failure-help.ts";
import { OF_CLOSE_CODES, OF_EXIT_CODES, OF_TWILIO } from "../../src/cli/docs/help-of-numbers.ts";
import { betweenMarks } from "../../src/cli/docs/markdown.ts";
import { sentencesIn } from "../../src/cli/docs/sentences-in.ts";
import { FAILURES, factsOf } from "../../src/failure.ts";
import { END_REASONS } from "../../src/protocol/call-record.ts";
import { SHOWN_KEY_STATUSES } from "../../src/protocol/rest.ts";
import { CHECKS } from "../../src/protocol/rest-workshop.ts";

/** docs/troubleshooting.md against the code that it speaks of. */

/** A deploy is simulated for docs/scale.md, once. */
const MAKING_MS = 60_000;

const ROOT = resolve(import.meta.dirname, "../..");
const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const page = text("docs/troubleshooting.md");
const list = (folder: string): string[] => globSync("**/*", { cwd: join(ROOT, folder) }).map((path) => path.toString());

/** What the Worker is made of, without the table of reasons itself. */
const worker = globSync("src/**/*.ts", { cwd: ROOT })
  .filter((path) => !/^src\/(?:cli|web)\/|^src\/failure\.ts$/.test(path))
  .map((path) => ({ path, source: text(path) }));

/** Every first group of a pattern in the Worker's sources. */
const found = (pattern: RegExp): string[] =>
  worker.flatMap(({ source }) => [...source.matchAll(pattern)].map(([, group]) => group ?? ""));

/** Rows of the page's tables that begin with a code in quotes. */
const rowOf = (name: string): string | undefined =>
  page.split("\n").find((line) => line.startsWith(`| \`${name}\` |`) || line.includes(`** \`${name}\` |`));

describe("docs/troubleshooting.md", () => {
  it("TROUBLE-1 The page of troubles is exactly what is made from the code's own tables, and so are the tables of docs/scale.md.", {
    timeout: MAKING_MS,
  }, () => {
    const made = madePages({ read: text, list });
    expect([...made.keys()]).toEqual(["docs/troubleshooting.md", "docs/scale.md"]);
    for (const [path, should] of made) expect([path, text(path) === should]).toEqual([path, true]);
  });

  it("TROUBLE-2 Every code that a reply, a message or a closed socket of the code can carry is on the page of troubles, with a cause and a fix.", () => {
    const emitted = new Set([
      ...found(/new Failure\(\s*"([a-z_]+)"/g),
      ...found(/super\(\s*(?:\w+ \? )?"([a-z_]+)"/g),
      ...found(/super\([^)]*: "([a-z_]+)"/g),
      ...found(/\bfailed\(\s*c, "([a-z_]+)"/g),
      ...found(/\b(?:told|closed|refuse|giveUp|tell|announce|fail|cut)\(\s*(?:\w+, )?"([a-z]+_[a-z_]+)"/g),
      ...found(/\breason: "([a-z_]+)"/g),
      ...found(/\breason = "([a-z_]+)"/g),
      ...found(/\bgiveUp\("([a-z_]+)"/g),
      ...found(/\bfailure: "([a-z_]+)"/g),
      ...found(/\.close\(\w+, "([a-z]+_[a-z_]+)"\)/g),
      ...found(/(?:return|\?|:|\?\?) "([a-z]+_[a-z_]+)"/g).filter(isReason),
      ...found(/\bcode: "([a-z]+_[a-z_]+)"/g).filter(isReason),
    ]);
    // Both ways: what is found is all there is, so the patterns overlook nothing, and nothing of the table is dead.
    expect(Object.keys(FAILURES).filter((code) => !emitted.has(code))).toEqual([]);
    // Words of a union with other members than reasons.
    const strangers = [...emitted].filter((code) => !isReason(code));
    expect(strangers).toEqual([]);
    for (const code of [...emitted, ...Object.keys(FAILURES)]) {
      if (!isReason(code)) continue;
      const row = page.split("\n").find((line) => line.includes(`**${factsOf(code).sentence}** \`${code}\` |`));
      expect([code, row === undefined]).toEqual([code, false]);
      const [cause = "", fix = ""] = row?.split(" | ").slice(1) ?? [];
      expect([code, cause.length > 20, fix.length > 5]).toEqual([code, true, true]);
      const { status, closeCode } = factsOf(code);
      expect(page).toContain(`| \`${code}\` | ${status} | ${closeCode} |`);
    }
  });

  it("TROUBLE-3 Every way in which a call ends, every status of a key and every line of the check page is on the page of troubles.", () => {
    for (const name of [...END_REASONS, ...SHOWN_KEY_STATUSES, ...CHECKS]) {
      expect([name, rowOf(name) === undefined]).toEqual([name, false]);
    }
  });

  it("TROUBLE-4 Every close code that the code sends or the page tells apart is on the page of troubles.", () => {
    const told = [...text("src/web/close-sentence.ts").matchAll(/^ {2}(\d{4}):/gm)].map(([, code]) => code ?? "");
    const abandoned = globSync("src/web/*.ts", { cwd: ROOT }).flatMap((path) =>
      [...text(path).matchAll(/ABANDONED = ([\d_]+)/g)].map(([, code]) => (code ?? "").replace("_", "")),
    );
    const sent = new Set([
      ...Object.values(FAILURES).map(({ closeCode }) => String(closeCode)),
      ...found(/\.close\((\d{4})\b/g),
      ...found(/_CODE = (\d{4})/g),
      ...told,
      ...abandoned,
    ]);
    expect(sent.size).toBeGreaterThan(10);
    expect([...sent].filter((code) => !(code in OF_CLOSE_CODES))).toEqual([]);
    for (const code of Object.keys(OF_CLOSE_CODES)) expect(page).toMatch(new RegExp(`^\\| ${code} \\|`, "m"));
  });

  it("TROUBLE-5 Every sentence that a phone hears instead of an agent is on the page of troubles, with its code.", () => {
    const spoken = Object.entries(FAILURES).flatMap(([code, facts]) =>
      "spoken" in facts ? [[code, facts.spoken]] : [],
    );
    expect(spoken.length).toBeGreaterThan(25);
    for (const [code, sentence] of spoken) {
      const row = page.split("\n").find((line) => line.startsWith(`| **${sentence}** |`));
      expect(row).toContain(`\`${code}\``);
    }
    const lastWords = /const LAST_WORDS = \{([^}]*)\}/.exec(text("src/api/twilio.ts"))?.[1] ?? "";
    for (const [, sentence] of lastWords.matchAll(/"([A-Z][^"]*Goodbye\.)"/g)) expect(page).toContain(sentence);
    expect(lastWords).toContain("Goodbye.");
  });

  it("TROUBLE-6 Every number of Twilio's that the code or docs/phone.md names is on the page of troubles.", () => {
    const recoverable = /RECOVERABLE_ERRORS = new Set\(\[([^\]]*)\]/.exec(text("src/api/twilio.ts"))?.[1] ?? "";
    const table = text("docs/phone.md").split("| Twilio's number |")[1] ?? "";
    const cells = table.split("\n").map((line) => line.split("|")[1] ?? "");
    const named = [...recoverable.matchAll(/\d{5}/g), ...cells.flatMap((cell) => [...cell.matchAll(/\d{5}/g)])];
    expect(named.length).toBeGreaterThan(12);
    expect(named.map(([number]) => number).filter((number) => !(number in OF_TWILIO))).toEqual([]);
    for (const number of Object.keys(OF_TWILIO)) expect(page).toMatch(new RegExp(`^\\| ${number} \\|`, "m"));
  });

  it("TROUBLE-7 Every plain sentence with which setup, keys and adopt stop is on the page of troubles.", () => {
    const sources = list("src/cli").filter((path) => path.endsWith(".ts"));
    const sentences = sources.flatMap((path) =>
      [...text(`src/cli/${path}`).matchAll(/new (?:Setup|Key|Adopt)Trouble\(\s*"([^"\n]+)",?\s*\)/g)].map(
        ([, sentence]) => sentence ?? "",
      ),
    );
    expect(sentences.length).toBeGreaterThan(15);
    for (const sentence of sentences) expect(page).toContain(`- ${sentence}\n`);
  });

  it("TROUBLE-8 Every command of the project has its exit codes on the page of troubles, and commands that the page names are there.", () => {
    const scripts: Record<string, string> = JSON.parse(text("package.json")).scripts;
    const ours = Object.entries(scripts).filter(([, run]) => run.startsWith("node src/cli/"));
    expect(Object.keys(OF_EXIT_CODES).toSorted()).toEqual(ours.map(([name]) => name).toSorted());
    for (const [, name] of page.matchAll(/`npm run ([a-z:]+)/g)) expect(Object.keys(scripts)).toContain(name);
    const secrets = [...page.matchAll(/wrangler secret put ([A-Z_]+)/g)].map(([, name]) => name ?? "");
    expect(secrets.length).toBeGreaterThan(4);
    const known = text("src/env.ts");
    for (const name of secrets) if (name !== "NAME") expect(known).toContain(`"${name}"`);
  });

  it("TROUBLE-9 Links of the page of troubles lead to its headings, and files that it names are there.", () => {
    const anchors = new Set(
      [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
        heading
          .toLowerCase()
          .replace(/[^a-z0-9 -]/g, "")
          .replaceAll(" ", "-"),
      ),
    );
    const links = [...page.matchAll(/\]\(#([a-z0-9-]+)\)/g)].map(([, anchor]) => anchor ?? "");
    expect(links.length).toBeGreaterThan(Object.keys(FAILURES).length);
    expect(links.filter((anchor) => !anchors.has(anchor))).toEqual([]);
    for (const [, path = ""] of page.matchAll(/`((?:src|docs)\/[\w./-]+\.\w+)`/g)) expect(text(path)).not.toBe("");
  });

  it("TROUBLE-10 What to do about a code is told to commands in plain text, and nothing about what is none.", () => {
    expect(fixOf("no_credit")).toContain("Add credit");
    for (const reason of Object.keys(FAILURE_HELP)) expect(fixOf(reason)).not.toMatch(/[`]|\*\*/);
    expect(fixOf("toString")).toBeUndefined();
    expect(fixOf("no such code")).toBeUndefined();
  });
});

describe("npm run docs", () => {
  const world = (changed: Readonly<Record<string, string>> = {}) => {
    const [written, out, err]: [Map<string, string>, string[], string[]] = [new Map(), [], []];
    const surroundings: DocsSurroundings = {
      read: (path) => changed[path] ?? text(path),
      write: (path, made) => written.set(path, made),
      list,
      out: { write: (line) => out.push(line) },
      err: { write: (line) => err.push(line) },
    };
    return { surroundings, written, out, err };
  };

  it("TROUBLE-11 A page that is out of date is written, or with --check only named, with exit code 1.", {
    timeout: MAKING_MS,
  }, () => {
    const stale = { "docs/troubleshooting.md": "# Old\n" };
    const checked = world(stale);
    expect(docsCommand(["--check"], checked.surroundings)).toBe(1);
    expect(checked.written.size).toBe(0);
    expect(checked.out.join("")).toBe("out of date  docs/troubleshooting.md\n");
    expect(checked.err.join("")).toContain("npm run docs");
    const wrote = world(stale);
    expect(docsCommand([], wrote.surroundings)).toBe(0);
    expect([...wrote.written.keys()]).toEqual(["docs/troubleshooting.md"]);
    expect(wrote.written.get("docs/troubleshooting.md")).toBe(page);
    const fresh = world();
    expect(docsCommand(["--check"], fresh.surroundings)).toBe(0);
    expect(fresh.out.join("")).toBe("All pages are up to date.\n");
  });

  it("TROUBLE-12 Arguments that npm run docs does not know are refused, and nothing is written.", () => {
    for (const args of [["--chek"], ["--check", "more"]]) {
      const { surroundings, written, err } = world({ "docs/troubleshooting.md": "" });
      expect(docsCommand(args, surroundings)).toBe(2);
      expect(written.size).toBe(0);
      expect(err.join("")).toContain("npm run docs");
    }
  });

  it("TROUBLE-13 What stands by hand around the marks of a page is left as it is.", { timeout: MAKING_MS }, () => {
    const before = "By hand.\n<!-- made: costs -->\nold\n<!-- /made -->\nMore by hand.\n";
    expect(betweenMarks(before, "costs", "new")).toBe(
      "By hand.\n<!-- made: costs -->\n\nnew\n\n<!-- /made -->\nMore by hand.\n",
    );
    expect(() => betweenMarks(before, "limits", "new")).toThrow("no marks for limits");
    const unknown = world({ "docs/scale.md": "<!-- made: nothing-makes-this -->\n<!-- /made -->\n" });
    expect(() => docsCommand([], unknown.surroundings)).toThrow("nothing-makes-this");
  });

  it("TROUBLE-14 Sentences are read out of source: parts that are added are one, what is put in later is an ellipsis.", () => {
    const source = `
      throw new SetupTrouble("It is \\"gone\\" now.");
      if (code === "x") throw new SetupTrouble(
        outcome === "refused" ? \`No \${name === "a" ? "b" : "c"} here.\` : "It does " + "not answer.",
      );
      // new SetupTroubles are not meant, nor "this sentence is none."
      throw new OtherTrouble("Not mine.");`;
    expect(sentencesIn(source, "SetupTrouble")).toEqual(['It is "gone" now.', "No … here.", "It does not answer."]);
    const words =
      'const words = /a "quoted" pattern/; /* "In a comment it is." */ const two = "Too short."; f("This one is long enough.");';
    expect(sentencesIn(words)).toEqual(["This one is long enough."]);
  });
});
