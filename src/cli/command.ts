/**
 * What a command is made of, as data: the parser, the help, the shell completions and the pages under docs/cli are all
 * made from one definition.
 */
import type { Advice } from "./advice.ts";
import type { Context } from "./context.ts";
import type { ExitStatus } from "./exit.ts";

/** What the shell may offer for an argument or the value of a flag. */
export type Completes = "reference" | "directory" | "file" | "command" | readonly string[];

/** Turns text into a value; throws a SkillError. `previous` is what the same argument gave before, if it may repeat. */
export type ParseValue = (text: string, previous: unknown) => unknown;

export interface ArgumentSpec {
  /** `<reference>`, `[path]`, `<directory...>`. */
  readonly syntax: string;
  readonly summary: string;
  readonly completes?: Completes;
  readonly parse?: ParseValue;
}

export interface OptionSpec {
  /** `-o, --output <directory>`. */
  readonly flags: string;
  readonly summary: string;
  /** The heading under which the help shows it. Default: `Options:`. */
  readonly group?: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly completes?: Completes;
  readonly parse?: ParseValue;
}

export interface Example {
  readonly title: string;
  readonly command: string;
}

/** `Arguments` and `Flags` are the types that the parsers of `arguments` and `options` give. */
export interface CommandDefinition<Arguments extends readonly unknown[] = readonly unknown[], Flags = object> {
  /** What it does, why one wants it, what it leaves alone. Follows the summary in the help. */
  readonly description: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples: readonly Example[];
  /** What exit statuses mean here, where it is more than "done", "failed" and "wrong usage". */
  readonly exitStatus?: Partial<Record<0 | 1 | 2, string>>;
  /** Hints that name its flags. */
  readonly advice?: Advice;
  run(context: Context, args: Arguments, flags: Flags): Promise<ExitStatus>;
}

/** A command as the table of commands lists it: enough for the overview; the rest loads when it is called. */
export interface CommandEntry {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly group: string;
  readonly hidden?: boolean;
  readonly load: () => Promise<CommandDefinition>;
}

/** The command that a name or an alias means. */
export function findCommand(name: string, entries: readonly CommandEntry[]): CommandEntry | undefined {
  return entries.find((entry) => entry.name === name || entry.aliases?.includes(name) === true);
}
