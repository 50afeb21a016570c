/** The SkillCard file. */
export const CARD_FILE = "skill.yaml";

/** The prompt file; alone it makes a skill of the Agent Skills format. */
export const PROMPT_FILE = "SKILL.md";
