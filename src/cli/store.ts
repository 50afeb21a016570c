/** The local store of a call. */
import { readdir } from "node:fs/promises";

import { absentAsUndefined } from "../errno.ts";
import { LayoutStore } from "../store/layout/store.ts";
import type { Context } from "./context.ts";

export async function openStore(context: Context): Promise<LayoutStore> {
  return LayoutStore.open(await context.storePath());
}

/** Tells whether anything was ever written to the store; a place without it is an empty store too. */
export async function hasStore(context: Context): Promise<boolean> {
  const names = await readdir(await context.storePath()).catch(absentAsUndefined);
  return names !== undefined && names.length > 0;
}
