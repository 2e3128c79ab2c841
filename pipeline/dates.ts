/** Moments on a chain's clock, for people. */

/** Seconds since 1970 as a date in UTC, to the second; what no date can be is left as it is. */
export function timeText(seconds: unknown): string {
  const date = new Date(Number(seconds) * 1_000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace(".000Z", "Z");
}
