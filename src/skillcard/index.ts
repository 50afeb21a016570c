/**
 * The SkillCard: reading it from YAML with the place of every mistake, checking it, writing it, and making one from a
 * SKILL.md. Pure: nothing here touches a file.
 */
export { parseAuthor } from "./author.ts";
export { decodeText, type DecodedText } from "./decode.ts";
export { SkillCardError, formatIssue } from "./error.ts";
export { createExcerpts } from "./excerpt.ts";
export { countWords, formatFrontmatter, parseFrontmatter, type Frontmatter } from "./frontmatter.ts";
export { serializeSkillCard } from "./serialize.ts";
export { writeYaml } from "./yaml-write.ts";
export {
  cardFromSkillMarkdown,
  DEFAULT_NAMESPACE,
  DEFAULT_VERSION,
  type SkillMarkdownOptions,
} from "./skill-markdown.ts";
export {
  DEFAULT_PROMPT,
  SKILLCARD_API_VERSION,
  SKILLCARD_KIND,
  type SkillCard,
  type SkillCardAuthor,
  type SkillCardDependency,
  type SkillCardExample,
  type SkillCardIssue,
  type SkillCardMetadata,
  type SkillCardProvenance,
  type SkillCardResult,
  type SkillCardSpec,
} from "./types.ts";
export { parseSkillCard, validateSkillCard, type ParseOptions, type ValidateOptions } from "./validate.ts";
export type { YamlMapping, YamlValue } from "./yaml-document.ts";
export { YAML_LIMITS } from "./yaml-syntax.ts";
