/** Times of the wire are ISO 8601 in UTC; a field of type `datetime-local` has the time of the wall clock beside it. */

/** `2026-11-22T09:30`; empty for none. */
export function toLocalField(iso: string | null): string {
  const time = new Date(iso ?? Number.NaN);
  if (Number.isNaN(time.getTime())) return "";
  const two = (value: number): string => String(value).padStart(2, "0");
  const date = `${String(time.getFullYear()).padStart(4, "0")}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date}T${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** `null` for an empty field; `undefined`: not a time. An hour that daylight saving skips is the hour after it. */
export function fromLocalField(field: string): string | null | undefined {
  if (field === "") return null;
  const time = new Date(field);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** `Europe/Berlin, UTC+1`, as it is at that time. */
export function zoneWords(at: Date): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const minutes = -at.getTimezoneOffset();
  const sign = minutes < 0 ? "−" : "+";
  const hours = Math.floor(Math.abs(minutes) / 60);
  const rest = Math.abs(minutes) % 60;
  return `${timeZone}, UTC${sign}${hours}${rest === 0 ? "" : `:${String(rest).padStart(2, "0")}`}`;
}
