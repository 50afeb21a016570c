/** A new skill from a template: a card and a prompt that validate as they are. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { SkillError } from "../errors.ts";
import { serializeSkillCard, validateSkillCard, SkillCardError } from "../skillcard/index.ts";
import type { SkillCard } from "../skillcard/index.ts";
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
  await mkdir(directory, { recursive: true });
  await writeNew(join(directory, CARD_FILE), card);
  await writeNew(join(directory, PROMPT_FILE), promptFrom(answers));
  return { directory, files: [CARD_FILE, PROMPT_FILE] };
}

function cardFrom(answers: InitAnswers): SkillCard {
  const { name, namespace = "local", version = "0.1.0", description, license, author } = answers;
  return {
    apiVersion: "skillimage.io/v1alpha1",
    kind: "SkillCard",
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
  return `---
name: ${name}
description: ${JSON.stringify(description)}
---

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

async function writeNew(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: "wx" });
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === "EEXIST";
    throw new SkillError(
      exists ? "TARGET_EXISTS" : "TARGET_UNWRITABLE",
      `cannot write ${file}: ${(cause as Error).message}`,
      {
        hint: exists
          ? "There is a skill in this directory already. Choose another one."
          : "Check the directory's permissions.",
        cause,
      },
    );
  }
}
