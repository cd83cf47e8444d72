import type { BillLine } from "../../protocol/bill.ts";
import { withTurn } from "../call-lines.ts";
import {
  clockWords,
  costWords,
  END_WORDS,
  EXPORT_WORDS,
  KEY_WORDS,
  LAYER_WORDS,
  milliseconds,
  PART_WORDS,
  productWords,
  quantityWords,
  SPEAKER_WORDS,
  unpricedWords,
  WAY_IN_WORDS,
} from "../words.ts";
import { type ArchivedCall, lastedMs, turnMessageOf } from "./call-record-view.ts";
import { isRounded } from "./receipt-of.ts";

/** A call as a file to keep. Pure; what was said is only ever text. */

/** Grows when a field changes its meaning or goes away. */
export const EXPORT_VERSION = 1;

/** Everything the server tells of a call. */
export const jsonOf = (archived: ArchivedCall): string =>
  `${JSON.stringify({ format: "callroom-call", version: EXPORT_VERSION, ...archived }, null, 2)}\n`;

/** To be read: a line a turn, with its time in the call, what was not heard in brackets, and tools. */
export function textOf({ call, turns, bill }: ArchivedCall): string {
  const startedAtMs = Date.parse(call.startedAt);
  const durationMs = lastedMs(call);
  const head = [
    EXPORT_WORDS.title,
    `${call.startedAt}${durationMs === null ? "" : `, ${clockWords(durationMs)}`}, ${WAY_IN_WORDS[call.wayIn]}`,
    `${call.model}${call.transcriptionModel === null ? "" : ` + ${call.transcriptionModel}`}`,
    `${KEY_WORDS[call.keySource]}, ${costWords(call.costMicroUsd)}`,
  ];
  const lines = turns
    .toSorted((one, other) => one.seq - other.seq)
    .flatMap((turn) => {
      const at = `[${clockWords(Date.parse(turn.startedAt) - startedAtMs)}] `;
      const [line] = withTurn([], turnMessageOf(turn), []);
      if (line?.kind === "tool") {
        const { name, outcome, durationMs: tookMs, arguments: sent, output } = line;
        return [
          `${at}${EXPORT_WORDS.tool} ${oneLine(name)}: ${outcome}${tookMs === null ? "" : `, ${milliseconds(tookMs)}`}`,
          `    ${EXPORT_WORDS.sent} ${oneLine(sent)}`,
          `    ${EXPORT_WORDS.got} ${oneLine(output ?? "")}`,
        ];
      }
      if (line?.kind !== "turn") return [];
      const unheard =
        line.notHeard.trim() === "" ? [] : [`[${EXPORT_WORDS.unheard}: ${oneLine(line.notHeard.trim())}]`];
      const said = [oneLine(line.text), ...unheard].filter((part) => part !== "");
      return [`${at}${SPEAKER_WORDS[line.speaker]}: ${said.join(" ") || EXPORT_WORDS.noWords}`];
    });
  const foot = call.endReason === null ? [] : ["", END_WORDS[call.endReason]];
  const costs =
    bill?.lines.map((line) => `${LAYER_WORDS[line.layer]}, ${PART_WORDS[line.part]}: ${productOf(line)}`) ?? [];
  const paid = costs.length === 0 ? [] : ["", ...costs];
  return `${[...head, "", ...lines, ...foot, ...paid].join("\n")}\n`;
}

const productOf = (line: BillLine): string =>
  line.costMicroUsd === null
    ? `${quantityWords(line)}, ${unpricedWords(line.model)}`
    : productWords(line, isRounded(line));

/** A line stays one: nobody's words can look like somebody else's turn. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();

/** `call-2026-11-20-0b5a3c1e.txt`: by day and id, of characters that every system takes. */
export const fileNameOf = ({ call }: ArchivedCall, extension: "json" | "txt"): string =>
  `call-${new Date(call.startedAt).toISOString().slice(0, 10)}-${call.id.replace(/[^A-Za-z0-9]/g, "").slice(0, 8)}.${extension}`;
