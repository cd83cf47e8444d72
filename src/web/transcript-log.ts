import type { GapLine, Line, ToolLine, TurnLine } from "./call-view.ts";
import {
  gapWords,
  latencyWords,
  NOT_HEARD_WORDS,
  SHORT_ANSWER_WORDS,
  SPEAKER_WORDS,
  toolWords,
  WAITING_WORDS,
} from "./words.ts";

/** Draws the transcript into a list. Only lines that changed are touched, so that a selection or a reader's place stays. */
export class TranscriptLog {
  readonly #list: HTMLElement;
  readonly #scroller: HTMLElement;
  #drawn: readonly { readonly line: Line; readonly item: HTMLElement }[] = [];

  constructor(list: HTMLElement, scroller: HTMLElement) {
    this.#list = list;
    this.#scroller = scroller;
  }

  draw(lines: readonly Line[]): void {
    if (lines.length === this.#drawn.length && lines.every((line, at) => line === this.#drawn[at]?.line)) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < 40;
    const drawn = lines.map((line) => this.#drawn.find((old) => old.line === line) ?? this.#redrawn(line));
    for (const { item } of this.#drawn) if (!drawn.some((kept) => kept.item === item)) item.remove();
    drawn.forEach(({ item }, at) => {
      if (this.#list.children[at] !== item) this.#list.insertBefore(item, this.#list.children[at] ?? null);
    });
    this.#drawn = drawn;
    // Whoever has scrolled up is reading.
    if (isAtEnd) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** The item of the same turn is used again. */
  #redrawn(line: Line): { readonly line: Line; readonly item: HTMLElement } {
    const old = this.#drawn.find((other) => other.line.seq === line.seq && other.line.kind === line.kind);
    const item = old?.item ?? document.createElement("li");
    item.className = `line ${line.kind === "turn" ? line.speaker : line.kind}`;
    item.dataset.seq = String(line.seq);
    item.replaceChildren(...partsOf(line));
    return { line, item };
  }
}

function partsOf(line: Line): Node[] {
  switch (line.kind) {
    case "turn":
      return turnParts(line);
    case "tool":
      return toolParts(line);
    case "gap":
      return gapParts(line);
  }
}

function turnParts({ speaker, text, interim, notHeard, isFinal, timings, failure }: TurnLine): Node[] {
  const words = span("words");
  if (text !== "") words.append(span("final", text));
  if (interim !== "") words.append(span("interim", interim));
  if (text === "" && interim === "" && !isFinal && failure === null) words.append(span("interim", WAITING_WORDS));
  if (notHeard !== "") words.append(" ", span("cut", NOT_HEARD_WORDS), " ", span("not-heard", notHeard.trim()));
  if (failure !== null) words.append(" ", span("failure", SHORT_ANSWER_WORDS));
  const parts: Node[] = [span("who", SPEAKER_WORDS[speaker]), words];
  const latency = latencyWords(timings);
  if (latency !== "") parts.push(span("timing", latency));
  return parts;
}

const toolParts = ({ name, outcome, durationMs }: ToolLine): Node[] => [
  span("tool-name", name),
  span(`outcome ${outcome}`, toolWords(outcome, durationMs)),
];

const gapParts = ({ lostMs }: GapLine): Node[] => [span("words", gapWords(lostMs))];

function span(className: string, text?: string): HTMLElement {
  const element = document.createElement("span");
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}
