/** The skill that the interoperability tests pack: a script that must stay executable, and names that tar must encode. */
import type { Workspace } from "./workspace.ts";

/** The reference under which {@link packSkill} stores its skill. */
export const REFERENCE = "interop/greeter:1.0.0-draft";

/** Every file of the skill: path and mode. */
export const FILES: Readonly<Record<string, number>> = {
  "SKILL.md": 0o644,
  "assets/straße-☃.txt": 0o644,
  [`references/${"deep/".repeat(24)}end.md`]: 0o644,
  "scripts/greet.sh": 0o755,
  "skill.yaml": 0o644,
};

const CARD = `apiVersion: skillimage.io/v1alpha1
kind: SkillCard
metadata:
  name: greeter
  namespace: interop
  version: 1.0.0
  description: Greets whoever mounts it.
  license: Apache-2.0
spec:
  prompt: SKILL.md
`;

const CONTENT: Readonly<Record<string, string>> = {
  "SKILL.md": "---\nname: greeter\ndescription: Greets whoever mounts it.\n---\n\n# Greeter\n\nRun scripts/greet.sh.\n",
  "scripts/greet.sh": "#!/bin/sh\necho greetings from a mounted skill\n",
  "skill.yaml": CARD,
};

/** Writes the skill's directory into the workspace and returns its path. */
export function writeSkill(workspace: Workspace): string {
  for (const [path, mode] of Object.entries(FILES)) {
    workspace.write(`greeter/${path}`, CONTENT[path] ?? `content of ${path}\n`, mode);
  }
  return `${workspace.directory}/greeter`;
}

/** Writes and packs the skill; `options` go to `skillctl pack`. */
export async function packSkill(workspace: Workspace, ...options: readonly string[]): Promise<void> {
  await workspace.output("skillctl", "pack", writeSkill(workspace), ...options);
}

/** Asks `skillctl … --json` and returns what it answers. */
export async function skillctlJson<T>(workspace: Workspace, ...args: readonly string[]): Promise<T> {
  return JSON.parse(await workspace.output("skillctl", ...args, "--json")) as T;
}
