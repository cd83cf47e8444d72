/** The order in which windows are measured, and which of them count. */
import { say } from "./suite.ts";

/** Others took more than this of the machine: the window says more about them than about us. */
export const FOREIGN_CORES_MAX = 0.3;

interface Seen {
  readonly foreignCores: number;
}

export interface RoundPlan {
  readonly rounds: number;
  /** Windows that may be measured again because others used the machine. */
  readonly repeats: number;
  /** Numbers of calls at once, one after the other. */
  readonly calls: readonly number[];
}

export const windowKey = (server: string, calls: number): string => `${server} ${calls}`;

/**
 * All servers with one number of calls, then with the next, and all of that again; another server first each time.
 *
 * @returns the windows by {@link windowKey}.
 */
export async function inRounds<Server extends { readonly name: string }, Window extends Seen>(
  plan: RoundPlan,
  servers: readonly Server[],
  measure: (server: Server, calls: number) => Promise<Window>,
): Promise<Map<string, Window[]>> {
  const windows = new Map<string, Window[]>();
  let { repeats } = plan;
  for (let round = 0; round < plan.rounds; round += 1) {
    const first = round % servers.length;
    for (const calls of plan.calls) {
      say(`round ${round + 1} of ${plan.rounds}: ${calls === 1 ? "1 call" : `${calls} calls`}`);
      for (const server of [...servers.slice(first), ...servers.slice(0, first)]) {
        const seen = [await measure(server, calls)];
        if (seen.every(isNoisy) && repeats > 0) {
          repeats -= 1;
          seen.push(await measure(server, calls));
        }
        const key = windowKey(server.name, calls);
        windows.set(key, [...(windows.get(key) ?? []), ...seen]);
      }
    }
  }
  return windows;
}

export const isNoisy = ({ foreignCores }: Seen): boolean => foreignCores > FOREIGN_CORES_MAX;

/** The quiet windows; all of them when none was quiet. */
export function countingOf<Window extends Seen>(windows: readonly Window[]): readonly Window[] {
  const quiet = windows.filter((window) => !isNoisy(window));
  return quiet.length > 0 ? quiet : windows;
}
