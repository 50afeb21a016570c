/**
 * Turns `work` into a function whose concurrent callers share runs. One run at a time; a caller joins the next run that has
 * not begun, so it gets what was there when it called, or later, and never what an earlier run saw.
 */
export function shared<T>(work: () => Promise<T>): () => Promise<T> {
  let current: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    next = undefined;
    const run = work();
    current = run.catch(() => undefined);
    return run;
  };
  return () => (next ??= current.then(begin));
}
