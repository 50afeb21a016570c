/** A new skill from a template: a card and a prompt that validate as they are. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { makeDirectories } from "../directories.ts";
import { errnoOf } from "../errno.ts";
import { SkillError } from "../errors.ts";
import {
  DEFAULT_NAMESPACE,
  DEFAULT_VERSION,
  formatFrontmatter,
  SKILLCARD_API_VERSION,
  SKILLCARD_KIND,
  serializeSkillCard,
  validateSkillCard,
  SkillCardError,
} from "../skillcard/index.ts";
import type { SkillCard } from "../skillcard/index.ts";
import { visibleLine } from "../text/index.ts";
import { CARD_FILE, PROMPT_FILE } from "./names.ts";

/** What a new skill is to be called. */
export interface InitAnswers {
  readonly name: string;
  /** Default `local`. */
  readonly namespace?: string;
  /** Default `0.1.0`. */
  readonly version?: string;
  readonly description: string;
  /** An SPDX expression. Default: none. */
  readonly license?: string;
  readonly author?: { readonly name: string; readonly email?: string };
}

export interface InitResult {
  readonly directory: string;
  /** The files that were written, relative to it. */
  readonly files: readonly string[];
}

/**
 * Writes `skill.yaml` and `SKILL.md` into `directory`, making it if need be. Throws `SKILLCARD_INVALID` for answers that
 * make no valid card and `TARGET_EXISTS` when either file is there; nothing is written then.
 */
export async function initSkill(directory: string, answers: InitAnswers): Promise<InitResult> {
  const card = serializeSkillCard(cardFrom(answers));
  const { issues } = validateSkillCard(card, { file: CARD_FILE });
  if (issues.some((issue) => issue.severity === "error")) throw new SkillCardError(CARD_FILE, issues);
  const [cardFile, promptFile] = [join(directory, CARD_FILE), join(directory, PROMPT_FILE)];
  await writing(directory, () => makeDirectories(directory));
  await writing(cardFile, () => writeFile(cardFile, card, { flag: "wx" }));
  try {
    await writing(promptFile, () => writeFile(promptFile, promptFrom(answers), { flag: "wx" }));
  } catch (error) {
    await rm(cardFile, { force: true });
    throw error;
  }
  return { directory, files: [CARD_FILE, PROMPT_FILE] };
}

function cardFrom(answers: InitAnswers): SkillCard {
  const { name, namespace = DEFAULT_NAMESPACE, version = DEFAULT_VERSION, description, license, author } = answers;
  return {
    apiVersion: SKILLCARD_API_VERSION,
    kind: SKILLCARD_KIND,
    metadata: {
      name,
      namespace,
      version,
      description,
      ...(license === undefined ? {} : { license }),
      ...(author === undefined ? {} : { authors: [author] }),
    },
    spec: { prompt: PROMPT_FILE },
  };
}

function promptFrom({ name, description }: InitAnswers): string {
  const title = name
    .split("-")
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(" ");
  return `${formatFrontmatter({ name, description })}
# ${title}

${description}

## When to use

Say here which requests this skill is for, and which it is not for.

## Steps

1. Say what to look at first.
2. Say what to do, and how to know that it worked.
3. Say what to give back, and in which form.
`;
}

async function writing(path: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const exists = errnoOf(cause) === "EEXIST";
    throw new SkillError(
      exists ? "TARGET_EXISTS" : "TARGET_UNWRITABLE",
      visibleLine(`cannot write ${path}: ${(cause as Error).message}`),
      {
        hint: exists
          ? "There is something at this place already. Choose another directory."
          : "Check the path and its permissions.",
        cause,
      },
    );
  }
}
