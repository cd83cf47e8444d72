import { DEFAULT_TOOLS } from "../../protocol/agent-config.ts";
import type { ToolJson } from "../../protocol/tools.ts";

/** Tools that work at once and need no server: the built-in ones, and mocks with believable answers to learn on. */
export const GALLERY: readonly ToolJson[] = [
  ...DEFAULT_TOOLS,
  mock("check_order_status", "Looks up an order by its number and says where it is.", {
    parameters: {
      order_number: { type: "string", description: "The order's number, e.g. 1042", required: true },
    },
    reply: { order_number: "1042", status: "out for delivery", arrives: "today between 4 and 6 pm", items: 3 },
    delayMs: 1_500,
    fillers: ["Let me look that up for you.", "I am checking your order.", "Just a second, I have it right here."],
  }),
  mock("weather_report", "The weather in a city now and tomorrow.", {
    parameters: { city: { type: "string", description: "City, e.g. Lisbon", required: true } },
    reply: {
      city: "Lisbon",
      now: "sunny, 21 degrees",
      tomorrow: "light rain in the morning, 18 degrees",
      wind: "gentle",
    },
    delayMs: 800,
    fillers: ["Let me look out of the window.", "One moment, I am reading the forecast."],
  }),
  mock("book_table", "Books a table at the restaurant. Ask for the day, the time and how many guests first.", {
    parameters: {
      date: { type: "string", description: "Day as year-month-day, e.g. 2026-12-01", required: true },
      time: { type: "string", description: "24-hour time, e.g. 19:30", required: true },
      guests: { type: "integer", description: "How many people", required: true, minimum: 1, maximum: 12 },
      name: { type: "string", description: "Who the table is for", required: false },
    },
    reply: { booked: true, table: "by the window", confirmation: "TB-318" },
    delayMs: 2_500,
    fillers: ["Let me see what is free.", "I am writing that into the book.", "Nearly there."],
  }),
  mock("opening_hours", "When the shop is open on a day of the week.", {
    parameters: {
      day: {
        type: "string",
        description: "Day of the week",
        required: true,
        enum: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
      },
    },
    reply: { open: true, from: "8 am", until: "6 pm", note: "The bakery counter closes at 5 pm." },
    delayMs: 0,
    fillers: [],
  }),
  mock("lookup_customer", "Finds a customer by phone number: name, since when, and open orders.", {
    parameters: {
      phone_number: { type: "string", description: "With country code, e.g. +1 555 0100", required: true },
    },
    reply: { found: true, name: "Ada Park", customer_since: "2019", open_orders: ["1042"], likes: "rye bread" },
    delayMs: 1_200,
    fillers: ["Let me find you in our list.", "I am looking for your number."],
  }),
  mock("exchange_rate", "How much one currency is worth in another.", {
    parameters: {
      from: { type: "string", description: "Code of three letters, e.g. USD", required: true },
      to: { type: "string", description: "Code of three letters, e.g. EUR", required: true },
      amount: { type: "number", description: "How much; 1 when not given", required: false },
    },
    reply: { from: "USD", to: "EUR", rate: 0.91, as_of: "this morning" },
    delayMs: 600,
    fillers: ["Let me check today's rate."],
  }),
];

/** To begin with: it works, and does nothing yet. */
export const BLANK = mock("my_tool", "", { parameters: {}, reply: { ok: true }, delayMs: 0, fillers: [] });

interface MockParts {
  readonly parameters: Readonly<Record<string, { readonly required: boolean } & Readonly<Record<string, unknown>>>>;
  readonly reply: unknown;
  readonly delayMs: number;
  readonly fillers: readonly string[];
}

function mock(name: string, description: string, { parameters, reply, delayMs, fillers }: MockParts): ToolJson {
  const entries = Object.entries(parameters);
  return {
    type: "function",
    function: {
      name,
      description,
      parameters: {
        type: "object",
        properties: Object.fromEntries(entries.map(([key, { required: _, ...property }]) => [key, property])),
        required: entries.filter(([, { required }]) => required).map(([key]) => key),
        additionalProperties: false,
      },
    },
    mode: "mock",
    mock: { reply, delayMs, fails: false },
    fillers: [...fillers],
  };
}
