/** Skills as volumes of a service of the Compose Specification (`type: image`, which Docker Compose has since 2.35). */
import { writeYaml } from "../../skillcard/index.ts";
import type { WriteMount } from "./format.ts";

/** A compose file of one service; without an image of the agent, a file to merge into one that defines the service. */
export const compose: WriteMount = (skills, { name, image }) => {
  const volumes = skills.map((skill) => ({ type: "image", source: skill.image, target: skill.path }));
  const service = { ...(image === undefined ? {} : { image }), volumes };
  const file = image === undefined ? "compose.override.yaml" : "compose.yaml";
  return [{ file, content: writeYaml({ services: { [name]: service } }) }];
};
