import { fromCard } from "./keys.ts";
import type { SkillCard } from "./types.ts";
import { writeYaml } from "./yaml-write.ts";

/**
 * Writes a card as the text of a `skill.yaml`, keys in the card's own order. Reading it again gives an equal card:
 * whatever YAML 1.1 or 1.2 would take for a number, a truth value, a date or null is quoted.
 */
export function serializeSkillCard(card: SkillCard): string {
  return writeYaml(fromCard(card));
}
