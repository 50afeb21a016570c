/** A store for the time of a call, where nothing of earlier ones is in the way. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LayoutStore } from "../store/layout/store.ts";
import { unwritable } from "./system-error.ts";

/** Calls `use` with an empty store, which is removed afterwards, however that ends. Throws `TARGET_UNWRITABLE`, and what `use` throws. */
export async function withScratchStore<T>(use: (store: LayoutStore) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "skillctl-")).catch((error: unknown) => {
    throw unwritable(tmpdir(), error);
  });
  try {
    return await use(await LayoutStore.open(join(directory, "store")));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
