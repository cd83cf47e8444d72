import * as z from "zod";

/** Tokens before a fault, unless told otherwise: enough that an answer has begun. */
const AFTER_TOKENS = 3;

const jsonText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? {}));
const count = z.number().int().nonnegative();
const afterTokens = count.default(AFTER_TOKENS);

/** What is answered, instead of what the brain would say. */
export const Answer = z.strictObject({
  kind: z.literal("answer"),
  text: z.string().default(""),
  /** As the text is to be split. */
  tokens: z.array(z.string()).optional(),
  /** Arguments as JSON text, which may be broken, or as a value that is written as JSON. */
  toolCalls: z
    .array(z.strictObject({ name: z.string(), arguments: z.unknown().optional().transform(jsonText) }))
    .default([]),
  /** Every finished tool call is announced twice. */
  duplicated: z.boolean().default(false),
});

/** When the first token comes, whatever the stand-in's pace is. */
const SlowFirstToken = z.strictObject({ kind: z.literal("slow-first-token"), ms: count });

/** How the bytes are cut: every so many bytes, so also in mid-character; optionally with CRLF and with comment lines. */
const Split = z.strictObject({
  kind: z.literal("split"),
  everyBytes: count.min(1).default(7),
  crlf: z.boolean().default(true),
  comments: z.boolean().default(true),
});

/** What is told of the usage, instead of what was used: anything, and without the field nothing. Of `/v1/responses` only. */
const ToldUsage = z.strictObject({ kind: z.literal("usage"), usage: z.unknown().optional() });

/** The event that ends the answer comes twice. */
const ToldTwice = z.strictObject({ kind: z.literal("told-twice") });

const Trouble = z.discriminatedUnion("kind", [
  /** No header ever comes. */
  z.strictObject({ kind: z.literal("hang") }),
  /** Refused by status; type, code and message as OpenAI's for that status unless given. */
  z.strictObject({
    kind: z.literal("status"),
    status: z.number().int().min(400).max(599),
    type: z.string().optional(),
    code: z.string().nullable().optional(),
    message: z.string().optional(),
    retryAfterSeconds: z.number().nonnegative().optional(),
  }),
  /** Nothing more comes after so many tokens, and no end. */
  z.strictObject({ kind: z.literal("stall"), afterTokens }),
  /** The socket is destroyed after so many tokens. */
  z.strictObject({ kind: z.literal("reset"), afterTokens }),
  /** A data line that is no JSON; the stream then goes on. */
  z.strictObject({ kind: z.literal("malformed-event"), afterTokens }),
  /** Event types nobody has heard of, before the first token and later; the stream goes on. */
  z.strictObject({ kind: z.literal("unknown-events"), afterTokens }),
  /** One event of this size; the stream goes on. */
  z.strictObject({ kind: z.literal("oversized-event"), afterTokens, bytes: count.default(2 * 1024 * 1024) }),
  /** One event nested so deep; the stream goes on. */
  z.strictObject({ kind: z.literal("deep-event"), afterTokens, depth: count.default(10_000) }),
  /** An `error` event ends the stream. Nested is what OpenAI sends, flat what its reference shows. */
  z.strictObject({
    kind: z.literal("error-event"),
    afterTokens,
    code: z.string().nullable().default("server_error"),
    type: z.string().default("server_error"),
    message: z.string().default("The server had an error while processing your request. Sorry about that!"),
    shape: z.enum(["nested", "flat"]).default("nested"),
  }),
  /** `response.failed` ends the stream. */
  z.strictObject({
    kind: z.literal("failed"),
    afterTokens,
    code: z.string().default("server_error"),
    message: z.string().default("The model could not finish this response."),
  }),
  /** `response.incomplete` ends the stream. */
  z.strictObject({
    kind: z.literal("incomplete"),
    afterTokens,
    reason: z.enum(["max_output_tokens", "content_filter"]).default("content_filter"),
  }),
  /** The stream ends cleanly, without a terminal event. */
  z.strictObject({ kind: z.literal("no-terminal"), afterTokens }),
]);

const Fault = z.union([Answer, SlowFirstToken, Split, ToldUsage, ToldTwice, Trouble]);

const Target = z.object({
  /** Only requests of this key; of any when absent. */
  key: z.string().optional(),
  /** Only requests to this path. When absent: to the paid ones, `/v1/responses` and `/v1/chat/completions`. */
  path: z.string().optional(),
  /** How many requests; `"always"` until the faults are cleared. */
  times: z.union([z.number().int().min(1), z.literal("always")]).default(1),
});

/** A fault and which requests it is for, as `standin.fault(…)` and `POST /standin/faults` take it. */
export type FaultOrder = z.input<typeof Fault> & z.input<typeof Target>;
export type Trouble = z.output<typeof Trouble>;

/** What one request meets: at most one fault of each sort, so that a scripted answer can also be split or cut. */
export interface Faults {
  readonly answer: z.output<typeof Answer> | undefined;
  readonly firstTokenMs: number | undefined;
  readonly split: z.output<typeof Split> | undefined;
  readonly told: z.output<typeof ToldUsage> | undefined;
  readonly isToldTwice: boolean;
  readonly trouble: Trouble | undefined;
  readonly kinds: readonly string[];
}

interface Queued {
  readonly fault: z.output<typeof Fault>;
  readonly target: z.output<typeof Target>;
  left: number;
}

const PAID = new Set(["/v1/responses", "/v1/chat/completions"]);

/** Faults still to be played, in the order in which they were asked for. */
export class FaultQueue {
  #queued: Queued[] = [];

  /** Throws a TypeError when the order makes no sense. */
  add(order: FaultOrder): void {
    const problem = this.tryAdd(order);
    if (problem !== undefined) throw new TypeError(problem);
  }

  /** Adds an order from outside; returns what is wrong with it. */
  tryAdd(order: unknown): string | undefined {
    // The fields of both lie side by side.
    const fields = z.record(z.string(), z.unknown()).safeParse(order);
    const { key, path, times, ...rest } = fields.data ?? {};
    const target = Target.safeParse({ key, path, times });
    const fault = Fault.safeParse(rest);
    if (!target.success) return z.prettifyError(target.error);
    if (!fault.success) return z.prettifyError(fault.error);
    const left = target.data.times === "always" ? Number.POSITIVE_INFINITY : target.data.times;
    this.#queued.push({ fault: fault.data, target: target.data, left });
    return undefined;
  }

  /** Drops what is waiting: of one key (and not what is for all), or everything. */
  clear(key?: string): void {
    this.#queued = key === undefined ? [] : this.#queued.filter((queued) => queued.target.key !== key);
  }

  /** Uses up what is meant for this request. */
  take(key: string, path: string): Faults {
    const isMeant = ({ target }: Queued): boolean =>
      (target.key === undefined || target.key === key) &&
      (target.path === undefined ? PAID.has(path) : target.path === path);
    const next = <Sort>(pick: (fault: z.output<typeof Fault>) => Sort | undefined): Sort | undefined => {
      for (const queued of this.#queued) {
        const picked = isMeant(queued) ? pick(queued.fault) : undefined;
        if (picked === undefined) continue;
        queued.left -= 1;
        this.#queued = this.#queued.filter((one) => one.left > 0);
        return picked;
      }
      return undefined;
    };
    const answer = next((fault) => (fault.kind === "answer" ? fault : undefined));
    const slow = next((fault) => (fault.kind === "slow-first-token" ? fault : undefined));
    const split = next((fault) => (fault.kind === "split" ? fault : undefined));
    const told = next((fault) => (fault.kind === "usage" ? fault : undefined));
    const twice = next((fault) => (fault.kind === "told-twice" ? fault : undefined));
    const trouble = next((fault) => (isTrouble(fault) ? fault : undefined));
    const played = [answer, slow, split, told, twice, trouble];
    const kinds = played.flatMap((fault) => (fault === undefined ? [] : [fault.kind]));
    return { answer, firstTokenMs: slow?.ms, split, told, isToldTwice: twice !== undefined, trouble, kinds };
  }
}

const isTrouble = (fault: z.output<typeof Fault>): fault is Trouble => !BESIDE.has(fault.kind);

/** What can be met beside a trouble. */
const BESIDE: ReadonlySet<string> = new Set(["answer", "slow-first-token", "split", "usage", "told-twice"]);
