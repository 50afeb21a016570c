/**
 * Skills as Quadlet units of podman, podman-systemd.unit(5): an `.image` unit for each, which pulls it, and a `.container` unit
 * that names those in `Mount=`, and so starts after them.
 */
import type { MountDocument, MountedSkill, WriteMount } from "./format.ts";

/** The units; without an image of the agent, a drop-in for a `.container` unit that exists. */
export const quadlet: WriteMount = (skills, { name, image }) => {
  const mounts = skills.map((skill) => `Mount=type=image,source=${unitName(skill)}.image,destination=${skill.path}\n`);
  const description = `[Unit]\nDescription=${name}, with ${skills.map((skill) => skill.name).join(", ")}\n\n`;
  const container: MountDocument =
    image === undefined
      ? { file: `${name}.container.d/skills.conf`, content: `[Container]\n${mounts.join("")}` }
      : {
          file: `${name}.container`,
          content: `${description}[Container]\nImage=${image}\n${mounts.join("")}\n[Install]\nWantedBy=default.target\n`,
        };
  return [container, ...skills.map(imageUnit)];
};

function imageUnit(skill: MountedSkill): MountDocument {
  return { file: `${unitName(skill)}.image`, content: `[Image]\nImage=${skill.image}\n` };
}

function unitName({ name }: MountedSkill): string {
  return `skill-${name}`;
}
