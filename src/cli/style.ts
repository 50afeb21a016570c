/** Colours, or none: what a stream can show and what the person asked for. */
import picocolors from "picocolors";

import type { Environment, TerminalFacts } from "./environment.ts";
import type { GlobalFlags } from "./flags.ts";

export type Style = ReturnType<typeof picocolors.createColors>;

/** What decides over colours, strongest first: `--color` and `--no-color`, NO_COLOR, FORCE_COLOR, then whether it is a terminal. */
export interface ColorSettings {
  readonly color?: boolean | undefined;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
}

/** Tells whether to colour. An empty NO_COLOR counts as not set (no-color.org), and so does an empty FORCE_COLOR. */
export function wantsColor({ color, variables, isTerminal }: ColorSettings): boolean {
  if (color !== undefined) return color;
  if (variables["NO_COLOR"]) return false;
  const forced = variables["FORCE_COLOR"];
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  return isTerminal && variables["TERM"] !== "dumb";
}

/** The colour functions for one stream, whatever is written to it; each returns its text unchanged when colours are off. */
export function styleFor(stream: TerminalFacts, { variables }: Environment, { color }: GlobalFlags): Style {
  return createStyle(wantsColor({ color, variables, isTerminal: stream.isTTY === true }));
}

/** The colour functions, on or off. */
export function createStyle(enabled: boolean): Style {
  return picocolors.createColors(enabled);
}

/** A lifecycle state in its colour. Other words, which foreign images may bear, stay plain. */
export function colorState(state: string, style: Style): string {
  switch (state) {
    case "draft":
      return style.yellow(state);
    case "testing":
      return style.cyan(state);
    case "published":
      return style.green(state);
    case "deprecated":
      return style.magenta(state);
    case "archived":
      return style.dim(state);
    default:
      return state;
  }
}
