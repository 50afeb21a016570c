import { MediaType, PromotionAnnotation } from "../../../oci/index.ts";
import { quote } from "../../../text/index.ts";
import type { AdmissionContext } from "../../hooks.ts";
import { findPredecessor } from "../promotion.ts";
import { hasRole, nameOf, refused, type ReviewedPut, type Rule } from "../rule.ts";
import type { Skill } from "../skill.ts";
import type { Steps } from "../steps.ts";

/** Where nobody can tell who took a skill to testing, nobody publishes it. */
export function twoPeople(steps: Steps): Rule {
  return {
    name: "two-people",
    doc: "Who publishes a skill is not who took it to testing. Off by default.",
    async put(change, context) {
      const { skill, manifest, repository, identity } = change;
      if (skill?.status !== "published" || hasRole(identity, repository, "mirror")) return;
      if ((await context.manifest(manifest.descriptor.digest)) !== undefined) return;
      const before = await findPredecessor(skill, context);
      const tester = before === undefined ? undefined : await whoTested(change, before, context, steps);
      if (tester !== undefined && identity.name !== undefined && tester !== identity.name) return;
      const version = `${repository} ${skill.version}`;
      if (tester === undefined || identity.name === undefined) {
        throw refused(
          `it is not known who took ${version} to testing, so nobody can publish it`,
          "Push the draft once more, and take it to testing with the name that you log in with: skillctl promote --actor NAME.",
        );
      }
      throw refused(
        `${quote(nameOf(identity))} took ${version} to testing, and may not publish it as well`,
        "Ask somebody else with the role approver there to promote it.",
      );
    },
  };
}

async function whoTested(
  { repository, identity }: ReviewedPut,
  { held: { descriptor } }: Skill,
  context: AdmissionContext,
  steps: Steps,
): Promise<string | undefined> {
  const seen = steps.who(repository, descriptor.digest);
  if (seen !== undefined) return seen;
  for await (const { descriptor: record } of context.referrers(descriptor.digest)) {
    if (record.artifactType !== MediaType.promotion) continue;
    const actor = record.annotations?.[PromotionAnnotation.actor];
    // What it names was checked when it came in, if it is a name of this registry's.
    if (actor !== undefined && (await identity.knows?.(actor)) === true) return actor;
  }
  return undefined;
}
