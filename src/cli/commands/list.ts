import { LIFECYCLE_STATES, type LifecycleState } from "../../lifecycle/state.ts";
import { list, type SkillSummary } from "../../skill/list.ts";
import { quote } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { ExitStatus } from "../exit.ts";
import { openStore } from "../store.ts";
import { colorState } from "../style.ts";
import { table } from "../table.ts";
import { formatAge, formatBytes, shortDigest } from "../units.ts";
import { listOf, state, text } from "../values.ts";

interface Flags {
  readonly status?: readonly LifecycleState[];
  readonly trunc: boolean;
}

/** `skillctl list`: the images of the store, one for each tag. */
export const listCommand: CommandDefinition<[name: string | undefined], Flags> = {
  description:
    "Prints one line for each tag, and one for each image kept without a tag, sorted by name, newest version first. " +
    "With --quiet, only the references, one per line.",
  arguments: [
    {
      syntax: "[name]",
      summary: "only names that match this glob, with or without their namespace",
      parse: text("name"),
    },
  ],
  options: [
    {
      flags: "--status <states>",
      summary: "only these states, separated by commas",
      completes: LIFECYCLE_STATES,
      parse: listOf(state),
    },
    { flags: "--no-trunc", summary: "print full digests, and exact times and sizes" },
  ],
  examples: [
    { title: "Everything", command: "skillctl list" },
    { title: "What could be promoted in one namespace", command: "skillctl list 'examples/*' --status draft,testing" },
    {
      title: "The references of all published skills, for a script",
      command: "skillctl list --status published --quiet",
    },
  ],
  async run(context, [name], { status, trunc }) {
    const { output, signal } = context;
    const filters = { ...(name === undefined ? {} : { name }), ...(status === undefined ? {} : { status }) };
    const skills: SkillSummary[] = [];
    for await (const skill of list(await openStore(context), { ...filters, signal })) skills.push(skill);
    await output.result(
      skills,
      (rows) => (rows.length === 0 ? "" : formatTable(rows, context, trunc)),
      (rows) => rows.map(({ reference }) => `${reference}\n`).join(""),
    );
    if (skills.length === 0) {
      const isFiltered = name !== undefined || status !== undefined;
      await output.remark(
        isFiltered ? noMatch(name, status) : "The store is empty. Pack a skill: skillctl pack <directory>\n",
      );
    }
    return ExitStatus.ok;
  },
};

/** Says what was asked for, because a typo in it is the likeliest reason. */
function noMatch(name: string | undefined, status: Flags["status"]): string {
  const filters = [
    ...(name === undefined ? [] : [`a name like ${quote(name)}`]),
    ...(status === undefined ? [] : [`the status ${status.join(" or ")}`]),
  ];
  return `No image has ${filters.join(" and ")}.\n`;
}

function formatTable(rows: readonly SkillSummary[], { output, environment }: Context, isShort: boolean): string {
  const { style } = output;
  const now = environment.now();
  return table(
    rows,
    [
      { title: "NAME", value: ({ repository }) => repository },
      { title: "TAG", value: ({ tag }) => tag ?? "<none>" },
      { title: "STATUS", value: (row) => row.status ?? "-", paint: (cell) => colorState(cell, style) },
      { title: "DIGEST", value: ({ digest }) => (isShort ? shortDigest(digest) : digest) },
      { title: "SIZE", value: ({ size }) => formatSize(size, isShort), align: "right" },
      { title: "CREATED", value: ({ created }) => (isShort ? formatAge(created ?? "-", now) : (created ?? "-")) },
    ],
    style,
  );
}

function formatSize(size: number | undefined, isShort: boolean): string {
  if (size === undefined) return "-";
  return isShort ? formatBytes(size) : String(size);
}
