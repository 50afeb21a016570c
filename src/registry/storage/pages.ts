import type { PageOptions } from "./types.ts";

/** One page of names that are sorted, without looking at those before it. */
export function* pageOf(sorted: readonly string[], { last, limit = Infinity }: PageOptions): Generator<string> {
  const start = last === undefined ? 0 : placeOf(sorted, last, "after");
  const end = Math.min(sorted.length, start + limit);
  for (let at = start; at < end; at += 1) yield sorted[at] ?? "";
}

/** Where `name` stands in sorted names, or would stand; or the place after it. */
export function placeOf(sorted: readonly string[], name: string, side: "at" | "after" = "at"): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = sorted[middle] ?? "";
    if (other < name || (side === "after" && other === name)) low = middle + 1;
    else high = middle;
  }
  return low;
}
