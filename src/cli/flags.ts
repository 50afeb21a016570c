/** The flags that every command takes. */
import type { OptionSpec } from "./command.ts";
import { text } from "./values.ts";

export interface GlobalFlags {
  readonly store?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** True with `--color`, false with `--no-color`. */
  readonly color?: boolean;
}

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "--store <directory>",
    summary: "the local store (default: $SKILLCTL_STORE, else the user's)",
    completes: "directory",
    parse: text("directory"),
  },
  { flags: "--json", summary: "print the result, or the error, as JSON" },
  { flags: "-q, --quiet", summary: "print the essential only, and no remarks" },
  { flags: "-v, --verbose", summary: "with an error, print its causes and where they arose" },
  { flags: "--color", summary: "print in colour, also where it is not a terminal" },
  { flags: "--no-color", summary: "print without colours, as with NO_COLOR=1" },
];

/**
 * Tells whether the arguments ask for a flag, without knowing the command's other flags: for reporting that the
 * arguments could not be understood.
 */
export function hasFlag(argv: readonly string[], ...names: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return (end < 0 ? argv : argv.slice(0, end)).some((argument) => names.includes(argument));
}
