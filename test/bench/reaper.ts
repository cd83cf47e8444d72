/**
 * Ends the processes of a run whose own process is gone, however it went. Reads `+PID` and `-PID` lines; when they end,
 * so has the run.
 */
import { createInterface } from "node:readline";

const living = new Set<number>();
// Ctrl-C reaches the whole group: this one stays until the run has ended its own.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const pid = Number(line.slice(1));
  if (line.startsWith("+")) living.add(pid);
  else living.delete(pid);
});
lines.on("close", () => {
  for (const pid of living) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
});
