/** Sizes, times and digests as people read them in a table. */

const SIZE_UNITS = ["kB", "MB", "GB", "TB"] as const;

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TIME_UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [365 * DAY, "year"],
  [30 * DAY, "month"],
  [7 * DAY, "week"],
  [DAY, "day"],
  [HOUR, "hour"],
  [MINUTE, "minute"],
  [1, "second"],
];

/** A number of bytes in decimal units with three digits: `812 B`, `1.25 kB`, `64 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let [amount, unit]: [number, string] = [bytes / 1000, SIZE_UNITS[0]];
  for (const larger of SIZE_UNITS.slice(1)) {
    if (amount < 999.5) break;
    [amount, unit] = [amount / 1000, larger];
  }
  return `${Number(amount.toPrecision(3))} ${unit}`;
}

/** How long ago a time was, in its largest unit: `2 minutes ago`. A time to come, or no time, is shown as it is. */
export function formatAge(time: string, now: Date): string {
  const seconds = Math.floor((now.getTime() - Date.parse(time)) / 1000);
  if (Number.isNaN(seconds) || seconds < 0) return time;
  const [length, name] = TIME_UNITS.find(([unit]) => seconds >= unit) ?? [1, "second"];
  return seconds === 0 ? "just now" : `${plural(Math.floor(seconds / length), name)} ago`;
}

/** A length of time, in milliseconds, in the largest unit of which it is a whole number: `1 hour`, `90 seconds`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const units = TIME_UNITS.filter(([unit]) => unit <= DAY && seconds % unit === 0 && seconds > 0);
  const [length, name] = units[0] ?? [1, "second"];
  return plural(seconds / length, name);
}

/** The first 12 hexadecimal digits of a digest: what a person compares. */
export function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, 12);
}

/** `1 file`, `3 files`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}
