import { throwIfAborted } from "../../../errors.ts";
import type { OperationOptions } from "../../../store/types.ts";

const PAGE = 1000;

/**
 * Rows of a query, a page at a time, so that no connection is held between two of them. `fetch` gets the last row of the
 * page before, and how many to fetch.
 */
export async function* paged<R>(
  fetch: (last: R | undefined, count: number) => Promise<readonly R[]>,
  { signal, limit = Infinity }: OperationOptions & { readonly limit?: number } = {},
): AsyncGenerator<R, void, undefined> {
  let last: R | undefined;
  for (let left = limit; left > 0;) {
    throwIfAborted(signal);
    const count = Math.min(left, PAGE);
    const rows = await fetch(last, count);
    yield* rows;
    if (rows.length < count) return;
    last = rows.at(-1);
    left -= rows.length;
  }
}
