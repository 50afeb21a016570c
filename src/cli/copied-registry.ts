/** How `backup` and `restore` say how far they are, and what became of it. */
import type { MirrorReport } from "../registry/maintenance/mirror.ts";
import { plural } from "../text/index.ts";
import type { Context } from "./context.ts";
import { ExitStatus } from "./exit.ts";
import { formatBytes } from "./units.ts";

/** Shows which repository was copied last, and how many were. */
export function showRepositories({ output }: Context, verb: string): (name: string) => void {
  let count = 0;
  output.progress.update(verb);
  return (name) => {
    count += 1;
    output.progress.update(`${verb}  ${plural(count, "repository", "repositories")}  ${name}`);
  };
}

/** Prints what was copied, and what could not be. The status says whether everything could. */
export async function reportCopy({ output }: Context, report: MirrorReport, to: string): Promise<ExitStatus> {
  await output.result({ path: to, ...report }, format, ({ path }) => `${path}\n`);
  const { missing } = report;
  for (const { repository, manifest, message, isKept } of missing) {
    const outcome = isKept ? output.remarkStyle.yellow("kept as it was") : output.remarkStyle.red("left out");
    const image = manifest === undefined ? repository : `${repository}@${manifest}`;
    await output.remark(`${outcome} ${image}: ${message}\n`);
  }
  return missing.length === 0 ? ExitStatus.ok : ExitStatus.failed;
}

function format({
  path,
  repositories,
  manifests,
  tags,
  blobs,
  bytes,
}: MirrorReport & { readonly path: string }): string {
  const holds = [
    plural(repositories, "repository", "repositories"),
    plural(manifests, "manifest"),
    plural(tags, "tag"),
  ].join(", ");
  return `${path} has ${holds}\ncopied ${plural(blobs, "blob")}, ${formatBytes(bytes)}\n`;
}
