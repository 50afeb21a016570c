/**
 * The card of an image as its annotations tell it, for where the layer shall not be read: on a registry, promoting a draft
 * is then a matter of manifests.
 */
import { serializeSkillCard, SKILLCARD_API_VERSION, SKILLCARD_KIND, validateSkillCard } from "../skillcard/index.ts";
import type { SkillCardResult } from "../skillcard/index.ts";
import type { SkillMetadata } from "./metadata.ts";

/**
 * Judges by the rules for SkillCards what an image says of its skill: name, namespace, version, description, licence,
 * compatibility, tags. What no annotation holds (examples, dependencies, whether the prompt file is there) was checked when
 * the skill was packed, and is not checked again. `file` is what issues report, with places in a card that is made for it.
 */
export function checkCardAnnotations(metadata: SkillMetadata, file: string): SkillCardResult {
  const { name, namespace = "", version = "", description = "", title, license, compatibility, tags } = metadata;
  const card = {
    apiVersion: SKILLCARD_API_VERSION,
    kind: SKILLCARD_KIND,
    metadata: {
      name,
      namespace,
      version,
      description,
      ...(title === undefined || title === name ? {} : { displayName: title }),
      ...(license === undefined ? {} : { license }),
      ...(compatibility === undefined ? {} : { compatibility }),
      ...(tags.length === 0 ? {} : { tags }),
    },
  } as const;
  return validateSkillCard(serializeSkillCard(card), { file });
}
