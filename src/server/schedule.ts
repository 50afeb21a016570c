/** Work that is done again and again while the server runs. */

/** Calls `work` every `every` milliseconds, never twice at a time. `stop` fires its signal and resolves when it has ended. */
export function schedule(every: number, work: (signal: AbortSignal) => Promise<void>): { stop(): Promise<void> } {
  const controller = new AbortController();
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= work(controller.signal)
      .catch(() => {})
      .finally(() => (running = undefined));
  }, every);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      controller.abort();
      await running;
    },
  };
}
