/** A registry on loopback that a workspace's command takes for those that the documents speak of. */
import { afterAll } from "vitest";

import { startFakeRegistry, type FakeRegistry } from "../../src/remote/testing/fake-registry.ts";
import type { FakeRegistryOptions } from "../../src/remote/testing/fake-options.ts";
import type { Workspace } from "./skillctl.ts";

/** The hosts that the documents name. */
export const DOCUMENTED_HOSTS = ["quay.io", "registry.example.com"] as const;

/**
 * Starts a registry, which ends with the tests of the calling file or group, and lets a home directory lead to it: a
 * registries.conf as any administrator could write it sends each host of `hosts` to a part of its own there.
 */
export async function registryFor(
  workspace: Workspace,
  hosts: readonly string[] = DOCUMENTED_HOSTS,
  options: FakeRegistryOptions = {},
): Promise<FakeRegistry> {
  const registry = await startFakeRegistry(options);
  afterAll(() => registry.close());
  const rules = hosts.map(
    (host) => `[[registry]]\nprefix = "${host}"\nlocation = "${registry.host}/${host}"\ninsecure = true\n`,
  );
  await workspace.write({ ".config/containers/registries.conf": rules.join("\n") });
  return registry;
}
