/** The file that a skill's card is in: judged in one way, whether the skill is a directory or an image. */
import { join } from "node:path";

import { cardFromSkillMarkdown, decodeText, validateSkillCard } from "../skillcard/index.ts";
import type { SkillCardResult } from "../skillcard/index.ts";
import { CARD_FILE, PROMPT_FILE } from "./names.ts";

export interface CardFile extends SkillCardResult {
  /** The name under which issues report it. */
  readonly file: string;
  readonly text: string;
  /** True when the card was made from SKILL.md, which need not tell a version. */
  readonly isGenerated: boolean;
}

export interface CardFileOptions {
  /** Where the files are, for the name under which issues report them. */
  readonly directory?: string;
  /** What the directory or the image calls the skill. */
  readonly name: string;
  readonly hasFile: (path: string) => boolean;
}

/**
 * Judges `skill.yaml`, else the frontmatter of `SKILL.md`, of `contents`, bytes by path; `undefined` when it has neither.
 * Of a file that is not UTF-8, that is the only issue.
 */
export function checkCardFile(
  contents: ReadonlyMap<string, Uint8Array>,
  { directory = "", name, hasFile }: CardFileOptions,
): CardFile | undefined {
  const path = contents.has(CARD_FILE) ? CARD_FILE : PROMPT_FILE;
  const bytes = contents.get(path);
  if (bytes === undefined) return undefined;
  const file = join(directory, path);
  const isGenerated = path === PROMPT_FILE;
  const { text, issues } = decodeText(bytes, file);
  if (issues.length > 0) return { file, text, isGenerated, issues };
  const checked = isGenerated
    ? cardFromSkillMarkdown(text, { file, name })
    : validateSkillCard(text, { file, hasFile });
  return { file, text, isGenerated, ...checked };
}
