import { stat } from "node:fs/promises";

import { parseReference } from "../../oci/index.ts";
import { diff, type DiffSide, type SkillDiff } from "../../skill/diff.ts";
import { yamlPath } from "../../skillcard/keys.ts";
import { visibleLine } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { ExitStatus } from "../exit.ts";
import { reading, READING_OPTIONS, type PlaceFlags } from "../places.ts";
import type { Style } from "../style.ts";
import { formatBytes } from "../units.ts";
import { text } from "../values.ts";

interface Flags extends PlaceFlags {
  readonly exitCode?: boolean;
}

type FileChange = SkillDiff["files"][number];

/** `skillctl diff`: what differs between two skills. */
export const diffCommand: CommandDefinition<[before: string, after: string], Flags> = {
  description:
    "Compares the fields of the cards, the files and their modes, and the lines of text files. Each side is a directory " +
    "or the reference of an image, in the local store or else in its registry; a name that could be either means the directory. Differences do not count as a " +
    "failure unless --exit-code is given.",
  arguments: [
    { syntax: "<before>", summary: "a directory or a reference", completes: "reference", parse: text("first side") },
    { syntax: "<after>", summary: "a directory or a reference", completes: "reference", parse: text("second side") },
  ],
  options: [{ flags: "--exit-code", summary: "exit with 1 when the two differ" }, ...READING_OPTIONS],
  examples: [
    {
      title: "What changed since the draft was packed",
      command: "skillctl diff examples/hello-world:1.0.0-draft ./hello-world",
    },
    {
      title: "Is a new version needed?",
      command: "skillctl diff --exit-code --quiet examples/hello-world:1.0.0 ./hello-world",
    },
  ],
  exitStatus: {
    0: "done; with --exit-code: nothing differs",
    1: "the work failed; with --exit-code: something differs",
  },
  async run(context, [first, second], flags) {
    const { output, signal } = context;
    const { exitCode = false } = flags;
    const result = await withSide(context, first, flags, (before) =>
      withSide(context, second, flags, (after) => diff(before, after, { signal })),
    );
    await output.result(
      result,
      (found) => format(found, output.style),
      () => "",
    );
    if (result.identical) await output.remark("Nothing differs.\n");
    return exitCode && !result.identical ? ExitStatus.failed : ExitStatus.ok;
  },
};

/** Calls `use` with the directory or the image that is meant. */
async function withSide<T>(
  context: Context,
  given: string,
  flags: PlaceFlags,
  use: (side: DiffSide) => Promise<T>,
): Promise<T> {
  const isDirectory = await stat(given).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const looksLikePath = /^(?:\.{1,2}(?:\/|$)|\/|~)/.test(given);
  if (isDirectory || looksLikePath) return use({ directory: given });
  return reading(context, parseReference(given), flags, use);
}

function format({ card, files }: SkillDiff, style: Style): string {
  const fields = card.map(({ field, before, after }) =>
    [
      style.bold(`card ${yamlPath(field)}\n`),
      ...(before === undefined ? [] : [style.red(prefixed("- ", before))]),
      ...(after === undefined ? [] : [style.green(prefixed("+ ", after))]),
    ].join(""),
  );
  return [...fields, ...files.map((change) => formatFile(change, style))].join("");
}

function formatFile({ path, change, before, after, patch }: FileChange, style: Style): string {
  const heading = style.bold(`${change} ${visibleLine(path)}${describeSides(before, after)}\n`);
  return patch === undefined ? heading : heading + patch.replaceAll(/^.*$/gm, (line) => paintLine(line, style));
}

function describeSides(before: FileChange["before"], after: FileChange["after"]): string {
  if (before === undefined || after === undefined) return ` (${formatBytes((after ?? before)?.size ?? 0)})`;
  const facts = [
    ...(before.mode === after.mode ? [] : [`mode ${before.mode} -> ${after.mode}`]),
    ...(before.size === after.size ? [] : [`${formatBytes(before.size)} -> ${formatBytes(after.size)}`]),
  ];
  return facts.length === 0 ? "" : ` (${facts.join(", ")})`;
}

function paintLine(line: string, style: Style): string {
  if (line.startsWith("@@")) return style.cyan(line);
  if (line.startsWith("+")) return style.green(line);
  return line.startsWith("-") ? style.red(line) : line;
}

function prefixed(prefix: string, text: string): string {
  return text
    .split("\n")
    .map((line) => `${prefix}${line}\n`)
    .join("");
}
