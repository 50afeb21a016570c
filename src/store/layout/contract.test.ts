import { LayoutStore } from "../index.ts";
import { describeStore } from "../testing/contract.ts";
import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";

describeStore("LayoutStore", async () => {
  const { path, remove } = await temporaryDirectory();
  return { store: await LayoutStore.open(path), dispose: remove };
});
