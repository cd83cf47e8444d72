import { describe, expect, it } from "vitest";
import { DEFAULT_PROMPT, DEFAULT_TOOLS } from "../../src/protocol/agent-config.ts";
import { selfOf, think } from "./openai-brain.ts";
import type { Prompt, PromptItem, PromptTool } from "./openai-prompt.ts";

const PRESETS: readonly PromptTool[] = DEFAULT_TOOLS.map((tool) => ({
  name: tool.function.name,
  description: tool.function.description ?? "",
  parameters: tool.function.parameters ?? {},
}));
const tool = (name: string, properties: object = {}, required: string[] = [], description = ""): PromptTool => ({
  name,
  description,
  parameters: { type: "object", properties, required },
});

type Asked = Pick<Prompt, "instructions" | "items" | "tools" | "toolChoice" | "parallelToolCalls">;
const asked = (items: readonly PromptItem[], change: Partial<Asked> = {}): Asked => ({
  instructions: DEFAULT_PROMPT,
  items,
  tools: PRESETS,
  toolChoice: "auto",
  parallelToolCalls: true,
  ...change,
});
const user = (text: string): PromptItem => ({ kind: "user", text });
const agent = (text: string): PromptItem => ({ kind: "agent", text });
/** The calls for an utterance, as `name(arguments)`. */
const callsFor = (text: string, change: Partial<Asked> = {}): string[] =>
  think(asked([user(text)], change)).toolCalls.map((call) => `${call.name}(${call.arguments})`);
const answerTo = (text: string, change: Partial<Asked> = {}): string => think(asked([user(text)], change)).text;

describe("tools", () => {
  it.each([
    ["What time is it in Tokyo?", 'current_time({"time_zone":"Asia/Tokyo"})'],
    ["what's the time in new york", 'current_time({"time_zone":"America/New_York"})'],
    ["What day is it in São Paulo?", 'current_time({"time_zone":"America/Sao_Paulo"})'],
    ["What time is it?", 'current_time({"time_zone":"UTC"})'],
    ["Roll two dice", 'roll_dice({"count":2})'],
    ["roll a d20", 'roll_dice({"sides":20})'],
    ["roll 3 12-sided dice", 'roll_dice({"count":3,"sides":12})'],
    ["roll 99 dice", 'roll_dice({"count":10})'],
    ["Okay, bye!", "end_call({})"],
    ["Please hang up.", "end_call({})"],
    ["I want to talk to a human", 'hand_over({"reason":"I want to talk to a human"})'],
    ["Can I speak to someone?", 'hand_over({"reason":"Can I speak to someone?"})'],
  ])("STANDIN-10 hears %s and calls %s", (text, call) => {
    expect(callsFor(text)).toEqual([call]);
  });

  it("STANDIN-10 finds a tool by the words of its name and description, and the better of two", () => {
    const tools = [
      tool("cancel_booking", {}, [], "Cancels a booking of a table."),
      tool("bookTable", {}, [], "Books a table."),
      tool("search_faq", {}, [], "Searches opening hours, prices and parking."),
    ];
    expect(callsFor("I'd like to book a table", { tools })).toEqual(["bookTable({})"]);
    expect(callsFor("please cancel my booking", { tools })).toEqual(["cancel_booking({})"]);
    expect(callsFor("do you have parking", { tools })).toEqual(["search_faq({})"]);
    expect(callsFor("I like my dog", { tools })).toEqual([]);
  });

  it("STANDIN-10 fills arguments from the schema and from what was said", () => {
    const properties = {
      party_size: { type: "integer", minimum: 1, maximum: 8 },
      day: { type: "string" },
      city: { type: "string" },
      seating: { type: "string", enum: ["inside", "out_side"] },
      wine: { type: "boolean" },
      email: { type: ["string", "null"] },
      notes: { type: "array", items: { type: "string" } },
      guest: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
      price: { type: "number" },
      kind: { const: "dinner" },
    };
    const tools = [tool("reserve", properties, Object.keys(properties))];
    const said =
      "Reserve for four on Friday in Lisbon, out side, no wine, mail ana@example.com, my name is Ana Lima, 12.5 each";
    const [call] = think(asked([user(said)], { tools })).toolCalls;
    expect(JSON.parse(call?.arguments ?? "")).toEqual({
      party_size: 4,
      day: "friday",
      city: "Lisbon",
      seating: "out_side",
      wine: false,
      email: "ana@example.com",
      notes: [said],
      guest: { name: "Ana Lima" },
      price: 12.5,
      kind: "dinner",
    });
    const optional = [tool("reserve", properties, [])];
    expect(callsFor("reserve please", { tools: optional })).toEqual(['reserve({"kind":"dinner"})']);
  });

  it("STANDIN-10 survives any schema", () => {
    const strange = [
      {},
      { properties: null },
      JSON.parse('{"properties":{"a":7,"b":{"type":"moon"},"__proto__":{"type":"string"}},"required":["__proto__"]}'),
      {
        properties: { deep: { type: "object", properties: { deep: { type: "array" } }, required: ["deep"] } },
        required: ["deep"],
      },
      { properties: { pick: { enum: [] } }, required: ["pick"] },
    ];
    for (const parameters of strange) {
      const tools = [{ name: "look_up", description: "", parameters }];
      expect(callsFor("look this up: 'x'", { tools, toolChoice: "required" })).toHaveLength(1);
    }
  });

  it("STANDIN-10 does two things at once, or one after the other where calls may not be parallel", () => {
    const text = "What time is it in London, and roll a die";
    expect(callsFor(text)).toHaveLength(2);
    expect(callsFor(text, { parallelToolCalls: false })).toEqual(['current_time({"time_zone":"Europe/London"})']);
    const items: PromptItem[] = [
      user(text),
      { kind: "tool-call", callId: "1", name: "current_time", arguments: "{}" },
      { kind: "tool-output", callId: "1", output: '"12:00"' },
    ];
    expect(think(asked(items, { parallelToolCalls: false })).toolCalls).toMatchObject([{ name: "roll_dice" }]);
  });

  it("STANDIN-10 keeps to the tool choice", () => {
    expect(callsFor("what time is it", { toolChoice: "none" })).toEqual([]);
    expect(callsFor("what time is it", { tools: [] })).toEqual([]);
    expect(callsFor("hello", { toolChoice: "required" })).toHaveLength(1);
    expect(callsFor("hello", { toolChoice: { name: "roll_dice" } })).toEqual(["roll_dice({})"]);
  });
});

describe("results", () => {
  const spoken = (name: string, output: string, text = "please"): string =>
    think(
      asked([
        user(text),
        { kind: "tool-call", callId: "1", name, arguments: "{}" },
        { kind: "tool-output", callId: "1", output },
      ]),
    ).text;
  const local_time = "Sunday, November 22, 2026 at 10:36 PM";

  it.each([
    ["current_time", JSON.stringify({ time_zone: "Asia/Tokyo", local_time }), "It is 10:36 PM on Sunday in Tokyo."],
    ["current_time", JSON.stringify({ utc: "2026-11-22T13:36:00Z", local: "14:36" }), "It is 2:36 PM."],
    ["current_time", '"2026-11-22T00:05:00Z"', "It is 12:05 AM."],
    ["current_time", '{"when":"soon"}', "The when is soon."],
    ["roll_dice", '{"rolls":[3,5],"total":8}', "You rolled 3 and 5, which makes 8."],
    ["roll_dice", "[6]", "You rolled a 6."],
    ["roll_dice", '{"result":"lost"}', "The result is lost."],
    ["end_call", '{"ok":true}', "It was nice talking to you. Goodbye!"],
    ["hand_over", "whatever", "One moment please, a person takes over now."],
    [
      "get_price",
      '{"ok":true,"price_eur":12.5,"items":["soup","bread"]}',
      "The price eur is 12.5 and the items are soup and bread.",
    ],
    ["get_price", '{"error":"no such thing"}', "I'm sorry, that did not work. It says: no such thing."],
    ["get_price", '{"error":{"message":"too late"}}', "I'm sorry, that did not work. It says: too late."],
    ["get_price", '{"success":false}', "I'm sorry, that did not work."],
    ["get_price", "Not JSON at all", "Not JSON at all."],
    ["get_price", "", "That is done."],
    ["get_price", "{}", "That is done."],
    ["get_price", "[]", "I found nothing."],
    ["get_price", "true", "Yes, that is so."],
    ["get_price", "null", "That is done."],
    [
      "get_price",
      '[{"name":"A","age":1},{"name":"B"}]',
      "I found 2 things: the name is A, the age is 1 and the name is B.",
    ],
  ])("STANDIN-11 says the output of %s, %s, in words", (name, output, words) => {
    expect(spoken(name, output)).toBe(words);
  });

  it("STANDIN-11 shortens a long output", () => {
    expect(spoken("get_price", "word ".repeat(1_000)).length).toBeLessThan(200);
  });

  it("STANDIN-11 speaks of this turn's outputs only", () => {
    const items: PromptItem[] = [
      user("roll"),
      { kind: "tool-call", callId: "1", name: "roll_dice", arguments: "{}" },
      { kind: "tool-output", callId: "1", output: "[6]" },
      agent("You rolled a 6."),
      user("thanks"),
    ];
    expect(think(asked(items)).text).toBe("You're welcome. Is there anything else?");
  });
});

describe("talk", () => {
  it.each([
    ["You are Mia, the receptionist of Hotel Lumen. Be brief.", "Mia, the receptionist of Hotel Lumen"],
    ["Your name is Captain Nemo. You are a sailor.", "Captain Nemo, a sailor"],
    ["You're an expert on bees.", "an expert on bees"],
    [DEFAULT_PROMPT.split("\n")[0] ?? "", "a friendly voice agent on a phone call"],
    ["Answer in French.", "your voice agent"],
    ["", "your voice agent"],
  ])("STANDIN-11 is who the prompt says: %s", (instructions, self) => {
    expect(selfOf(instructions)).toBe(self);
    expect(answerTo("hello", { instructions })).toBe(`Hello! I'm ${self}. What can I do for you?`);
  });

  it.each([
    ["How are you today?", "I'm doing well, thank you for asking. How are you?"],
    ["No thanks", "All right. Then tell me if anything else comes to mind."],
    ["What is 12 times 7?", "12 times 7 is 84."],
    ["what's ten divided by four", "10 divided by 4 is 2.5."],
    ["Count to three", "One, two, three."],
    ["(pressed on the keypad: 12#)", "You pressed 1, 2, #."],
    ["When do you open?", "You asked: When do you open? I can't look that up yet. With a tool for it I could."],
    ["I like my $& dog", "I heard: I like my $& dog. Is there something I can do about it?"],
  ])("STANDIN-11 answers %s in a short sentence", (text, answer) => {
    expect(answerTo(text)).toBe(answer);
  });

  it("STANDIN-11 has an answer for what it has no tool for", () => {
    for (const text of ["what time is it", "bye", "a human please"]) {
      expect(answerTo(text, { tools: [] })).toMatch(/^(I'm sorry|Goodbye)/);
    }
  });

  it("STANDIN-11 remembers the caller's name and its own last words from the history alone", () => {
    const items = [user("My name is Ana."), agent("Nice to meet you, Ana."), user("What's my name?")];
    expect(think(asked(items)).text).toBe("Your name is Ana.");
    expect(answerTo("what's my name")).toBe("You haven't told me your name yet.");
    expect(think(asked([user("hi"), agent("Sentence 2 of"), user("Could you repeat that?")])).text).toBe(
      "I said: Sentence 2 of",
    );
  });

  it("STANDIN-11 greets when nobody has said anything, and says the same thing twice to the same request", () => {
    expect(think(asked([])).text).toMatch(/^Hello!/);
    const request = asked([user("I have been thinking about boats")]);
    expect(think(request)).toEqual(think(request));
  });
});
