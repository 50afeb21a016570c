import { LIFECYCLE_STATES, nextState, type LifecycleState } from "../../lifecycle/state.ts";
import type { Reference } from "../../oci/index.ts";
import { promote } from "../../skill/promote.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { openStore } from "../store.ts";
import { colorState } from "../style.ts";
import { fields } from "../table.ts";
import { shortDigest } from "../units.ts";
import { reference, state } from "../values.ts";

interface Flags {
  readonly to: LifecycleState;
  readonly local?: boolean;
}

/** `skillctl promote`: one step in a skill's life. */
export const promoteCommand: CommandDefinition<[skill: Reference], Flags> = {
  description:
    "A skill goes from draft to testing, published, deprecated and archived, one step at a time and never back. " +
    "Only the manifest is rewritten; the skill's files keep their digests. Tags follow the state: " +
    "1.0.0-draft, 1.0.0-testing, 1.0.0, and latest for the highest published version. " +
    "An archived skill has no tag and is reachable by its digest. A draft needs a valid SkillCard to be promoted.",
  arguments: [{ syntax: "<reference>", summary: "the image to promote", completes: "reference", parse: reference }],
  options: [
    {
      flags: "--to <state>",
      summary: `the next state: ${LIFECYCLE_STATES.slice(1).join(", ")}`,
      required: true,
      completes: LIFECYCLE_STATES.slice(1),
      parse: state,
    },
    { flags: "--local", summary: "promote in the local store (the default)" },
  ],
  examples: [
    {
      title: "Hand a draft to its testers",
      command: "skillctl promote examples/hello-world:1.0.0-draft --to testing --local",
    },
    { title: "Publish it", command: "skillctl promote examples/hello-world:1.0.0-testing --to published --local" },
  ],
  exitStatus: { 1: "the step is not possible, or the work failed" },
  async run(context, [skill], { to }) {
    const { output, signal } = context;
    const { style } = output;
    const result = await promote(await openStore(context), skill, to, { signal });
    await output.result(
      result,
      (promoted) =>
        `${style.green("promoted")} ${promoted.reference}\n` +
        fields(
          [
            ["status", `${colorState(promoted.from, style)} -> ${colorState(promoted.to, style)}`],
            ["digest", `${shortDigest(promoted.digest)} ${style.dim(`(was ${shortDigest(promoted.previousDigest)})`)}`],
            [
              "tags",
              [...promoted.tags.set.map((tag) => `+${tag}`), ...promoted.tags.removed.map((tag) => `-${tag}`)].join(
                " ",
              ),
            ],
            ["latest", promoted.latest],
          ],
          style,
        ),
      (promoted) => `${promoted.reference}\n`,
    );
    const next = nextState(result.to);
    if (next === "testing" || next === "published") {
      await output.remark(`Next: skillctl promote ${result.reference} --to ${next} --local\n`);
    }
    return ExitStatus.ok;
  },
};
