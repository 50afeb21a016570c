import { isSkillError, SkillError } from "../../errors.ts";
import { formatReference, parseReference, type Reference } from "../../oci/index.ts";
import { remove, type RemoveResult } from "../../skill/remove.ts";
import type { Store } from "../../store/types.ts";
import { plural, visibleLine } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { exitStatusOf, ExitStatus, worstStatus } from "../exit.ts";
import { describeError } from "../failure.ts";
import type { GlobalFlags } from "../flags.ts";
import { withRegistryHint } from "../local-only.ts";
import { openStore } from "../store.ts";
import { each, reference } from "../values.ts";

interface Flags extends GlobalFlags {
  readonly force?: boolean;
}

/** What became of one of the references that were given. */
type Outcome = { readonly reference: string } & (RemoveResult | { readonly error: unknown });

/** `skillctl rm`: images leave the store. */
export const rmCommand: CommandDefinition<[skills: readonly Reference[]], Flags> = {
  description:
    "Removes from the local store alone, also what is named after a registry; there, nothing changes. " +
    "A reference with a tag removes that tag; one with a digest removes the image and all its tags. When a published " +
    "version goes that latest names too, latest moves to the highest version that is still published, or goes with it. " +
    "The content itself is freed by skillctl prune. Asks first on a terminal; elsewhere, and with --json or --quiet, " +
    "--force is required.",
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
  async run(context, [skills], flags) {
    const { output, signal } = context;
    const store = await openStore(context);
    if (flags.force !== true && !(await isConfirmed(context, store, skills, flags))) {
      await output.remark("Nothing was removed.\n");
      return ExitStatus.failed;
    }
    const outcomes: Outcome[] = [];
    for (const skill of skills) {
      const name = formatReference(skill);
      try {
        outcomes.push({ reference: name, ...(await remove(store, skill, { signal })) });
      } catch (error) {
        if (signal.aborted) throw error;
        outcomes.push({ reference: name, error: withRegistryHint(error, skill, IN_A_REGISTRY) });
      }
    }
    await output.result(outcomes.map(toJson), () =>
      outcomes
        .flatMap((outcome) => ("error" in outcome ? [] : outcome.removed.map((name) => `removed ${localCopy(name)}\n`)))
        .join(""),
    );
    for (const outcome of outcomes) if ("error" in outcome) await output.failure(outcome.error);
    return worstStatus(outcomes.map((outcome) => ("error" in outcome ? exitStatusOf(outcome.error) : ExitStatus.ok)));
  },
};

const IN_A_REGISTRY =
  "skillctl rm removes nothing from a registry. There a skill is taken out of use with skillctl promote --to archived; " +
  "to delete an image, use the registry's own means, or a tool such as crane.";

/** Asks on a terminal; where nobody can answer, that is wrong usage and not a no. */
async function isConfirmed(
  context: Context,
  store: Store,
  skills: readonly Reference[],
  flags: Flags,
): Promise<boolean> {
  if (!context.isInteractive) {
    const [first] = skills;
    const what =
      skills.length === 1 && first !== undefined
        ? localCopy(formatReference(first), first)
        : plural(skills.length, "image");
    throw new SkillError("USAGE", `removing ${what} needs a confirmation, and ${whyNobodyAnswers(flags)}`, {
      hint: "Give --force to remove without being asked.",
    });
  }
  const { askToConfirm } = await import("../questions.ts");
  const found: string[] = [];
  for (const skill of skills) found.push(...(await describe(store, skill, context.signal)));
  const [only] = found;
  // What is not there needs no question: removing it fails, and says so.
  if (only === undefined) return true;
  const list = found.map((each) => `\n  ${each}`).join("");
  const question = found.length === 1 ? `Remove ${only}?` : `Remove these ${found.length} images?${list}`;
  return askToConfirm(context.environment, question);
}

function whyNobodyAnswers({ json, quiet }: Flags): string {
  if (json === true) return "--json cannot ask";
  return quiet === true ? "--quiet cannot ask" : "there is no terminal to ask on";
}

/** What would be removed, as the question names it: none when it is not there, the bare name when it is damaged. */
async function describe(store: Store, skill: Reference, signal: AbortSignal): Promise<string[]> {
  const { inspect } = await import("../../skill/inspect.ts");
  try {
    const { reference: name, lifecycle } = await inspect(store, skill, { signal });
    const facts = [
      ...(lifecycle.status === "published" ? ["published"] : []),
      ...(skill.digest === undefined ? [] : [`with its tags: ${lifecycle.tags.join(", ") || "none"}`]),
    ];
    return [visibleLine(localCopy(facts.length === 0 ? name : `${name} (${facts.join(", ")})`, skill))];
  } catch (error) {
    if (signal.aborted) throw error;
    return isSkillError(error, "NOT_FOUND") ? [] : [localCopy(formatReference(skill), skill)];
  }
}

/** A name, or `text` about it, so that nobody thinks that a registry loses what is named after it. */
function localCopy(text: string, { registry }: Pick<Reference, "registry"> = parseReference(text)): string {
  return registry === undefined ? text : `the local copy of ${text}`;
}

function toJson(outcome: Outcome): object {
  return "error" in outcome ? { reference: outcome.reference, error: describeError(outcome.error) } : outcome;
}
