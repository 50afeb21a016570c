import { quote } from "../text/index.ts";
import { isAscii } from "./path-rules.ts";

type Kind = "file" | "directory";

interface Claim {
  readonly path: string;
  readonly kind: Kind;
  /** The layer whose own entry this is; -1 for a directory that is only implied by what lies in it. */
  layer: number;
}

/**
 * Remembers every path of one tree and tells which ones cannot stand beside each other: duplicates, a file where a
 * directory is, and names that some file system takes for the same (case; Unicode forms NFC, NFD, NFKC).
 *
 * A later layer may name what an earlier one named; within one layer nothing may be named twice.
 */
export class PathTable {
  readonly #claims = new Map<string, Claim>();
  readonly #directories = new Set<string>();
  #layer = 0;

  /** From here on, paths belong to the next layer. */
  nextLayer(): void {
    this.#layer++;
  }

  /** Takes `path`; answers why it cannot be taken, or `undefined` when it now is. */
  claim(path: string, kind: Kind): string | undefined {
    for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
      const parent = path.slice(0, slash);
      if (this.#directories.has(parent)) continue;
      const reason = this.#take(parent, "directory", false);
      if (reason !== undefined) return reason;
    }
    return this.#take(path, kind, true);
  }

  #take(path: string, kind: Kind, named: boolean): string | undefined {
    const key = fold(path);
    const found = this.#claims.get(key);
    if (found === undefined) {
      this.#claims.set(key, { path, kind, layer: named ? this.#layer : -1 });
      if (kind === "directory") this.#directories.add(path);
      return undefined;
    }
    if (found.path !== path) {
      return `${quote(path)} collides with ${quote(found.path)} where case or Unicode form does not count`;
    }
    if (found.kind !== kind) return `${quote(path)} is a file and a directory at once`;
    if (!named) return undefined;
    if (found.layer === this.#layer) return "it is there twice";
    found.layer = this.#layer;
    return undefined;
  }
}

/** The form under which two names are the same to the least discerning file system. */
function fold(path: string): string {
  if (isAscii(path)) return path.toLowerCase();
  return path.normalize("NFKC").toUpperCase().toLowerCase().normalize("NFKC");
}
