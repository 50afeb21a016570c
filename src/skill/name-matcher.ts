/** A predicate over repository names from a glob; `undefined` matches all. Linear in the name, whatever the glob. */
export function nameMatcher(glob: string | undefined): (repository: string) => boolean {
  if (glob === undefined) return () => true;
  const whole = glob.includes("/");
  return (repository) => matchGlob(glob, whole ? repository : repository.slice(repository.lastIndexOf("/") + 1));
}

/**
 * `*` is any run of characters (of `/` too: names nest by convention, not as directories), `?` any one. The position of
 * the last star is all that ever needs to be gone back to, so no pattern takes more than length times length.
 */
function matchGlob(glob: string, text: string): boolean {
  let [at, in_] = [0, 0];
  let [star, resume] = [-1, 0];
  while (in_ < text.length) {
    if (glob[at] === "*") [star, resume, at] = [at, in_, at + 1];
    else if (glob[at] === "?" || glob[at] === text[in_]) [at, in_] = [at + 1, in_ + 1];
    else if (star >= 0) [at, in_, resume] = [star + 1, resume + 1, resume + 1];
    else return false;
  }
  while (glob[at] === "*") at++;
  return at === glob.length;
}
