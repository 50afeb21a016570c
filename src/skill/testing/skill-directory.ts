/** Skill directories for tests: real ones, on disk, that are gone when the test is. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { onTestFinished } from "vitest";

import { temporaryDirectory as makeTemporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";

/** A directory that is removed when the running test ends. */
export async function temporaryDirectory(): Promise<string> {
  const { path, remove } = await makeTemporaryDirectory();
  onTestFinished(remove);
  return path;
}

/** The fields of a card that tests vary; the rest is fixed. */
export interface CardFields {
  readonly name?: string;
  readonly namespace?: string;
  readonly version?: string;
  readonly description?: string;
  /** More lines under `metadata`, indented by two spaces. */
  readonly more?: string;
}

export function cardText({
  name = "greeter",
  namespace = "examples",
  version = "1.0.0",
  description = "Greets people.",
  more = "",
}: CardFields = {}): string {
  return `apiVersion: skillimage.io/v1alpha1
kind: SkillCard
metadata:
  name: ${name}
  namespace: ${namespace}
  version: ${version}
  description: ${description}
${more}`;
}

/** Writes a skill and returns its directory. Files ending in `.sh` are executable. */
export async function skillDirectory(
  card: CardFields | null = {},
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  const directory = join(await temporaryDirectory(), card?.name ?? "greeter");
  const all = {
    ...(card === null ? {} : { "skill.yaml": cardText(card) }),
    "SKILL.md": "# Greeter\n\nSay hello.\n",
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), text, { mode: path.endsWith(".sh") ? 0o755 : 0o644 });
  }
  return directory;
}
