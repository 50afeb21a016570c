/** Cancelling many things at once. */

/** A signal of one's own that fires with `signal`, which many may wait for: Node warns of a signal that has many listeners. */
export function ownSignal(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal: AbortSignal.any([signal]) };
}
