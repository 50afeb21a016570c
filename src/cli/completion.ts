/**
 * What a shell may offer next. The shells' scripts do nothing but ask for this, so all shells offer the same, and a new
 * flag needs no new script.
 */
import { findCommand } from "./command.ts";
import type { ArgumentSpec, CommandDefinition, CommandEntry, Completes, OptionSpec } from "./command.ts";
import { GLOBAL_OPTIONS } from "./flags.ts";

/** One offer; the summary is shown by shells that can. */
export interface Candidate {
  readonly value: string;
  readonly summary?: string;
}

/** The offers, and whether the shell shall offer its files or directories as well. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly files?: "file" | "directory";
}

/** Lists what cannot be known from the table of commands. */
export interface CompletionSources {
  references(): Promise<readonly Candidate[]>;
}

type Offer = (completes: Completes | undefined) => Promise<Completion>;

const NOTHING: Completion = { candidates: [] };

/** Completes the last of `words`, which follow the program's name; it may be empty or half a word. */
export async function complete(
  words: readonly string[],
  entries: readonly CommandEntry[],
  sources: CompletionSources,
): Promise<Completion> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const at = commandPosition(before);
  const entry = at < 0 ? undefined : findCommand(before[at] ?? "", entries);
  if (at >= 0 && entry === undefined) return NOTHING;
  const definition = await entry?.load();
  const options = [...(definition?.options ?? []), ...GLOBAL_OPTIONS];
  const { value, option } = openOption(before.at(-1), current, options);
  const offer: Offer = (completes) => offersFor(completes, entries, sources);
  const found = await (option === undefined
    ? completeWord(current, before.slice(at + 1), definition, options, offer)
    : offer(option.completes));
  return startingWith(option === undefined ? current : value, found, current);
}

/** Where the command stands among the words, past global flags and their values; -1 when it is not there yet. */
function commandPosition(words: readonly string[]): number {
  return words.findIndex(
    (word, at) => !word.startsWith("-") && takesValue(words[at - 1], GLOBAL_OPTIONS) === undefined,
  );
}

/** The option whose value is being typed: after `--to`, or within `--to=…`. */
function openOption(
  previous: string | undefined,
  current: string,
  options: readonly OptionSpec[],
): { readonly value: string; readonly option: OptionSpec | undefined } {
  const equals = current.indexOf("=");
  if (current.startsWith("--") && equals > 0) {
    return { value: current.slice(equals + 1), option: takesValue(current.slice(0, equals), options) };
  }
  return { value: current, option: takesValue(previous, options) };
}

async function completeWord(
  current: string,
  before: readonly string[],
  definition: CommandDefinition | undefined,
  options: readonly OptionSpec[],
  offer: Offer,
): Promise<Completion> {
  if (current.startsWith("-") && !before.includes("--")) {
    return { candidates: [...options, HELP].map(({ flags, summary }) => ({ value: longFlag(flags), summary })) };
  }
  if (definition === undefined) return offer("command");
  const typed = before.filter((word, at) => !word.startsWith("-") && takesValue(before[at - 1], options) === undefined);
  return offer(argumentAt(typed.length, definition.arguments ?? [])?.completes);
}

const HELP = { flags: "--help", summary: "print this help" };

async function offersFor(
  completes: Completes | undefined,
  entries: readonly CommandEntry[],
  sources: CompletionSources,
): Promise<Completion> {
  if (completes === undefined) return NOTHING;
  if (completes === "file" || completes === "directory") return { candidates: [], files: completes };
  if (completes === "reference") return { candidates: await sources.references() };
  if (completes !== "command") return { candidates: completes.map((value) => ({ value })) };
  const shown = entries.filter((entry) => entry.hidden !== true);
  return { candidates: shown.map(({ name, summary }) => ({ value: name, summary })) };
}

/** Keeps the offers that begin as what was typed; within `--to=…` they get back what stands before the value. */
function startingWith(typed: string, completion: Completion, current: string): Completion {
  const prefix = current.slice(0, current.length - typed.length);
  const candidates = completion.candidates
    .filter(({ value }) => value.startsWith(typed))
    .map((candidate) => ({ ...candidate, value: prefix + candidate.value }));
  return { ...completion, candidates };
}

function argumentAt(index: number, specs: readonly ArgumentSpec[]): ArgumentSpec | undefined {
  const last = specs.at(-1);
  return specs[index] ?? (last?.syntax.includes("...") === true ? last : undefined);
}

function takesValue(word: string | undefined, options: readonly OptionSpec[]): OptionSpec | undefined {
  return options.find(({ flags }) => flags.includes("<") && flags.split(/[ ,]+/).includes(word ?? ""));
}

function longFlag(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags;
}
