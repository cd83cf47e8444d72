/** Where a command writes: `process.stdout`, or a test's own. */
export interface Terminal {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface Progress {
  /** So many are done now, of the total. */
  update(done: number): void;
  /** Ends the line, so that what is written next begins on its own. */
  end(): void;
}

const BAR_CELLS = 30;
const REDRAW_MS = 100;

/**
 * Shows how far something is: a bar that redraws itself on a terminal, at most ten times a second; elsewhere (a file, a
 * pipe, CI) a plain line for every tenth of the way.
 */
export function startProgress(
  terminal: Terminal,
  label: string,
  total: number,
  now: () => number = () => performance.now(),
): Progress {
  const shown = terminal.isTTY === true ? barOn(terminal, label, total, now) : linesOn(terminal, label, total);
  shown.update(0);
  // The total is an estimate: rows may be added meanwhile.
  return { update: (done) => shown.update(Math.min(done, total)), end: () => shown.end() };
}

function barOn(terminal: Terminal, label: string, total: number, now: () => number): Progress {
  const startedMs = now();
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    update: (done) => {
      const nowMs = now();
      if (done < total && nowMs - drawnMs < REDRAW_MS) return;
      drawnMs = nowMs;
      const full = total === 0 ? BAR_CELLS : Math.floor((BAR_CELLS * done) / total);
      const bar = "█".repeat(full) + "░".repeat(BAR_CELLS - full);
      const line = `${label}  ${bar}  ${done}/${total}${timeLeft(done, total, nowMs - startedMs)}`;
      // A line that wraps could not be redrawn. The last column stays free: some terminals wrap there already.
      terminal.write(`\r${line.slice(0, (terminal.columns || 80) - 1)}\x1b[K`);
    },
    end: () => {
      terminal.write("\n");
    },
  };
}

function linesOn(terminal: Terminal, label: string, total: number): Progress {
  let tenths = 0;
  return {
    update: (done) => {
      const reached = total === 0 ? 0 : Math.floor((10 * done) / total);
      if (reached <= tenths) return;
      tenths = reached;
      terminal.write(`${label}  ${done}/${total}\n`);
    },
    end: () => undefined,
  };
}

function timeLeft(done: number, total: number, elapsedMs: number): string {
  if (done === 0 || done >= total || elapsedMs < 2_000) return "";
  return `  ${Math.ceil((elapsedMs * (total - done)) / done / 1_000)} s left`;
}
