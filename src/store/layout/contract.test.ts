import { LayoutStore } from "../index.ts";
import { describeStore } from "../testing/contract.ts";
import { directFileSystem } from "./direct-file-system.ts";
import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";

describeStore("LayoutStore", async () => {
  const { path, remove } = await temporaryDirectory();
  return { store: await LayoutStore.open(path), dispose: remove };
});

describeStore("LayoutStore of a program that does one thing at a time", async () => {
  const { path, remove } = await temporaryDirectory();
  return { store: await LayoutStore.open(path, { fs: directFileSystem }), dispose: remove };
});
