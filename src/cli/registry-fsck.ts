/** `skillctl fsck` of a registry: loaded only for that. */
import { SkillError } from "../errors.ts";
import { fsck, type RegistryIssue } from "../registry/maintenance/fsck.ts";
import { plural, visibleLine } from "../text/index.ts";
import type { Context } from "./context.ts";
import { ExitStatus } from "./exit.ts";
import { registryPlace, withRegistry, type RootFlags } from "./registry-root.ts";

/** Says what is wrong with a registry. `repair`: sets right first what it keeps of what repositories hold. */
export async function checkRegistry(
  context: Context,
  flags: RootFlags,
  { repair }: { readonly repair: boolean },
): Promise<ExitStatus> {
  const { output, signal } = context;
  const place = await registryPlace(context, flags);
  // A directory is counted by its server at every start.
  if (repair && place.config.storage === undefined) throw noRepair();
  const issues: RegistryIssue[] = [];
  output.progress.update(`checking ${place.name}`);
  const recounted = await withRegistry(context, place, async (storage) => {
    const names = repair ? ((await storage.recount?.({ signal })) ?? []) : [];
    for await (const issue of fsck(storage, { signal })) {
      issues.push(issue);
      output.progress.update(`checking ${place.name}  ${plural(issues.length, "issue")} so far`);
    }
    return names;
  });
  await output.result(issues, (all) =>
    all.map(({ kind, message }) => `${output.style.red(kind)} ${message}\n`).join(""),
  );
  for (const name of recounted) await output.remark(`Counted anew what ${name} holds.\n`);
  if (issues.length === 0) await output.remark(`The registry in ${visibleLine(place.name)} is sound.\n`);
  else await output.remark(`${plural(issues.length, "issue")}.\n`);
  return issues.length === 0 ? ExitStatus.ok : ExitStatus.failed;
}

function noRepair(): SkillError {
  return new SkillError("USAGE", "there is nothing that --repair could mend in a registry's directory", {
    hint: "skillctl scrub takes damaged blobs out of the way; skillctl push --force of their images brings them back.",
  });
}
