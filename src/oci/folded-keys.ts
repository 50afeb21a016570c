/**
 * Field names as programs in Go read JSON. They do not tell capital letters from small ones, and take the last of two: of a
 * manifest with `layers` and `Layers`, they see other layers than we do.
 */
import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";

/** Equal for two names that Go takes for one (`bytes.EqualFold`): U+017F is an s to it, and U+212A a k. */
export function foldKey(name: string): string {
  return name.replaceAll("\u017F", "s").replaceAll("\u212A", "k").toLowerCase();
}

/** The fields of an object of some kind, each spelt as its specification has it. */
export class FieldNames {
  readonly #names: ReadonlySet<string>;
  readonly #byFold: ReadonlyMap<string, string>;

  constructor(...names: readonly string[]) {
    this.#names = new Set(names);
    this.#byFold = new Map(names.map((name) => [foldKey(name), name]));
  }

  /** Throws `MANIFEST_INVALID` for a key that is none of the fields, and that Go takes for one; `where`: what the object is. */
  check(object: object, where: string): void {
    for (const key of Object.keys(object)) {
      const meant = this.#names.has(key) ? undefined : this.#byFold.get(foldKey(key));
      if (meant === undefined) continue;
      throw new SkillError(
        "MANIFEST_INVALID",
        `not a valid manifest: ${where} has ${quote(key)}, which some programs read as ${meant}`,
      );
    }
  }
}
