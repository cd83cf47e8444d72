import { describe, expect, it } from "vitest";
import { DEFAULT_GREETING, DEFAULT_PROMPT } from "../../src/protocol/agent-config.ts";
import { holdsKey, LINT_RULES, type LintRule, lintGreeting, lintPrompt } from "../../src/web/student/prompt-lint.ts";
import { LINT_WORDS } from "../../src/web/words.ts";

/** Nothing is missing here, so that each text below shows what it adds. */
const WHOLE = "Your name is Juno. Answer in one short sentence. Say goodbye at the end.\n";
const rules = (text: string, languageCode: string | null = null): LintRule[] =>
  lintPrompt(text, { languageCode }).map(({ rule }) => rule);
const ofWhole = (text: string, languageCode: string | null = null): LintRule[] => rules(WHOLE + text, languageCode);

const FOUND: readonly (readonly [LintRule, string])[] = [
  ["api-key", "Use sk-proj-0123456789abcdefABCDEF for the tools."],
  ["api-key", "The secret is whsec_c2VjcmV0LW9mLXRoZS10ZXN0cw=="],
  ["api-key", "GitHub: ghp_0123456789abcdefghij0123"],
  ["placeholder", "You work for [Company Name] in Bremen."],
  ["placeholder", "Greet {{caller_name}} first."],
  ["placeholder", "You work at <your company>."],
  ["speech-tags", 'Wait <break time="1s"/> before you answer.'],
  ["emoji", "Be cheerful 😀 always."],
  ["emoji", "Be fast ⚡️ and kind ❤️."],
  ["web-address", "Send people to https://bakery.example.com."],
  ["web-address", "Our site is www.bakery.example."],
  ["chatgpt", "You are ChatGPT, a helpful assistant."],
  ["chatgpt", "You are a large language model."],
  ["markup", "Use bullet points for the dishes."],
  ["markup", "Answer in Markdown."],
  ["markup", "Give the prices as a table."],
  ["markup", "Reply with JSON."],
  ["markup", "Present options as a numbered list."],
  ["screen", "Ask them to click on the blue button."],
  ["screen", "Tell them what is on the screen."],
  ["two-languages", "Always speak German. Always answer in French."],
  ["long-answers", "Explain everything in detail."],
  ["long-answers", "Answer with at least five sentences."],
  ["long-answers", "Give long answers."],
];

const NOT_FOUND: readonly (readonly [LintRule, string])[] = [
  ["markup", "Never use bullet points."],
  ["markup", "Speak plainly, without lists, markdown or tables."],
  ["markup", "Make a reservation for a table for four."],
  ["markup", "# Who you are\n- warm\n- brief"],
  ["markup", "Take the names from the list of guests."],
  ["chatgpt", "Never say that you are ChatGPT."],
  ["placeholder", "Say [the menu](menu.txt) if asked."],
  ["speech-tags", "If a < b, say so; if b > a, too."],
  ["emoji", "Our tea is © Bakery™, 2 € a cup."],
  ["screen", "Do not ask them to click on anything."],
  ["long-answers", "Don't go into detail: no long answers."],
  ["two-languages", "Speak German or English, as the caller does."],
  ["two-languages", "Answer in French. If the caller is German, answer in German."],
  ["api-key", "Keys begin with sk- at OpenAI."],
  ["web-address", "Ask for their e-mail address."],
];

describe("what a prompt will sound like", () => {
  it.each(FOUND)("AGENT-10 finds %s in “%s”", (rule, text) => {
    expect(ofWhole(text)).toEqual([rule]);
  });

  it("AGENT-10 finds too-long what every turn would carry along", () => {
    expect(ofWhole(`Menu: ${"soup, ".repeat(1_200)}`)).toEqual(["too-long"]);
    expect(ofWhole(`Menu: ${"soup, ".repeat(900)}`)).toEqual([]);
  });

  it.each(NOT_FOUND)("AGENT-11 sees no %s in “%s”", (rule, text) => {
    expect(ofWhole(text)).not.toContain(rule);
  });

  it("AGENT-12 misses a name, an ending and brevity, in texts that are English", () => {
    expect(rules("You answer the phone of a bakery.")).toEqual(["no-name", "no-ending", "no-brevity"]);
    expect(rules("You are Juno. Be brief. Hang up when they say bye.")).toEqual([]);
    expect(rules("You're Juno from the bakery, and you keep it short. Use end_call when it is over.")).toEqual([]);
    expect(rules("An agent called Juno helps you. Two short sentences at most; end the call politely.")).toEqual([]);
    expect(rules("Du bist am Telefon einer Bäckerei.")).toEqual([]);
    expect(rules(DEFAULT_PROMPT)).toEqual(["no-name", "no-ending"]);
  });

  it("AGENT-13 compares the prompt's language with the one chosen for callers", () => {
    expect(ofWhole("Always speak German.", "fr")).toEqual(["other-language"]);
    expect(ofWhole("Always speak German.", "de")).toEqual([]);
    expect(ofWhole("Always speak German.", null)).toEqual([]);
    expect(ofWhole("Be kind.", "fr")).toEqual([]);
  });

  it("AGENT-14 shows at most three findings, the worst first, and none for nothing", () => {
    const bad = "You are ChatGPT. Use tables 😀. See https://a.example with sk-proj-0123456789abcdef";
    expect(rules(bad)).toEqual(["api-key", "chatgpt", "markup"]);
    expect(rules(" \n ")).toEqual([]);
  });

  it("AGENT-15 mends with one tap what can be mended, and has nothing left to say about it", () => {
    const mended: LintRule[] = [];
    for (const [rule, text] of [
      ...FOUND.map(([found, line]) => [found, WHOLE + line] as const),
      ["no-name", "You answer the phone. Be brief. Say goodbye."] as const,
      ["no-ending", "You are Juno. Be brief."] as const,
      ["no-brevity", "You are Juno. Say goodbye."] as const,
    ]) {
      const fixed = lintPrompt(text, { languageCode: null }).find((finding) => finding.rule === rule)?.fixed ?? null;
      expect(fixed !== null).toBe(LINT_WORDS[rule][1] !== null);
      if (fixed === null || rule === "markup") continue;
      mended.push(rule);
      expect(rules(fixed)).not.toContain(rule);
    }
    expect(new Set(mended)).toEqual(
      new Set(["api-key", "speech-tags", "emoji", "chatgpt", "no-name", "no-ending", "no-brevity"]),
    );
    const plain = lintPrompt(`${WHOLE}Answer in Markdown.`, { languageCode: null })[0]?.fixed;
    expect(plain).toBe(`${WHOLE}Answer in Markdown.\nSpeak in plain sentences, without lists or markup.`);
  });

  it("AGENT-16 reads a greeting as it will be read out", () => {
    const of = (text: string): LintRule[] => lintGreeting(text).map(({ rule }) => rule);
    expect(of(DEFAULT_GREETING)).toEqual([]);
    expect(of("Hello! *smiles*")).toEqual(["markup"]);
    expect(of("# Welcome")).toEqual(["markup"]);
    expect(lintGreeting("**Hello** from [us](x)!")[0]?.fixed).toBe("Hello from us!");
    expect(of("Hi 👋, see www.bakery.example")).toEqual(["emoji", "web-address"]);
    expect(lintGreeting("Hi 👋🏽!")[0]?.fixed).toBe("Hi !");
    expect(of("Hello, [name]!")).toEqual(["placeholder"]);
  });

  it("AGENT-17 knows what opens an account from its looks, wherever it stands", () => {
    expect(holdsKey("my key is sk-0123456789abcdef.")).toBe(true);
    expect(holdsKey("(sk-svcacct-0123456789_abcdef)")).toBe(true);
    expect(holdsKey("ask-me-anything-about-everything")).toBe(false);
    expect(holdsKey("risk-management-department")).toBe(false);
    expect(holdsKey("sk-short")).toBe(false);
  });

  it("AGENT-18 has words for every finding", () => {
    expect(Object.keys(LINT_WORDS)).toEqual([...LINT_RULES]);
  });
});
