/** The documents of a mount as one text. */
import { basename, extname } from "node:path/posix";

import type { MountDocument } from "./format.ts";

/**
 * One document as it is. Several, which only Quadlet has, as `podman quadlet install` reads them from a file that ends in
 * `.quadlets` (podman 5.8): each under its name, a line of dashes between them.
 */
export function mountText(documents: readonly MountDocument[]): string {
  const [only, ...others] = documents;
  if (only !== undefined && others.length === 0) return only.content;
  return documents.map((each) => `# ${heading(each)}\n${each.content}`).join("---\n");
}

/** podman finds the kind of a unit by its sections; a drop-in cannot be installed this way and is only shown. */
function heading({ file }: MountDocument): string {
  return file.includes("/") ? file : `FileName=${basename(file, extname(file))}`;
}
