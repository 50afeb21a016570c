/**
 * Tags as file names. `Latest` and `latest` are two tags, but on some file systems one file. So a name is the tag in
 * lower case; one with capitals ends in `=` and where they are, as the bits of a hexadecimal number: `rc1`, `rc1=1` for `Rc1`,
 * `rc1=3` for `RC1`. No tag has a `=`, and the longest is still short enough for a file's name.
 */
import { isTag } from "../../../oci/index.ts";

export function tagToFileName(tag: string): string {
  const lower = tag.toLowerCase();
  if (lower === tag) return tag;
  let capitals = 0n;
  for (let at = 0; at < tag.length; at += 1) if (tag[at] !== lower[at]) capitals |= 1n << BigInt(at);
  return `${lower}=${capitals.toString(16)}`;
}

/** The tag whose file has this name; `undefined` for names that no tag has. */
export function fileNameToTag(name: string): string | undefined {
  const [lower = "", mark] = name.split("=", 2);
  const tag = mark === undefined ? name : withCapitals(lower, mark);
  return tag !== undefined && isTag(tag) && tagToFileName(tag) === name ? tag : undefined;
}

function withCapitals(lower: string, mark: string): string | undefined {
  if (!/^[0-9a-f]{1,32}$/.test(mark)) return undefined;
  const capitals = BigInt(`0x${mark}`);
  return lower.replaceAll(/./g, (each, at: number) => ((capitals >> BigInt(at)) & 1n ? each.toUpperCase() : each));
}
