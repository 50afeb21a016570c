import { isIndexType, MediaType } from "../../../oci/index.ts";
import { quote } from "../../../text/index.ts";
import { findPredecessor } from "../promotion.ts";
import { hasRole, refused, type Rule } from "../rule.ts";
import { isVersionTag } from "../skill.ts";

/** What can be required by its usual name: any of these artifact types. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  signature: [
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.cosign.artifact.sig.v1+json",
    "application/vnd.cncf.notary.signature",
  ],
  scan: ["application/sarif+json", "application/vnd.in-toto+json"],
  promotion: [MediaType.promotion],
};

/** `required`: `signature`, `scan`, `promotion`, or artifact types. */
export function requiredReferrers(required: readonly string[]): Rule {
  return {
    name: "required-referrers",
    doc: "Before a skill is published, its image in testing has what is required: a signature, a scan. That it is there, not that it is right.",
    async put({ skill, tag, repository, identity }, context) {
      if (skill?.status !== "published" || !isVersionTag(tag, skill) || hasRole(identity, repository, "mirror")) return;
      const before = await findPredecessor(skill, context);
      if (before === undefined) return;
      const { digest } = before.held.descriptor;
      const there = new Set<string>();
      for await (const { descriptor } of context.referrers(digest)) {
        if (descriptor.artifactType !== undefined && !isIndexType(descriptor.artifactType))
          there.add(descriptor.artifactType);
      }
      const missing = required.filter((name) => !(KNOWN[name] ?? [name]).some((type) => there.has(type)));
      if (missing.length === 0) return;
      throw refused(
        `${repository} ${skill.version} lacks ${missing.map((name) => quote(name)).join(" and ")} before it may be published`,
        `Attach it to ${repository}@${digest}, the image in testing, and promote again.`,
      );
    },
  };
}
