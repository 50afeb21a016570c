/** What is wrong with a store. */
import type { Digest } from "../../oci/index.ts";

/** What kind of thing is wrong. */
export type IssueKind =
  | "layout-invalid"
  | "index-damaged"
  | "entry-invalid"
  | "name-duplicate"
  | "blob-damaged"
  | "blob-missing"
  | "blob-unreadable"
  | "size-wrong"
  | "manifest-invalid"
  | "stray-file"
  | "temporary";

/** One thing that is wrong with a store, or was until it was repaired. */
export interface StoreIssue {
  readonly kind: IssueKind;
  readonly message: string;
  readonly digest?: Digest;
  readonly path?: string;
  /** The entry that is affected, as a reference; not there for content that no entry reaches. */
  readonly reference?: string;
  /** Whether it is no longer so. */
  readonly repaired: boolean;
  /** True where the repair took the entry away, as nothing can be made of it: what it named is lost until it is stored again. */
  readonly removed?: boolean;
}
