/** The commands in a document. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "./release.ts";

/** The `sh` blocks of a document, in order. */
export function blocksOf(document: string): string[] {
  const text = readFileSync(join(ROOT, document), "utf8");
  return [...text.matchAll(/^```sh\n(.*?)^```/gms)].map((match) => match[1] ?? "");
}
