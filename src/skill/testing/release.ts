/** Skills in a certain state, by the way that every skill takes. */
import { LIFECYCLE_STATES, type LifecycleState } from "../../lifecycle/index.ts";
import { parseReference } from "../../oci/index.ts";
import type { Store } from "../../store/index.ts";
import { pack, promote, type PackOptions } from "../index.ts";
import { skillDirectory, type CardFields } from "./skill-directory.ts";

/** Packs a version and takes it to a state, the whole way. Returns the reference that it has then. */
export async function release(
  store: Store,
  card: CardFields,
  state: LifecycleState,
  options?: PackOptions,
): Promise<string> {
  let { reference } = await pack(await skillDirectory(card), store, options);
  for (const to of LIFECYCLE_STATES.slice(1, LIFECYCLE_STATES.indexOf(state) + 1)) {
    ({ reference } = await promote(store, parseReference(reference), to));
  }
  return reference;
}
