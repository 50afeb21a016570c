import { SkillError } from "../../errors.ts";
import { formatReference, type Reference } from "../../oci/index.ts";
import { remove, type RemoveResult } from "../../skill/remove.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { exitStatusOf, ExitStatus, worstStatus } from "../exit.ts";
import { describeError } from "../failure.ts";
import { openStore } from "../store.ts";
import { plural } from "../units.ts";
import { each, reference } from "../values.ts";

interface Flags {
  readonly force?: boolean;
}

/** What became of one of the references that were given. */
type Outcome = { readonly reference: string } & (RemoveResult | { readonly error: unknown });

/** `skillctl rm`: images leave the store. */
export const rmCommand: CommandDefinition<[skills: readonly Reference[]], Flags> = {
  description:
    "A reference with a tag removes that tag; one with a digest removes the image and all its tags. The content itself " +
    "is freed by skillctl prune. Asks first on a terminal; elsewhere --force is required.",
  arguments: [
    { syntax: "<reference...>", summary: "the images to remove", completes: "reference", parse: each(reference) },
  ],
  options: [{ flags: "-f, --force", summary: "do not ask" }],
  examples: [
    { title: "Remove a draft", command: "skillctl rm examples/hello-world:1.0.0-draft" },
    {
      title: "Remove all drafts, from a script",
      command: "skillctl list --status draft --quiet | xargs skillctl rm --force",
    },
  ],
  exitStatus: { 1: "an image could not be removed, or the answer was no" },
  async run(context, [skills], { force = false }) {
    if (!force && !(await isConfirmed(context, skills))) return ExitStatus.failed;
    const { output, signal } = context;
    const store = await openStore(context);
    const outcomes: Outcome[] = [];
    for (const skill of skills) {
      const name = formatReference(skill);
      try {
        outcomes.push({ reference: name, ...(await remove(store, skill, { signal })) });
      } catch (error) {
        if (signal.aborted) throw error;
        outcomes.push({ reference: name, error });
      }
    }
    await output.result(outcomes.map(toJson), () =>
      outcomes
        .flatMap((outcome) => ("error" in outcome ? [] : outcome.removed.map((name) => `removed ${name}\n`)))
        .join(""),
    );
    for (const outcome of outcomes) if ("error" in outcome) await output.failure(outcome.error);
    return worstStatus(outcomes.map((outcome) => ("error" in outcome ? exitStatusOf(outcome.error) : ExitStatus.ok)));
  },
};

/** Asks on a terminal; elsewhere nobody can answer, which is wrong usage and not a no. */
async function isConfirmed({ isInteractive, environment }: Context, skills: readonly Reference[]): Promise<boolean> {
  const [first] = skills;
  const what = skills.length === 1 && first !== undefined ? formatReference(first) : plural(skills.length, "image");
  if (!isInteractive) {
    throw new SkillError("USAGE", `removing ${what} needs a confirmation, and there is no terminal to ask on`, {
      hint: "Give --force to remove without being asked.",
    });
  }
  const { askToConfirm } = await import("../questions.ts");
  return askToConfirm(environment, `Remove ${what}?`);
}

function toJson(outcome: Outcome): object {
  return "error" in outcome ? { reference: outcome.reference, error: describeError(outcome.error) } : outcome;
}
