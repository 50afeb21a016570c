/** Sentences that several commands say. */
import type { LifecycleState } from "../lifecycle/state.ts";
import type { Deprecation } from "../skill/deprecation.ts";
import type { TransferSummary } from "../skill/transfer.ts";
import { visibleLine } from "../text/index.ts";
import type { Output } from "./output.ts";
import { formatBytes, shortDigest } from "./units.ts";

/** What a transfer came to: `3f2a91c0d1e2, 3 sent, 1 present, 1.2 kB`; `done` is what was done to the pieces. */
export function transferFacts(
  digest: string,
  { sent, present, bytes }: TransferSummary,
  done: "sent" | "fetched" | "copied",
): string {
  return `${shortDigest(digest)}, ${sent} ${done}, ${present} present, ${formatBytes(bytes)}`;
}

/** A line of its own where a transfer moved `latest`, below those of images: `latest    1.0.0`. */
export function latestLine({
  latest,
  latestMoved,
}: {
  readonly latest?: string;
  readonly latestMoved: boolean;
}): string {
  return latestMoved ? `latest    ${latest ?? "removed"}\n` : "";
}

/** Says on stderr what did not work out beside what did. */
export async function remarkWarnings(output: Output, warnings: readonly string[]): Promise<void> {
  const label = output.remarkStyle.yellow("warning:");
  for (const warning of warnings) await output.remark(`${label} ${visibleLine(warning)}\n`);
}

/** A text that may have been given on several lines, for a place that has one. */
export function oneLine(text: string): string {
  const lines = text.split(/[\r\n]/).map((line) => line.trim());
  return lines.filter((line) => line !== "").join(" ");
}

/** What whoever uses an image from now on should know of it: that it is deprecated or archived, and what to use instead. */
export async function remarkRetired(
  output: Output,
  reference: string,
  { status, deprecation = {} }: { readonly status?: LifecycleState; readonly deprecation?: Deprecation },
): Promise<void> {
  if (status !== "deprecated" && status !== "archived") return;
  await remarkWarnings(output, [deprecationSentence(reference, status, deprecation)]);
}

/** `quay.io/acme/x:1.0.0 is deprecated: superseded (use 2.0.0)`, as far as somebody said so. */
function deprecationSentence(reference: string, status: string, { reason, replacedBy }: Deprecation): string {
  const why = reason === undefined ? "" : `: ${oneLine(reason)}`;
  const instead = replacedBy === undefined ? "" : ` (use ${replacedBy})`;
  return `${reference} is ${status}${why}${instead}`;
}
