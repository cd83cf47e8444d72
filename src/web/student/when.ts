/** Times as this browser's user reads them. */

/** `14:30`, with the day where it is another one. */
export function whenWords(iso: string, nowMs: number): string {
  const at = new Date(iso);
  const isToday = at.toDateString() === new Date(nowMs).toDateString();
  const day = isToday ? {} : ({ weekday: "short", day: "numeric", month: "short" } as const);
  return at.toLocaleString(undefined, { ...day, hour: "2-digit", minute: "2-digit" });
}
