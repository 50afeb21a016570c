/** A fake registry with a store over it, for one test. */
import { onTestFinished } from "vitest";

import { RemoteStore, type RemoteStoreOptions } from "../store.ts";
import type { RemoteRepository } from "../repository.ts";
import type { FakeRegistryOptions } from "./fake-options.ts";
import { startFakeRegistry, type FakeRegistry } from "./fake-registry.ts";

/** Retries at once, as often as usual. */
export const NO_WAIT = { wait: async () => undefined, random: () => 0 };

export interface RemoteFixture {
  readonly registry: FakeRegistry;
  readonly store: RemoteStore;
  /** `examples/hello` in it. */
  readonly repository: RemoteRepository;
}

/** Starts both; they end with the test. */
export async function setUpRemote(
  registryOptions: FakeRegistryOptions = {},
  storeOptions: RemoteStoreOptions = {},
): Promise<RemoteFixture> {
  const registry = await startFakeRegistry(registryOptions);
  const store = new RemoteStore({ retry: NO_WAIT, ...storeOptions });
  onTestFinished(async () => {
    await store.close();
    await registry.close();
  });
  return { registry, store, repository: store.repository(`${registry.host}/examples/hello`) };
}
