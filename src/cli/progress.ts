/** One line on the terminal that says what is going on, and goes away when there is something to say for good. */
import { visibleLine } from "../text/index.ts";
import type { Environment } from "./environment.ts";

const REDRAW_INTERVAL = 80;
/** For terminals that do not know their width, or say that it is 0. */
const DEFAULT_COLUMNS = 80;
const ERASE_LINE = "\r\u001b[K";

export interface Progress {
  /** Shows `text`, at most every 80 ms; cut to the width of the terminal. */
  update(text: string): void;
  /** Removes the line, if there is one. */
  clear(): void;
}

const SILENT: Progress = { update: () => {}, clear: () => {} };

/** A progress line on stderr when that is a terminal and `enabled`; else nothing is ever written. */
export function createProgress({ stderr, now }: Environment, enabled: boolean): Progress {
  if (!enabled || stderr.isTTY !== true) return SILENT;
  let drawnAt = -Infinity;
  let isShown = false;
  return {
    update(text) {
      const time = now().getTime();
      if (time - drawnAt < REDRAW_INTERVAL) return;
      stderr.write(ERASE_LINE + visibleLine(text).slice(0, (stderr.columns || DEFAULT_COLUMNS) - 1));
      drawnAt = time;
      isShown = true;
    },
    clear() {
      if (isShown) stderr.write(ERASE_LINE);
      isShown = false;
    },
  };
}
