import { LIFECYCLE_STATES, nextState, type LifecycleState } from "../../lifecycle/state.ts";
import type { Reference } from "../../oci/reference.ts";
import { promote, type PromoteResult } from "../../skill/promote.ts";
import type { CommandDefinition } from "../command.ts";
import { ExitStatus } from "../exit.ts";
import { deciding, type PlaceFlags } from "../places.ts";
import { REGISTRY_OPTIONS } from "../registry-flags.ts";
import { colorState, type Style } from "../style.ts";
import { fields } from "../table.ts";
import { shortDigest } from "../units.ts";
import { reference, targetState, text } from "../values.ts";
import { remarkWarnings } from "../words.ts";

interface Flags extends PlaceFlags {
  readonly to: LifecycleState;
  readonly reason?: string;
  readonly replacedBy?: string;
  readonly actor?: string;
}

/** `skillctl promote`: one step in a skill's life. */
export const promoteCommand: CommandDefinition<[skill: Reference], Flags> = {
  description:
    "A skill goes from draft to testing, published, deprecated and archived, one step at a time and never back. " +
    "Only the manifest is rewritten; the skill's files keep their digests. Tags follow the state: " +
    "1.0.0-draft, 1.0.0-testing, 1.0.0, and latest for the highest published version. " +
    "An archived skill has no tag and is reachable by its digest. A draft needs a valid SkillCard to be promoted. " +
    "A reference with a registry is promoted there; a short one in the local store, or in the default registry if it is not " +
    "here. Each step leaves a record beside the image, which skillctl history shows.",
  arguments: [{ syntax: "<reference>", summary: "the image to promote", completes: "reference", parse: reference }],
  options: [
    {
      flags: "--to <state>",
      summary: `the next state: ${LIFECYCLE_STATES.slice(1).join(", ")}`,
      required: true,
      completes: LIFECYCLE_STATES.slice(1),
      parse: targetState,
    },
    { flags: "--reason <text>", summary: "why, for the record; a deprecated skill shows it", parse: text("reason") },
    {
      flags: "--replaced-by <skill>",
      summary: "with --to deprecated: the version or reference to use instead",
      completes: "reference",
      parse: text("skill"),
    },
    {
      flags: "--actor <name>",
      summary: "who promotes, for the record (default: your login there, or here)",
      parse: text("name"),
    },
    { flags: "--local", summary: "promote in the local store" },
    { flags: "--remote", summary: "promote in the registry" },
    ...REGISTRY_OPTIONS,
  ],
  examples: [
    {
      title: "Hand a draft to its testers",
      command: "skillctl promote examples/hello-world:1.0.0-draft --to testing --local",
    },
    {
      title: "Publish what a registry holds",
      command: "skillctl promote quay.io/myorg/hello-world:1.0.0-testing --to published",
    },
    {
      title: "Retire a version",
      command:
        "skillctl promote quay.io/myorg/hello-world:1.0.0 --to deprecated --reason 'Greets twice.' --replaced-by 1.0.1",
    },
  ],
  exitStatus: { 1: "the step is not possible, or the work failed" },
  async run(context, [skill], flags) {
    const { output, signal, environment } = context;
    const { to, reason, replacedBy } = flags;
    const { result, isRemote } = await deciding(context, skill, flags, async (place) => {
      const { store, isRemote } = place;
      const actor = flags.actor ?? (await place.loginName()) ?? environment.user;
      const promoted = await promote(store, place.reference, to, {
        ...(reason === undefined ? {} : { reason }),
        ...(replacedBy === undefined ? {} : { replacedBy }),
        ...(actor === undefined ? {} : { actor }),
        // Of an image in a registry the card's fields are at hand; the card itself is in a layer.
        checkCard: isRemote ? "annotations" : "layer",
        now: environment.now,
        signal,
      });
      return { isRemote, result: promoted };
    });
    await output.result(
      result,
      (promoted) => format(promoted, output.style),
      (promoted) => `${promoted.reference}\n`,
    );
    const { left } = result.tags;
    const stays = left.length === 0 ? [] : [`the registry does not remove tags; still there: ${left.join(", ")}`];
    await remarkWarnings(output, [...stays, ...result.warnings]);
    const next = nextState(result.to);
    if (next === "testing" || next === "published") {
      const where = isRemote ? "" : ` --local${context.storeOption}`;
      await output.remark(`Next: skillctl promote ${result.reference} --to ${next}${where}\n`);
    }
    if (result.to === "archived" && left.length === 0)
      await output.remark("No tag names it any more. Keep its digest: it is found by that.\n");
    return ExitStatus.ok;
  },
};

function format(
  { reference: name, from, to, digest, previousDigest, tags, latest, isRepeated }: PromoteResult,
  style: Style,
): string {
  const changes = [...tags.set.map((tag) => `+${tag}`), ...tags.removed.map((tag) => `-${tag}`)];
  return (
    `${isRepeated ? "already promoted," : style.green("promoted")} ${name}\n` +
    fields(
      [
        ["status", `${colorState(from, style)} -> ${colorState(to, style)}`],
        ["digest", `${shortDigest(digest)} ${style.dim(`(was ${shortDigest(previousDigest)})`)}`],
        ["tags", changes.join(" ")],
        [
          "latest",
          latest === undefined || !tags.left.includes("latest") ? latest : `${latest} ${style.dim(`(${to})`)}`,
        ],
      ],
      style,
    )
  );
}
