/** The two kinds of registries that a client must cope with, for `describe.each`. */
import { startDockerRegistry, startReferrersRegistry, type Registry } from "./registries.ts";

/** A title that goes after "a registry", and what starts one. */
export const REGISTRIES: readonly (readonly [title: string, start: () => Promise<Registry>])[] = [
  ["with the referrers API", () => startReferrersRegistry()],
  ["without the referrers API", () => startDockerRegistry()],
];
