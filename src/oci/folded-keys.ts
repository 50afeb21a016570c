/** Field names as programs in Go read JSON: they do not tell capital letters from small ones, nor U+017F from s and U+212A from k. */
export function foldKey(name: string): string {
  return name.replaceAll("\u017F", "s").replaceAll("\u212A", "k").toLowerCase();
}
