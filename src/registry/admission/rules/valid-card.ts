import type { ArchiveLimits } from "../../../archive/index.ts";
import { isSkillError } from "../../../errors.ts";
import { Annotation, digestOf } from "../../../oci/index.ts";
import { quote } from "../../../text/index.ts";
import type { AdmissionContext } from "../../hooks.ts";
import { RegistryRefusal } from "../../refusal.ts";
import { readCardInside, type CardInside } from "../card.ts";
import { wrongDescriptor } from "../wrong-descriptor.ts";
import { refused, type Rule } from "../rule.ts";
import type { Member, Skill } from "../skill.ts";

/** How many images are remembered as judged. */
const MAX_JUDGED = 10_000;

const REPACK = "Pack the skill again with skillctl pack.";

/** `limits` replaces single defaults of the archive module's limits for one image. */
export function validCard(limits: Partial<ArchiveLimits>): Rule {
  /** What stands in the content of images: it is the same in every state, so it is read once. */
  const judged = new Map<string, CardInside>();

  return {
    name: "valid-card",
    doc: "A skill holds a valid SkillCard that says what its annotations say, in layers that are safe to unpack and within limits.",
    async put({ skill, manifest, repository }, context) {
      if (skill === undefined || (await context.manifest(manifest.descriptor.digest)) !== undefined) return;
      for (const { document } of [manifest.parsed, ...skill.members.map((member) => member.manifest)]) {
        const wrong = wrongDescriptor(document);
        if (wrong !== undefined) throw refused(`not a valid skill image: ${wrong}`, REPACK);
      }
      for (const member of skill.members) await check(skill, member, repository, context);
    },
  };

  async function check(skill: Skill, member: Member, repository: string, context: AdmissionContext): Promise<void> {
    const { annotations, version } = skill;
    const name = annotations[Annotation.name] ?? repository.slice(repository.lastIndexOf("/") + 1);
    const { config, layers } = member.manifest;
    // Somebody may say megabytes of a layer.
    const key = digestOf(JSON.stringify([name, config, layers]));
    const inside = judged.get(key) ?? (await read(member, name, context));
    if (judged.size >= MAX_JUDGED) judged.clear();
    judged.set(key, inside);
    if (inside.name === name && (inside.version === undefined || inside.version === version)) return;
    throw refused(
      `this image calls itself ${quote(`${name} ${version}`)}, the card inside ${quote(`${inside.name} ${inside.version ?? ""}`)}`,
      "An image must say what its card says. Pack the skill again with skillctl pack.",
    );
  }

  async function read(member: Member, name: string, context: AdmissionContext): Promise<CardInside> {
    try {
      return await readCardInside(member.manifest, name, context, limits);
    } catch (error) {
      if (!isSkillError(error) || error instanceof RegistryRefusal || error.code === "ABORTED") throw error;
      const [message = ""] = error.message.split("\n", 1);
      throw refused(
        `not a valid skill image: ${message}`,
        error.code === "ARCHIVE_LIMIT"
          ? "This registry takes no larger ones: make it smaller, and pack it again."
          : "See what is wrong with skillctl validate, and pack it again.",
        error,
      );
    }
  }
}
