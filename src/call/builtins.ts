import type { Builtin } from "../protocol/tools.ts";
import type { ToolResult } from "./call-events.ts";

export interface BuiltinWorld {
  readonly nowMs: number;
  /** A whole number from 0 up to `below`, excluded; all equally likely. */
  readonly randomBelow: (below: number) => number;
}

type BuiltinAnswer =
  | { readonly ok: true; readonly reply: unknown; readonly effect?: ToolResult["effect"] }
  | { readonly ok: false; readonly error: string };

/** Tools that need no server. Each reads its arguments itself: they come from the model. */
const BUILTIN_TOOLS: Record<Builtin, (args: ReadonlyMap<string, unknown>, world: BuiltinWorld) => BuiltinAnswer> = {
  current_time(args, world) {
    const timeZone = args.get("time_zone") ?? args.get("timezone") ?? "UTC";
    if (typeof timeZone !== "string") return { ok: false, error: "time_zone must be text" };
    const now = new Date(world.nowMs);
    try {
      const spoken = new Intl.DateTimeFormat("en-US", { timeZone, dateStyle: "full", timeStyle: "short" }).format(now);
      return { ok: true, reply: { time_zone: timeZone, local_time: spoken, utc: now.toISOString() } };
    } catch {
      return { ok: false, error: "unknown time zone" };
    }
  },

  roll_dice(args, world) {
    const count = args.get("count") ?? 1;
    const sides = args.get("sides") ?? 6;
    if (!isWhole(count, 1, 10)) return { ok: false, error: "count must be 1 to 10" };
    if (!isWhole(sides, 2, 1_000)) return { ok: false, error: "sides must be 2 to 1000" };
    const rolls = Array.from({ length: count }, () => 1 + world.randomBelow(sides));
    return { ok: true, reply: { rolls, total: rolls.reduce((sum, roll) => sum + roll, 0) } };
  },

  end_call(args) {
    return {
      ok: true,
      reply: { ok: true, next: "Say goodbye now." },
      effect: { type: "end-call", reason: note(args) },
    };
  },

  hand_over(args) {
    const reply = { ok: true, next: "Tell the caller that a person takes over now." };
    return { ok: true, reply, effect: { type: "hand-over", reason: note(args) } };
  },
};

export function runBuiltin(builtin: Builtin, args: ReadonlyMap<string, unknown>, world: BuiltinWorld): BuiltinAnswer {
  return BUILTIN_TOOLS[builtin](args, world);
}

/** The model's reason, short enough for TwiML and a log of the class; empty when it gave none. */
function note(args: ReadonlyMap<string, unknown>): string {
  const reason = args.get("reason");
  return typeof reason === "string" ? reason.slice(0, 200) : "";
}

const isWhole = (value: unknown, low: number, high: number): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= low && value <= high;
