/**
 * A disk that can lose power. It keeps a log of everything that was done to it and makes, for any moment of the log, a
 * disk as it may be found afterwards.
 *
 * It is meaner than real ones. Of what was written after the last sync of a file, nothing, all, a part or zeros are
 * found. Of the names changed after the last sync of a directory, any subset is found: a later rename without an
 * earlier one, a new name without the removal of the old.
 */
import { basename, dirname } from "node:path";

import type { FileStatus, FileSystem, OpenFile } from "../../src/store/layout/file-system.ts";

interface Node {
  readonly kind: "file" | "directory";
  readonly names: Map<string, Node>;
  bytes: Uint8Array;
  modified: number;
}

type Event =
  | { readonly kind: "write"; readonly node: Node; readonly bytes: Uint8Array }
  | { readonly kind: "sync"; readonly node: Node }
  | { readonly kind: "name"; readonly directory: Node; readonly name: string; readonly node: Node | undefined }
  | { readonly kind: "note"; readonly note: () => void };

export class SimulatedDisk implements FileSystem {
  readonly #root: Node;
  readonly #log: Event[] = [];

  constructor(root: Node = makeNode("directory")) {
    this.#root = root;
  }

  /** How many things were done so far. */
  get length(): number {
    return this.#log.length;
  }

  /** Puts a mark in the log; {@link crash} runs the marks that come before its moment. */
  note(note: () => void): void {
    this.#log.push({ kind: "note", note });
  }

  /** The disk as it may be found when the power went after the first `length` things. */
  crash(length: number, random: () => number): SimulatedDisk {
    const events = this.#log.slice(0, length);
    const histories = new Map<Node, Event[]>();
    const historyOf = (node: Node): Event[] => {
      const history = histories.get(node) ?? [];
      histories.set(node, history);
      return history;
    };
    for (const event of events) {
      if (event.kind === "note") event.note();
      else historyOf(nodeOf(event)).push(event);
    }
    const copies = new Map<Node, Node>();
    const copyOf = (node: Node): Node => {
      const known = copies.get(node);
      if (known !== undefined) return known;
      const copy = makeNode(node.kind, node.modified);
      copies.set(node, copy);
      const own = historyOf(node);
      const synced = own.findLastIndex(({ kind }) => kind === "sync") + 1;
      const luck = random();
      own.forEach((event, at) => {
        const survives = at < synced || luck > 0.75 || (luck > 0.25 && random() < 0.5);
        if (event.kind === "write") copy.bytes = concat(copy.bytes, survives ? event.bytes : lost(event.bytes, random));
        if (event.kind !== "name" || !survives) return;
        if (event.node === undefined) copy.names.delete(event.name);
        else copy.names.set(event.name, copyOf(event.node));
      });
      return copy;
    };
    return new SimulatedDisk(copyOf(this.#root));
  }

  async open(path: string): Promise<OpenFile> {
    return this.#file(this.#get(path));
  }

  async create(path: string): Promise<OpenFile> {
    const directory = this.#get(dirname(path));
    if (directory.names.has(basename(path))) throw errno("EEXIST", path);
    const node = makeNode("file", Date.now());
    this.#name(directory, basename(path), node);
    return this.#file(node);
  }

  async append(path: string): Promise<OpenFile> {
    return this.#file(this.#get(path));
  }

  async readFile(path: string): Promise<Uint8Array> {
    return this.#get(path).bytes.slice();
  }

  async status(path: string): Promise<FileStatus | undefined> {
    const node = this.#find(path);
    return node === undefined ? undefined : { kind: node.kind, size: node.bytes.byteLength, modified: node.modified };
  }

  async list(directory: string): Promise<string[]> {
    return [...this.#get(directory).names.keys()];
  }

  async makeDirectory(path: string): Promise<void> {
    const parent = this.#get(dirname(path));
    if (parent.names.has(basename(path))) throw errno("EEXIST", path);
    this.#name(parent, basename(path), makeNode("directory"));
  }

  async rename(from: string, to: string): Promise<void> {
    const node = this.#get(from);
    this.#name(this.#get(dirname(to)), basename(to), node);
    this.#name(this.#get(dirname(from)), basename(from), undefined);
  }

  async link(existing: string, path: string): Promise<void> {
    const node = this.#get(existing);
    const directory = this.#get(dirname(path));
    if (directory.names.has(basename(path))) throw errno("EEXIST", path);
    this.#name(directory, basename(path), node);
  }

  async unlink(path: string): Promise<void> {
    this.#get(path);
    this.#name(this.#get(dirname(path)), basename(path), undefined);
  }

  async touch(path: string, time: number): Promise<void> {
    this.#get(path).modified = time;
  }

  async syncDirectory(path: string): Promise<void> {
    this.#log.push({ kind: "sync", node: this.#get(path) });
  }

  #file(node: Node): OpenFile {
    let at = 0;
    return {
      read: async (buffer, position = at) => {
        const part = node.bytes.subarray(position, position + buffer.byteLength);
        buffer.set(part);
        if (position === at) at += part.byteLength;
        return part.byteLength;
      },
      write: async (bytes) => {
        this.#log.push({ kind: "write", node, bytes: bytes.slice() });
        node.bytes = concat(node.bytes, bytes);
        node.modified = Date.now();
      },
      // Done only after a failure, and this disk has none but the loss of its power.
      truncate: async () => {
        throw errno("ENOSYS", "truncate");
      },
      sync: async () => {
        this.#log.push({ kind: "sync", node });
      },
      close: async () => undefined,
    };
  }

  #name(directory: Node, name: string, node: Node | undefined): void {
    this.#log.push({ kind: "name", directory, name, node });
    if (node === undefined) directory.names.delete(name);
    else directory.names.set(name, node);
  }

  #find(path: string): Node | undefined {
    const names = path.split("/").filter((name) => name !== "");
    return names.reduce<Node | undefined>((node, name) => node?.names.get(name), this.#root);
  }

  #get(path: string): Node {
    const node = this.#find(path);
    if (node === undefined) throw errno("ENOENT", path);
    return node;
  }
}

function makeNode(kind: Node["kind"], modified = 0): Node {
  return { kind, names: new Map(), bytes: new Uint8Array(), modified };
}

/** What a change changed. */
function nodeOf(event: Exclude<Event, { readonly kind: "note" }>): Node {
  return event.kind === "name" ? event.directory : event.node;
}

/** What may be found of bytes that were not synced. */
function lost(bytes: Uint8Array, random: () => number): Uint8Array {
  const luck = random();
  if (luck < 0.4) return new Uint8Array();
  return luck < 0.7 ? new Uint8Array(bytes.byteLength) : bytes.slice(0, Math.floor(random() * bytes.byteLength));
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([a, b]));
}

function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: '${path}'`), { code });
}
