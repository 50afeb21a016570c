import type { StoreUnderTest } from "../store/testing/contract.ts";
import { describeStore } from "../store/testing/contract.ts";
import { RemoteStore } from "./index.ts";
import type { FakeRegistryOptions } from "./testing/fake-options.ts";
import { startFakeRegistry } from "./testing/fake-registry.ts";

async function storeOver(options: FakeRegistryOptions): Promise<StoreUnderTest> {
  const registry = await startFakeRegistry(options);
  return {
    store: new RemoteStore({ registry: registry.host }),
    prefix: `${registry.host}/`,
    dispose: async () => registry.close(),
  };
}

describeStore("RemoteStore", async () => storeOver({}));
describeStore("RemoteStore over a registry that does not list referrers", async () => storeOver({ referrers: false }));
describeStore("RemoteStore over a registry that knows conditions", async () => storeOver({ conditional: true }));
describeStore("RemoteStore over a registry with short pages and absolute locations", async () =>
  storeOver({ pageSize: 1 }),
);
