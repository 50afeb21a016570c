/**
 * Orders two texts by the bytes of their UTF-8 form: the same everywhere, whatever the locale. JavaScript's own `<`
 * compares UTF-16 units and puts U+FF5E after U+1F600; UTF-8, and so every other tool that sorts tars, does not.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Puts surrogates, which stand for characters above U+FFFF, after every other unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
