/** One file of an image, without unpacking the rest. */
import type { Content } from "../content/index.ts";
import { SkillError } from "../errors.ts";
import { formatReference, type Reference } from "../oci/index.ts";
import type { Store } from "../store/index.ts";
import { quote } from "../text/index.ts";
import { PROMPT_FILE } from "./names.ts";
import { imageEntries, type LayerOptions } from "./layers.ts";
import { readResolved } from "./read-resolved.ts";
import { resolveReference } from "./resolve.ts";

/**
 * Streams a file of an image; `path` is relative to the image's root, default `SKILL.md`. The layers are read to their
 * end, so the iteration throws `DIGEST_MISMATCH` after the file when one is not what its digest says. Of several layers the
 * highest that has the file counts. Throws `NOT_FOUND` when no layer has it.
 */
export async function* cat(
  store: Store,
  reference: Reference,
  path: string = PROMPT_FILE,
  options: LayerOptions = {},
): Content {
  const resolved = await resolveReference(store, reference, options);
  const { reference: full, repository } = resolved;
  const image = await readResolved(resolved, options);
  const wanted = path.replace(/^(?:\.?\/)+/, "");
  let found = false;
  for await (const entry of imageEntries(repository, image, { ...options, highestFirst: true })) {
    if (found || entry.type !== "file" || entry.path !== wanted) continue;
    found = true;
    yield* entry.content;
  }
  if (found) return;
  throw new SkillError("NOT_FOUND", `${formatReference(full)} has no file ${quote(path)}`, {
    hint: `See its files: skillctl inspect ${formatReference(full)} --files`,
  });
}
