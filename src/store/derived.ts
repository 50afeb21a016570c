/** Blobs that need not be fetched, because they can be made of others of the same image that are fetched anyway. */
import { digestOf, type Descriptor, type Manifest } from "../oci/index.ts";

/** How one blob is made of another. */
export interface Derivation {
  /** What is made. */
  readonly blob: Descriptor;
  /** Of what: a blob of the same manifest, held in memory as it is copied. */
  readonly from: Descriptor;
  /** The bytes, which whoever asks compares with the digest; `undefined` when nothing can be made of it. */
  readonly make: (from: Uint8Array) => Uint8Array | undefined;
}

/** Finds what can be made for a manifest, which came with `descriptor`; `undefined` when nothing can. */
export type Derive = (manifest: Manifest, descriptor: Descriptor) => Derivation | undefined;

/** What was made, if it is to the byte what `derivation` was to make. */
export function makeDerived({ blob, make }: Derivation, from: Uint8Array): Uint8Array | undefined {
  const made = make(from);
  return made?.byteLength === blob.size && digestOf(made) === blob.digest ? made : undefined;
}
