import { fsFixture } from "../testing/fs-fixture.ts";
import { describeRegistryStorage } from "../testing/contract.ts";

const { open, damage } = fsFixture();

describeRegistryStorage("fs", async ({ now }) => {
  const storage = await open({ now });
  return {
    storage,
    reopen: async () => {
      await storage.close();
      return open({ now });
    },
    damage,
  };
});
