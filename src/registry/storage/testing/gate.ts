/** A place where a test holds up what it tests, and hears that it has come there. */
export interface Gate {
  /** Resolves when somebody waits here. */
  readonly reached: Promise<void>;
  /** Waits until the gate is opened. */
  readonly pass: () => Promise<void>;
  readonly open: () => void;
}

export function gate(): Gate {
  let arrive = (): void => undefined;
  let open = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return {
    reached,
    pass: async () => {
      arrive();
      await opened;
    },
    open: () => open(),
  };
}
