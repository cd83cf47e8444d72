import { HEIGHT, sparklinePoints, WIDTH } from "./sparkline-points.ts";

/** How long the last turns took; the number beside it says the last one in words. */
export const Sparkline = ({ values, title }: { readonly values: readonly number[]; readonly title: string }) => (
  <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={title}>
    <polyline points={sparklinePoints(values)} fill="none" stroke="currentColor" stroke-width="1.5" />
  </svg>
);
