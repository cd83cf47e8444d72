import type { KeySource } from "../protocol/call-record.ts";
import type { ChargeKind } from "../protocol/charge.ts";
import type { StudentId } from "../protocol/ids.ts";
import type { LedgerRow } from "../store/ledger-pages.ts";
import type { UsageExport } from "./reconcile-export.ts";
import { ExportProblem, type Source } from "./reconcile-export-row.ts";
import { type Measures, measuresOf, modelOf, NOTHING, sumOf } from "./reconcile-measures.ts";
import { dayOf } from "./reconcile-options.ts";

/* Both sides, summed for each day and model. */

/** Whose account the export is of. */
export interface Account {
  readonly payer: KeySource;
  /** Of a student's account. */
  readonly studentId: StudentId | null;
}

export interface LedgerGroup {
  readonly day: string;
  readonly model: string;
  readonly kinds: ReadonlySet<ChargeKind>;
  readonly charges: number;
  /** Told by OpenAI. */
  readonly told: Measures;
  /** Counted by us, because it broke off or goes on: how many, and what they came to at most. */
  readonly estimated: number;
  readonly most: Measures;
  readonly unpriced: number;
}

export const keyOf = (day: string, model: string): string => `${day} ${model}`;

/** The charges of an account, row by row; what was refused has used nothing, and is left out. */
export class LedgerTally {
  readonly #account: Account;
  readonly #groups = new Map<string, LedgerGroup>();
  readonly #models = new Map<string, string>();
  /** Rows that nobody can read: whose they are is not known either. */
  unreadable = 0;

  constructor(account: Account) {
    this.#account = account;
  }

  get groups(): ReadonlyMap<string, LedgerGroup> {
    return this.#groups;
  }

  add({ charge, studentId }: LedgerRow): void {
    if (!charge) {
      this.unreadable += 1;
      return;
    }
    const { payer } = this.#account;
    if (charge.payer !== payer || charge.kind === "phone" || charge.state === "void") return;
    if (payer === "student" && studentId !== this.#account.studentId) return;
    const day = dayOf(charge.atMs);
    const model = remembered(this.#models, charge.model);
    const before = this.#groups.get(keyOf(day, model)) ?? { ...NO_CHARGES, day, model };
    const measures = measuresOf(charge);
    const isTold = charge.state === "told";
    this.#groups.set(keyOf(day, model), {
      ...before,
      kinds: before.kinds.has(charge.kind) ? before.kinds : new Set([...before.kinds, charge.kind]),
      charges: before.charges + 1,
      told: isTold ? sumOf(before.told, measures) : before.told,
      estimated: before.estimated + (isTold ? 0 : 1),
      most: isTold ? before.most : sumOf(before.most, measures),
      unpriced: before.unpriced + (charge.costMicroUsd === null ? 1 : 0),
    });
  }
}

const NO_CHARGES = {
  kinds: new Set<ChargeKind>(),
  charges: 0,
  told: NOTHING,
  estimated: 0,
  most: NOTHING,
  unpriced: 0,
};

export interface ExportGroup {
  readonly day: string;
  readonly model: string;
  /** Null: no row of usage. */
  readonly usage: Measures | null;
  readonly microUsd: number | null;
  /** Rows whose seconds were rounded. */
  readonly rounded: number;
}

export interface ExportTally {
  readonly groups: ReadonlyMap<string, ExportGroup>;
  readonly sources: ReadonlySet<Source>;
  /** Money of whole days, where no model is named for it; null: it is in the groups. */
  readonly microUsdOfDays: ReadonlyMap<string, number> | null;
  readonly rows: number;
  /** Rows of other days, and of other keys. */
  readonly otherDays: number;
  readonly otherKeys: number;
  /** Rows of the batch API, or of a tier with prices of its own. */
  readonly unusual: number;
}

export interface Wanted {
  readonly fromMs: number;
  readonly toMs: number;
  /** Ids, names or endings of API keys; none: whichever. */
  readonly keyHints: readonly string[];
}

/** @throws ExportProblem when keys are asked for, and no row tells of any. */
export function tallyExports(files: readonly UsageExport[], { fromMs, toMs, keyHints }: Wanted): ExportTally {
  const all = files.flatMap(({ rows }) => rows);
  if (keyHints.length > 0 && !all.some(({ keys }) => keys.length > 0)) {
    throw new ExportProblem("No row tells of an API key, so --key-hint finds none. Export it grouped by API key.");
  }
  const ofDays = all.filter(({ startMs }) => startMs >= fromMs && startMs < toMs);
  const rows = ofDays.filter(
    ({ keys }) => keyHints.length === 0 || keys.some((key) => keyHints.some((hint) => key.endsWith(hint))),
  );
  const groups = new Map<string, ExportGroup>();
  const models = new Map<string, string>();
  const days = new Map<string, number>();
  for (const { startMs, model: name, source, measures, isRounded } of rows) {
    const day = dayOf(startMs);
    if (source === "costs") days.set(day, (days.get(day) ?? 0) + (measures.microUsd ?? 0));
    if (name === null) continue;
    const model = remembered(models, name);
    const group = groups.get(keyOf(day, model)) ?? { day, model, usage: null, microUsd: null, rounded: 0 };
    groups.set(keyOf(day, model), {
      ...group,
      ...(source === "costs"
        ? { microUsd: (group.microUsd ?? 0) + (measures.microUsd ?? 0) }
        : { usage: sumOf(group.usage ?? NOTHING, measures) }),
      rounded: group.rounded + (isRounded ? 1 : 0),
    });
  }
  const isByModel = rows.every(({ model }) => model !== null);
  return {
    groups: isByModel ? groups : withoutMoney(groups),
    sources: new Set(files.flatMap(({ sources }) => [...sources])),
    microUsdOfDays: isByModel ? null : days,
    rows: rows.length,
    otherDays: all.length - ofDays.length,
    otherKeys: ofDays.length - rows.length,
    unusual: rows.filter(({ isUnusual }) => isUnusual).length,
  };
}

const withoutMoney = (groups: ReadonlyMap<string, ExportGroup>): ReadonlyMap<string, ExportGroup> =>
  new Map(
    [...groups].flatMap(([key, group]) => (group.usage === null ? [] : [[key, { ...group, microUsd: null }] as const])),
  );

function remembered(models: Map<string, string>, name: string): string {
  const model = models.get(name) ?? modelOf(name);
  models.set(name, model);
  return model;
}
