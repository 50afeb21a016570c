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

export const GLOBAL_OPTIONS_TITLE = "Global options:";

export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  {
    flags: "--store <directory>",
    summary: "the local store (default: $SKILLCTL_STORE, else the user's)",
    completes: "directory",
    parse: text("directory"),
  },
  { flags: "--json", summary: "print the result, or the error, as JSON" },
  { flags: "-q, --quiet", summary: "print only the essentials, and no remarks" },
  { flags: "-v, --verbose", summary: "print each request to a registry, and an error's causes and where they arose" },
  { flags: "--color", summary: "use colour even where the output is not a terminal" },
  { flags: "--no-color", summary: "do not use colour, as with NO_COLOR=1" },
];

/**
 * The global flags that decide how help and errors look, read without knowing the command and its own flags: for the time
 * until the arguments have been understood, and for when they cannot be.
 */
export function scanFlags(argv: readonly string[]): GlobalFlags {
  const end = argv.indexOf("--");
  const given = end < 0 ? argv : argv.slice(0, end);
  const color = given.findLast((argument) => argument === "--color" || argument === "--no-color");
  return {
    json: given.includes("--json"),
    // Short flags may be joined, as in -qv; letters behind any other flag may be its value.
    verbose: given.some((argument) => argument === "--verbose" || /^-q*v/.test(argument)),
    ...(color === undefined ? {} : { color: color === "--color" }),
  };
}
