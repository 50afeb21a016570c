/** `skillctl fsck --root`: loaded only for that. */
import { fsck, type RegistryIssue } from "../registry/maintenance/fsck.ts";
import { visibleLine } from "../text/index.ts";
import type { Context } from "./context.ts";
import { ExitStatus } from "./exit.ts";
import { registryRoot, withRegistry } from "./registry-root.ts";
import { plural } from "./units.ts";

/** Says what is wrong with a registry's directory. */
export async function checkRegistry(context: Context, directory: string): Promise<ExitStatus> {
  const { output, signal } = context;
  const root = registryRoot(context, { root: directory });
  const issues: RegistryIssue[] = [];
  output.progress.update(`checking ${root}`);
  await withRegistry(context, root, async (storage) => {
    for await (const issue of fsck(storage, { signal })) {
      issues.push(issue);
      output.progress.update(`checking ${root}  ${plural(issues.length, "issue")} so far`);
    }
  });
  await output.result(issues, (all) =>
    all.map(({ kind, message }) => `${output.style.red(kind)} ${message}\n`).join(""),
  );
  if (issues.length === 0) await output.remark(`The registry in ${visibleLine(root)} is sound.\n`);
  else await output.remark(`${plural(issues.length, "issue")}.\n`);
  return issues.length === 0 ? ExitStatus.ok : ExitStatus.failed;
}
