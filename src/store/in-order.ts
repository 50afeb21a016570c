import { SkillError } from "../errors.ts";
import { limiter } from "./limiter.ts";

/** How many items may be under way or done before the first of them has been taken, for each that may run at once. */
const AHEAD = 8;

/**
 * Works on many items, at most `width` at a time, and yields the results in the order of the items. A slow one holds back
 * the results after it, not the work on them, until some are waiting. Items are taken as they are needed. The first failure
 * ends the iteration; work that has begun is waited for, whoever ends it. With `salvage`, what has been done by then is yielded
 * before the failure is thrown, without what failed: for work of which somebody must learn that it was done. Default: false.
 */
export async function* inOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
  { salvage = false }: { readonly salvage?: boolean } = {},
): AsyncGenerator<R, void, undefined> {
  const limit = limiter(width);
  const started: Promise<R>[] = [];
  let isOver = false;
  const begin = (item: T): void => {
    const result = limit(async () => {
      if (isOver) throw new SkillError("ABORTED", "nobody waits for this any more");
      return work(item);
    });
    // The loop below awaits in order; a later rejection must not count as unhandled before its turn.
    result.catch(() => undefined);
    started.push(result);
  };
  try {
    for await (const item of items) {
      begin(item);
      if (started.length >= width * AHEAD) yield await shiftOf(started);
    }
    while (started.length > 0) yield await shiftOf(started);
  } catch (error) {
    isOver = true;
    const rest = salvage ? await Promise.allSettled(started) : [];
    for (const each of rest) if (each.status === "fulfilled") yield each.value;
    throw error;
  } finally {
    isOver = true;
    await Promise.allSettled(started);
  }
}

function shiftOf<R>(results: Promise<R>[]): Promise<R> {
  return results.shift() ?? Promise.reject(new RangeError("there is no result"));
}
