/** The two spellings of a card: camelCase in programs, kebab-case in YAML. */
import type { SkillCard } from "./types.ts";
import type { YamlMapping, YamlValue } from "./yaml-document.ts";

/** The only keys whose spellings differ. (`apiVersion` is camelCase in YAML too, as in every Kubernetes-style document.) */
const YAML_KEYS: Readonly<Record<string, string>> = { displayName: "display-name", allowedTools: "allowed-tools" };
const PROGRAM_KEYS = Object.fromEntries(Object.entries(YAML_KEYS).map(([program, yaml]) => [yaml, program]));

/** The card in a document that has passed the schema. The order of keys is kept. */
export function toCard(document: YamlValue): SkillCard {
  return rename(document, PROGRAM_KEYS) as unknown as SkillCard;
}

/** The document of a card. The order of keys is kept. */
export function fromCard(card: SkillCard): YamlMapping {
  return rename(card as unknown as YamlValue, YAML_KEYS) as YamlMapping;
}

/** A path of keys as the file spells it: `metadata.display-name` for `metadata.displayName`. */
export function yamlPath(path: string): string {
  return path
    .split(".")
    .map((key) => (Object.hasOwn(YAML_KEYS, key) ? (YAML_KEYS[key] ?? key) : key))
    .join(".");
}

function rename(value: YamlValue, names: Readonly<Record<string, string>>): YamlValue {
  if (isList(value)) return value.map((item) => rename(item, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      Object.hasOwn(names, key) ? (names[key] ?? key) : key,
      rename(item, names),
    ]),
  );
}

function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value);
}
