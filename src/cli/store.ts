/** The local store of a call. */
import { LayoutStore } from "../store/layout/store.ts";
import type { Context } from "./context.ts";

export function openStore({ storePath }: Context): Promise<LayoutStore> {
  return LayoutStore.open(storePath);
}
