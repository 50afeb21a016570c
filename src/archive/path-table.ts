import { quote } from "../text/index.ts";
import { isAscii } from "./path-rules.ts";

type Kind = "file" | "directory";

/** One component of a path, in its place in the tree: a path is told by its nodes, and costs no more than the last. */
interface Node {
  readonly id: number;
  readonly parent: Node | undefined;
  readonly name: string;
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
  readonly #root: Node = { id: 0, parent: undefined, name: "", kind: "directory", layer: -1 };
  /** By the parent's number and the name's folded form: one flat map takes far less than a map for each directory. */
  readonly #nodes = new Map<string, Node>();
  #size = 0;
  #layer = 0;

  /**
   * How many entries these paths amount to: every path for each layer that names it, and every directory that is only
   * implied by what lies in it once.
   */
  get size(): number {
    return this.#size;
  }

  /** From here on, paths belong to the next layer. */
  nextLayer(): void {
    this.#layer++;
  }

  /** Takes `path`; answers why it cannot be taken, or `undefined` when it now is. */
  claim(path: string, kind: Kind): string | undefined {
    const components = path.split("/");
    let parent = this.#root;
    for (const [at, name] of components.entries()) {
      const last = at === components.length - 1;
      const node = this.#find(parent, name) ?? this.#add(parent, name, last ? kind : "directory");
      if (node.name !== name) {
        const [ours, theirs] = [components.slice(0, at + 1).join("/"), pathOf(node)];
        return `${quote(ours)} collides with ${quote(theirs)} where case or Unicode form does not count`;
      }
      if (node.kind !== (last ? kind : "directory")) return `${quote(pathOf(node))} is a file and a directory at once`;
      parent = node;
    }
    return this.#name(parent);
  }

  #find(parent: Node, name: string): Node | undefined {
    return this.#nodes.get(keyOf(parent, name));
  }

  #add(parent: Node, name: string, kind: Kind): Node {
    // A slice of the path would keep all of it in memory.
    const node = { id: this.#nodes.size + 1, parent, name: Buffer.from(name).toString(), kind, layer: -1 };
    this.#nodes.set(keyOf(parent, name), node);
    this.#size++;
    return node;
  }

  /** Marks `node` as an entry of this layer. What was only implied so far has been counted already. */
  #name(node: Node): string | undefined {
    if (node.layer === this.#layer) return "it is there twice";
    if (node.layer !== -1) this.#size++;
    node.layer = this.#layer;
    return undefined;
  }
}

function keyOf(parent: Node, name: string): string {
  return `${parent.id}/${fold(name)}`;
}

function pathOf(node: Node): string {
  const names: string[] = [];
  for (let at: Node | undefined = node; at?.parent !== undefined; at = at.parent) names.unshift(at.name);
  return names.join("/");
}

/** The form under which two names are the same to the least discerning file system. */
function fold(name: string): string {
  if (isAscii(name)) return name.toLowerCase();
  // Lowered first: a capital sharp s is raised by way of the small one only.
  return name.normalize("NFKC").toLowerCase().toUpperCase().toLowerCase().normalize("NFKC");
}
