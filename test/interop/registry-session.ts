/** What tests of access to a registry share: a registry for the time of some work, and commands with variables and a password. */
import type { Registry } from "./registries.ts";
import type { Outcome, Workspace } from "./workspace.ts";

/** Lets `work` use a registry that is gone afterwards. */
export async function withRegistry(
  start: () => Promise<Registry>,
  work: (registry: Registry) => Promise<void>,
): Promise<void> {
  const registry = await start();
  try {
    await work(registry);
  } finally {
    await registry.close();
  }
}

/** Runs a command with `variables`, each as `NAME=value`, and with `password` as its stdin. */
export function runWith(
  workspace: Workspace,
  variables: readonly string[],
  args: readonly string[],
  password = "",
): Promise<Outcome> {
  return workspace.run("sh", "-c", `printf %s "$0" | env "$@"`, password, ...variables, ...args);
}
