/** Sizes, times and digests as people read them in a table. */
import { plural } from "../text/index.ts";

const SIZE_UNITS = ["kB", "MB", "GB", "TB"] as const;
/** From here on an amount has two digits before the point, or three, when it is rounded to three digits. */
const [TWO_DIGITS, THREE_DIGITS] = [9.995, 99.95];

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const TIME_UNITS: readonly { readonly seconds: number; readonly name: string }[] = [
  { seconds: 365 * DAY, name: "year" },
  { seconds: 30 * DAY, name: "month" },
  { seconds: 7 * DAY, name: "week" },
  { seconds: DAY, name: "day" },
  { seconds: HOUR, name: "hour" },
  { seconds: MINUTE, name: "minute" },
  { seconds: 1, name: "second" },
];

/** A number of bytes in decimal units with three digits: `812 B`, `1.25 kB`, `64 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  let amount = bytes / 1000;
  let unit = 0;
  for (; amount >= 999.5 && unit < SIZE_UNITS.length - 1; unit++) amount /= 1000;
  const scale = amount < TWO_DIGITS ? 100 : amount < THREE_DIGITS ? 10 : 1;
  return `${Math.round(amount * scale) / scale} ${SIZE_UNITS[unit]}`;
}

/** How long ago a time was, in its largest unit: `2 minutes ago`. A time to come, or no time, is shown as it is. */
export function formatAge(time: string, now: Date): string {
  const seconds = Math.floor((now.getTime() - Date.parse(time)) / 1000);
  if (Number.isNaN(seconds) || seconds < 0) return time;
  for (const unit of TIME_UNITS) {
    if (seconds >= unit.seconds) return `${plural(Math.floor(seconds / unit.seconds), unit.name)} ago`;
  }
  return "just now";
}

/** A length of time, in milliseconds, in the largest unit of which it is a whole number: `1 hour`, `90 seconds`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const unit = TIME_UNITS.find((each) => each.seconds <= DAY && seconds % each.seconds === 0 && seconds > 0);
  return unit === undefined ? plural(seconds, "second") : plural(seconds / unit.seconds, unit.name);
}

/** The first 12 hexadecimal digits of a digest: what a person compares. */
export function shortDigest(digest: string): string {
  const start = digest.indexOf(":") + 1;
  return digest.slice(start, start + 12);
}
