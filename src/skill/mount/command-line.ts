/** Skills as options of `podman run` and `docker run`, or as the commands that start a container with them. */
import type { MountedSkill, WriteMount } from "./format.ts";

/**
 * Writes for `program`. Without an image of the agent: one `--mount` a line, for use in a command of one's own. With it: the
 * commands that pull the skills, which a mount does not do by itself, and the one that runs the agent.
 */
export function commandLine(program: "podman" | "docker"): WriteMount {
  return (skills, { image }) => {
    const mounts = skills.map(mountOption);
    if (image === undefined) return [{ file: `${program}.args`, content: lines(mounts) }];
    const pulls = skills.map((skill) => `${program} pull ${word(skill.image)}`);
    const run = [`${program} run --rm`, ...mounts, word(image)].join(" \\\n  ");
    return [{ file: `${program}.sh`, content: lines([...pulls, run]) }];
  };
}

/** docker takes both spellings of the keys, podman before 4.5 only these. */
function mountOption({ image, path }: MountedSkill): string {
  return `--mount ${word(`type=image,source=${image},destination=${path}`)}`;
}

/** A word of a shell's command. Of all that a reference may hold, only the brackets of an IPv6 address mean something there. */
function word(text: string): string {
  return /[[\]]/.test(text) ? `'${text}'` : text;
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}
