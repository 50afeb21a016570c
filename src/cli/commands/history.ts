import type { Reference } from "../../oci/reference.ts";
import { history, type PromotionHistory } from "../../skill/history.ts";
import { visibleLine } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { ExitStatus } from "../exit.ts";
import { deciding, READING_OPTIONS, type PlaceFlags } from "../places.ts";
import { colorState } from "../style.ts";
import { table } from "../table.ts";
import { formatAge, shortDigest } from "../units.ts";
import { reference } from "../values.ts";
import { oneLine } from "../words.ts";

interface Flags extends PlaceFlags {
  readonly trunc: boolean;
}

/** `skillctl history`: who promoted a skill, when and why. */
export const historyCommand: CommandDefinition<[skill: Reference], Flags> = {
  description:
    "Follows the records that promotions leave beside an image, newest first, and checks that each fits the images and the " +
    "other records, and that the skill's layers never changed. A record is a note and no signature: whoever may push to a " +
    "repository may write one. A reference with a registry is looked up there; a short one in the local store, or in the " +
    "default registry if it is not here.",
  arguments: [{ syntax: "<reference>", summary: "the image", completes: "reference", parse: reference }],
  options: [{ flags: "--no-trunc", summary: "print full digests and exact times" }, ...READING_OPTIONS],
  examples: [
    { title: "How a version came to be published", command: "skillctl history quay.io/myorg/hello-world:1.0.0" },
    {
      title: "Who published it",
      command: `skillctl history examples/hello-world:1.0.0 --json | jq -r '.steps[] | select(.to == "published").actor'`,
    },
  ],
  exitStatus: { 1: "a record does not fit, or the work failed" },
  async run(context, [skill], flags) {
    const { output, signal } = context;
    const result = await deciding(context, skill, flags, ({ store, reference: found }) =>
      history(store, found, { signal }),
    );
    await output.result(
      result,
      (found) => (found.steps.length === 0 ? "" : formatSteps(found, context, flags.trunc)),
      (found) => found.steps.map(({ toDigest, record }) => `${toDigest ?? record}\n`).join(""),
    );
    for (const line of remarksOn(result)) await output.remark(`${visibleLine(line)}\n`);
    return result.valid ? ExitStatus.ok : ExitStatus.failed;
  },
};

function formatSteps(
  { steps }: PromotionHistory,
  { output: { style }, environment }: Context,
  isShort: boolean,
): string {
  const now = environment.now();
  const paint = (cell: string): string => colorState(cell, style);
  return table(
    steps,
    [
      { title: "WHEN", value: ({ time = "-" }) => (isShort ? formatAge(time, now) : time) },
      { title: "FROM", value: ({ from = "-" }) => from, paint },
      { title: "TO", value: ({ to = "-" }) => to, paint },
      { title: "ACTOR", value: ({ actor = "-" }) => actor },
      { title: "REASON", value: ({ reason = "-" }) => oneLine(reason) },
      {
        title: "DIGEST",
        value: ({ toDigest = "-" }) => (isShort ? shortDigest(toDigest) : toDigest),
        paint: (cell, { valid }) => (valid ? cell : style.red(cell)),
      },
    ],
    style,
  );
}

function remarksOn({ reference: name, steps, complete }: PromotionHistory): string[] {
  if (steps.length === 0) return [`${name} has no record of a promotion.`];
  const wrong = steps.flatMap(({ record, problems }) =>
    problems.map((problem) => `The record ${shortDigest(record)} does not fit: ${problem}.`),
  );
  return complete ? wrong : [...wrong, "What was before is not recorded, or its records are gone."];
}
