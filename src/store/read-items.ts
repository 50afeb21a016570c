/** The items of an index as anybody may have written them. */
import { isDigest, type Annotations, type Descriptor } from "../oci/index.ts";
import { heldEntry, type HeldEntry } from "./held-entry.ts";
import { ListedRows, type Rows } from "./rows.ts";

/** Takes the items of an index apart: those that are descriptors, and values of any other kind. */
export function readItems(items: readonly unknown[]): { readonly rows: Rows; readonly unknown: readonly unknown[] } {
  const entries: HeldEntry[] = [];
  const unknown: unknown[] = [];
  for (const item of items) {
    const entry = readEntry(item);
    if (entry === undefined) unknown.push(item);
    else entries.push(entry);
  }
  return { rows: new ListedRows(entries), unknown };
}

/** An item as an entry, if it is one. Go may write annotations that are not there as null; then they are left out. */
function readEntry(item: unknown): HeldEntry | undefined {
  if (isEntry(item)) return heldEntry(item);
  if (typeof item !== "object" || item === null || !("annotations" in item)) return undefined;
  const { annotations, ...rest } = item;
  return annotations === null && isEntry(rest) ? heldEntry(rest) : undefined;
}

function isEntry(item: unknown): item is Descriptor {
  if (typeof item !== "object" || item === null) return false;
  const { mediaType, digest, size, annotations } = item as Readonly<Record<string, unknown>>;
  return (
    typeof mediaType === "string" &&
    typeof digest === "string" &&
    isDigest(digest) &&
    Number.isSafeInteger(size) &&
    Number(size) >= 0 &&
    (annotations === undefined || isAnnotations(annotations))
  );
}

function isAnnotations(value: unknown): value is Annotations {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  for (const key of Object.keys(value)) if (typeof (value as Annotations)[key] !== "string") return false;
  return true;
}
