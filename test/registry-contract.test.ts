/** The contract of a store, kept by our own client over our own registry: there is nothing that it cannot do. */
import { RemoteStore } from "../src/remote/index.ts";
import { startRegistry } from "../src/registry/http/testing/running-registry.ts";
import { createFsStorage } from "../src/registry/storage/fs/index.ts";
import { createMemoryStorage } from "../src/registry/storage/memory/index.ts";
import type { RegistryStorage } from "../src/registry/storage/types.ts";
import { describeStore, type StoreUnderTest } from "../src/store/testing/contract.ts";
import { temporaryDirectory } from "./fixtures/temporary-directory.ts";

async function storeOver(storage: RegistryStorage): Promise<StoreUnderTest> {
  const registry = await startRegistry({ storage });
  return {
    store: new RemoteStore({ registry: registry.host }),
    prefix: `${registry.host}/`,
    dispose: async () => registry.close(),
  };
}

describeStore("RemoteStore over the embedded registry in memory", async () => storeOver(createMemoryStorage()));
describeStore("RemoteStore over the embedded registry on a disk", async () => {
  const { path, remove } = await temporaryDirectory();
  const subject = await storeOver(await createFsStorage(path));
  return {
    ...subject,
    dispose: async () => {
      await subject.dispose?.();
      await remove();
    },
  };
});
