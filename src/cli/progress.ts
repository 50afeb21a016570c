/** A few lines on the terminal that say what is going on, and go away when there is something to say for good. */
import { visibleLine } from "../text/index.ts";
import type { Environment } from "./environment.ts";

const REDRAW_INTERVAL = 80;
/** For terminals that do not know their size, or say that it is 0. */
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

export interface Progress {
  /** Shows `text`, at most every 80 ms; cut to the width of the terminal. */
  update(text: string): void;
  /** Shows the lines that `lines` gives for a width in columns, as `update` does; it is called only when they are drawn. */
  draw(lines: (columns: number) => readonly string[]): void;
  /** Removes the lines, if there are any. */
  clear(): void;
}

const SILENT: Progress = { update: () => {}, draw: () => {}, clear: () => {} };

/** Progress lines on stderr when that is a terminal and `enabled`; else nothing is ever written. */
export function createProgress({ stderr, now }: Environment, enabled: boolean): Progress {
  if (!enabled || stderr.isTTY !== true) return SILENT;
  let drawnAt = -Infinity;
  let shown = 0;
  const draw: Progress["draw"] = (lines) => {
    const time = now().getTime();
    if (time - drawnAt < REDRAW_INTERVAL) return;
    // In the last column some terminals begin a new line; above the first row the cursor cannot go back.
    const columns = (stderr.columns || DEFAULT_COLUMNS) - 1;
    const rows = Math.max(1, (stderr.rows || DEFAULT_ROWS) - 1);
    const texts = lines(columns).slice(0, rows);
    stderr.write(erased(shown) + texts.map((text) => visibleLine(text).slice(0, columns)).join("\n"));
    drawnAt = time;
    shown = texts.length;
  };
  return {
    draw,
    update: (text) => draw(() => [text]),
    clear() {
      if (shown > 0) stderr.write(erased(shown));
      shown = 0;
    },
  };
}

/** Goes back to the beginning of so many lines, of which the cursor is in the last, and erases them. */
function erased(lines: number): string {
  return lines > 1 ? `\r\u001b[${lines - 1}A\u001b[J` : "\r\u001b[K";
}
