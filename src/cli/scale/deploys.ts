import { type Aftermath, type Deploy, simulateDeploy, USUAL_SPEED } from "./reconnect.ts";

/** A deploy that is simulated, and why. */
export interface NamedDeploy {
  readonly name: string;
  readonly deploy: Deploy;
}

const MINUTE_MS = 60_000;
const PHONES_IN_TEN = 3;

/** Ten thousand calls that last 15 minutes at most, three of ten by phone; everything is cut off within a second, the worst there is. */
export function worstDeploy(seed: number, calls = 10_000): Deploy {
  return {
    seed,
    calls,
    phones: Math.round((calls * PHONES_IN_TEN) / 10),
    callMs: 15 * MINUTE_MS,
    strategy: { mode: "immediate" },
    spreadMs: 1_000,
    speed: USUAL_SPEED,
  };
}

const taking = (connectsPerSecond: number, lineMs = USUAL_SPEED.lineMs) => ({
  speed: { ...USUAL_SPEED, connectsPerSecond, lineMs },
});

/** Those of docs/scale.md. `maxDelayMs` of the first is that of `wrangler.toml`. */
export function deploysToShow(seed: number): readonly NamedDeploy[] {
  const worst = worstDeploy(seed);
  const pages = { ...worst, phones: 0 };
  return [
    {
      name: "`deferred`, 3,900 s: as in `wrangler.toml`",
      deploy: { ...worst, strategy: { mode: "deferred", maxDelayMs: 3_900_000 } },
    },
    {
      name: "`deferred`, 300 s: wrangler's default",
      deploy: { ...worst, strategy: { mode: "deferred", maxDelayMs: 300_000 } },
    },
    { name: "`immediate`, all cut within 1 s", deploy: worst },
    { name: "`immediate`, over 30 s", deploy: { ...worst, spreadMs: 30_000 } },
    { name: "… only pages, and 2,000 connects/s at most", deploy: { ...pages, ...taking(2_000) } },
    { name: "… only pages, 1,000 connects/s", deploy: { ...pages, ...taking(1_000) } },
    { name: "… only pages, 500 connects/s", deploy: { ...pages, ...taking(500) } },
    { name: "… only pages, 500 connects/s, nobody is refused", deploy: { ...pages, ...taking(500, 60_000) } },
    { name: "… with the phones, 1,000 connects/s", deploy: { ...worst, ...taking(1_000) } },
  ];
}

export const aftermathOf = ({ deploy }: NamedDeploy): Aftermath => simulateDeploy(deploy);
