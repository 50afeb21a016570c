import type { LayerDemands } from "./limits.ts";
import { measureTar } from "./tar-write.ts";
import type { LayerFile } from "./types.ts";

/** What a layer of these files will ask of who reads it, as far as that shows before it is written. */
export function demandsOf(files: readonly LayerFile[]): LayerDemands {
  const { size, entries } = measureTar(files);
  return { expandedSize: size, entries, fileSize: files.reduce((largest, file) => Math.max(largest, file.size), 0) };
}
