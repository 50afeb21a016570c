import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it, onTestFinished, vi } from "vitest";

import { temporaryDirectory } from "../../test/fixtures/temporary-directory.ts";
import { createContext } from "./context.ts";
import { openStore, openStoreIfAny } from "./store.ts";
import { recordingEnvironment } from "./testing/environment.ts";

vi.mock("node:os", async (original) => ({
  ...(await original<typeof import("node:os")>()),
  userInfo: () => {
    throw new Error("A system error occurred: uv_os_get_passwd returned ENOENT (no such file or directory)");
  },
}));

it("a user without a home directory has no local store, which stands in nobody's way but that of who needs one", async () => {
  const context = createContext(recordingEnvironment(), {});
  expect(await openStoreIfAny(context)).toBeUndefined();
  await expect(openStore(context)).rejects.toMatchObject({ code: "USAGE" });
});

it("a store that is not one is told, also where a registry could answer", async () => {
  const directory = await temporaryDirectory();
  onTestFinished(directory.remove);
  const store = join(directory.path, "store");
  await mkdir(store);
  await writeFile(join(store, "novel.txt"), "It was a dark and stormy night.");
  const context = createContext(recordingEnvironment(), { store });
  await expect(openStoreIfAny(context)).rejects.toMatchObject({ code: "TARGET_EXISTS" });
});
