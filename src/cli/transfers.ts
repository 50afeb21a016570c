/** Says how content moves: a bar for each piece that is on its way on a terminal, a line for each that has arrived elsewhere. */
import { isIndexType, isManifestType } from "../oci/media-types.ts";
import type { CopyProgress } from "../store/graph-copy.ts";
import { formatTransfers, type Transfer } from "./bars.ts";
import type { Context } from "./context.ts";
import { formatBytes, shortDigest } from "./units.ts";

/**
 * The `onProgress` of a verb that copies. A verb that copies many images says in `heading` how far it is, above the bars;
 * elsewhere than on a terminal, its pieces are too many to speak of.
 */
export function showTransfers(
  { environment, output }: Context,
  heading?: () => string,
): (progress: CopyProgress) => void {
  if (environment.stderr.isTTY !== true) {
    if (heading !== undefined) return () => {};
    return (progress) => {
      // Whoever cannot be told how it goes is told the result.
      if (progress.outcome !== undefined) output.remark(lineFor(progress, progress.outcome)).catch(() => {});
    };
  }
  const running = new Map<string, Transfer>();
  return ({ descriptor: { digest, mediaType }, bytes, total, outcome }) => {
    if (outcome === undefined)
      running.set(digest, { label: `${kindOf(mediaType)} ${shortDigest(digest)}`, bytes, total });
    else running.delete(digest);
    output.progress.draw((columns) => [
      ...(heading === undefined ? [] : [heading()]),
      ...formatTransfers([...running.values()], columns),
    ]);
  };
}

function lineFor(
  { descriptor: { digest, mediaType, size } }: CopyProgress,
  outcome: NonNullable<CopyProgress["outcome"]>,
): string {
  return `${outcome.padEnd("present".length)} ${digest} (${kindOf(mediaType)}, ${formatBytes(size)})\n`;
}

function kindOf(mediaType: string): string {
  if (isManifestType(mediaType)) return "manifest";
  if (isIndexType(mediaType)) return "index";
  if (/\bconfig\b/.test(mediaType)) return "config";
  return /\blayer\b/.test(mediaType) ? "layer" : "blob";
}
