/** Runs a task when there is room for it. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/** At most `width` tasks at a time, the others in the order in which they came. */
export function limiter(width: number): Limiter {
  let free = Math.max(1, width);
  // Those who came, and before them, last first, those who are to go: `shift` would move everybody who waits.
  let coming: (() => void)[] = [];
  let going: (() => void)[] = [];
  const next = (): (() => void) | undefined => {
    if (going.length === 0) [coming, going] = [going, coming.reverse()];
    return going.pop();
  };
  return async (task) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resume) => coming.push(resume));
    try {
      return await task();
    } finally {
      const resume = next();
      if (resume === undefined) free += 1;
      else resume();
    }
  };
}
