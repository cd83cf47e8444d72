import type { CheckStatus } from "../../protocol/rest-workshop.ts";
import type { NeedKind } from "./need.ts";
import "./shapes.css";

/** State by shape, for whom colours say nothing; always beside a word, so no screen reader needs them. */

const NEED_SHAPES: Readonly<Record<NeedKind, string>> = {
  // A triangle with its point up, a full square, a triangle with its point down, a diamond, a full disc, a ring, a short line.
  stuck: "M8 1.5 15 14H1Z",
  "used-up": "M2.5 2.5h11v11h-11Z",
  "near-limit": "M8 14.5 1 2h14Z",
  fallback: "M8 1 15 8 8 15 1 8Z",
  "in-call": "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z",
  quiet: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Zm0 2.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6Z",
  fine: "M3 6.8h10v2.4H3Z",
};

const CHECK_SHAPES: Readonly<Record<CheckStatus | "running", string>> = {
  ok: "m6.4 10.2-3-3L1.6 9l4.8 4.8 8-8-1.8-1.8Z",
  warning: NEED_SHAPES.stuck,
  failed: "M3.6 1.9 8 6.3l4.4-4.4 1.7 1.7L9.7 8l4.4 4.4-1.7 1.7L8 9.7l-4.4 4.4-1.7-1.7L6.3 8 1.9 3.6Z",
  off: NEED_SHAPES.fine,
  running: NEED_SHAPES.quiet,
};

interface ShapeProps {
  readonly path: string;
  readonly className: string;
}

const Shape = ({ path, className }: ShapeProps) => (
  <svg class={`shape ${className}`} viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
    <path d={path} fill="currentColor" fill-rule="evenodd" />
  </svg>
);

export const NeedShape = ({ kind }: { readonly kind: NeedKind }) => (
  <Shape path={NEED_SHAPES[kind]} className={`need-${kind}`} />
);

export const CheckShape = ({ status }: { readonly status: CheckStatus | "running" }) => (
  <Shape path={CHECK_SHAPES[status]} className={`check-${status}`} />
);

/** A tick that was earned, or the empty place for it. */
export const StepShape = ({ isDone }: { readonly isDone: boolean }) => (
  <Shape path={isDone ? CHECK_SHAPES.ok : NEED_SHAPES.quiet} className={isDone ? "step-done" : "step-open"} />
);
