/** How transfers look: a line for each, with a bar where there is room for one. */
import { formatBytes } from "./units.ts";

/** What is on its way. */
export interface Transfer {
  readonly label: string;
  /** How much has arrived, and of how much. */
  readonly bytes: number;
  readonly total: number;
}

const MAX_LINES = 6;
/** A shorter bar would say nothing that the percentage does not. */
const MIN_BAR = 10;
const MAX_BAR = 40;
/** So that bars keep their length while amounts grow. */
const WIDEST = "1.23 MB of 1.23 MB".length;
const GAP = "  ";

/** At most six transfers in as many lines, aligned, and how many more there are. Lines are no longer than `columns` if that is possible. */
export function formatTransfers(transfers: readonly Transfer[], columns: number): string[] {
  const shown = transfers.slice(0, MAX_LINES);
  const labels = aligned(shown.map(({ label }) => label));
  const percents = shown.map((transfer) => `${Math.floor(shareOf(transfer) * 100)}%`.padStart(4));
  const amounts = aligned(
    shown.map(({ bytes, total }) => `${formatBytes(bytes)} of ${formatBytes(total)}`),
    WIDEST,
  );
  const taken = (labels[0] ?? "").length + (percents[0] ?? "").length + (amounts[0] ?? "").length;
  const bar = Math.min(MAX_BAR, columns - taken - 3 * GAP.length - "[]".length);
  const lines = shown.map((transfer, at) => {
    const facts = [
      labels[at],
      ...(bar < MIN_BAR ? [] : [formatBar(shareOf(transfer), bar)]),
      percents[at],
      amounts[at],
    ];
    return facts.join(GAP).trimEnd();
  });
  const more = transfers.length - shown.length;
  return more === 0 ? lines : [...lines, `+${more} more`];
}

function shareOf({ bytes, total }: Transfer): number {
  return total === 0 ? 1 : Math.min(1, bytes / total);
}

function formatBar(share: number, width: number): string {
  const full = Math.floor(share * width);
  return `[${"=".repeat(full)}${full < width ? ">" : ""}`.padEnd(width + 1).concat("]");
}

function aligned(texts: readonly string[], least = 0): string[] {
  const width = Math.max(least, ...texts.map((text) => text.length));
  return texts.map((text) => text.padEnd(width));
}
