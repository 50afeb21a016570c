/**
 * YAML as plain values, each with its place in the file.
 *
 * The values are data only: strings, numbers, booleans, null, arrays and objects without a prototype, so a key such as
 * `__proto__` is a key like any other. Places are kept beside the values, by JSON pointer, because that is how the
 * schema validator names what it dislikes.
 */
import { Composer, isAlias, isMap, isScalar, isSeq, type Document, type ParsedNode } from "yaml";

import { quote, visibleLine } from "../text/index.ts";
import type { Problem } from "./problem.ts";
import type { Source, Span } from "./source.ts";
import { readSyntax, YAML_LIMITS } from "./yaml-syntax.ts";

export type YamlValue = null | boolean | number | string | readonly YamlValue[] | YamlMapping;
export interface YamlMapping {
  readonly [key: string]: YamlValue;
}

/** Where a value stands, and what people call it. */
export interface Location {
  /** Such as `metadata.authors[0].name`. */
  readonly path: string;
  /** The key under which the value stands; absent for the root and for list items. */
  readonly key?: Span;
  readonly value: Span;
}

/** A value whose parts can be found in the file again. */
export interface LocatedValue {
  /** `undefined` when the file could not be read as YAML at all. */
  readonly value: YamlValue | undefined;
  /** By JSON pointer (RFC 6901); the root is `""`. */
  readonly locations: ReadonlyMap<string, Location>;
}

export interface YamlDocument extends LocatedValue {
  readonly problems: readonly Problem[];
  /** From this offset on the text is not YAML, so what was read of it cannot be trusted. `Infinity` when all is well. */
  readonly brokenFrom: number;
}

/** Reads one YAML 1.2 core schema document within the limits of `YAML_LIMITS`. Never throws: problems are returned. */
export function readYaml(source: Source, span: Span = { start: 0, end: source.text.length }): YamlDocument {
  const syntax = readSyntax(source, span);
  const problems = [...syntax.problems];
  if (syntax.document === undefined) {
    const empty = problems.length === 0;
    return { value: empty ? null : undefined, locations: new Map(), problems, brokenFrom: Infinity };
  }
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: false,
    prettyErrors: false,
  });
  const [document] = [...composer.compose([syntax.document, ...syntax.errors])] as Document.Parsed[];
  const syntaxErrors = document === undefined ? [] : composeProblems(source, span.start, document);
  const brokenFrom = Math.min(...syntaxErrors.map((problem) => problem.span.start));

  const reader = new NodeReader(source, span.start);
  const value = reader.read(document?.contents ?? null, "", { path: "" });
  const trusted = reader.problems.filter((problem) => isBefore(source, problem.span, brokenFrom));
  return { value, locations: reader.locations, problems: [...problems, ...trusted, ...syntaxErrors], brokenFrom };
}

/** Tells whether a span begins on a line above the one where the YAML breaks. */
export function isBefore(source: Source, span: Span, brokenFrom: number): boolean {
  return brokenFrom === Infinity || source.lineAt(span.start) < source.lineAt(brokenFrom);
}

/** The composer's errors, the first of each line: what follows on the same line is mostly its echo. */
function composeProblems(source: Source, base: number, document: Document.Parsed): Problem[] {
  const byLine = new Map<number, Problem>();
  for (const { pos, code, message } of document.errors) {
    const span = { start: base + pos[0], end: base + pos[1] };
    const hint = HINTS[code];
    const problem = { severity: "error", path: "", message: `not valid YAML: ${sentence(message)}`, span } as const;
    const line = source.lineAt(span.start);
    if (!byLine.has(line)) byLine.set(line, hint === undefined ? problem : { ...problem, hint });
  }
  return [...byLine.values()];
}

/** What to do about the mistakes that people make most. */
const HINTS: Readonly<Record<string, string>> = {
  BAD_INDENT: "Give the keys of one mapping the same indentation, and close every bracket.",
  BAD_SCALAR_START: "Put the text in quotes.",
  BLOCK_AS_IMPLICIT_KEY: 'Put a text that holds ": " in quotes.',
  MISSING_CHAR: "Write `key: value` with a space after the colon, and close every quote and bracket.",
  MULTILINE_IMPLICIT_KEY: "Write `key: value` with a space after the colon.",
  TAB_AS_INDENT: "Indent with spaces.",
  UNEXPECTED_TOKEN: "Look for a bracket or quote that was not opened, or put the text in quotes.",
};

function sentence(message: string): string {
  return visibleLine(message.charAt(0).toLowerCase() + message.slice(1));
}

/** Walks composed nodes; the depth limit has been checked, so recursion is safe. */
class NodeReader {
  readonly locations = new Map<string, Location>();
  readonly problems: Problem[] = [];
  readonly #source: Source;
  readonly #base: number;

  constructor(source: Source, base: number) {
    this.#source = source;
    this.#base = base;
  }

  read(node: ParsedNode | null, pointer: string, place: Omit<Location, "value">): YamlValue {
    this.locations.set(pointer, { ...place, value: this.#span(node) });
    if (isMap(node)) return this.#readMapping(node.items as readonly MappingPair[], pointer, place.path);
    if (isSeq(node)) {
      return node.items.map((item, index) =>
        this.read(item as ParsedNode, `${pointer}/${index}`, { path: `${place.path}[${index}]` }),
      );
    }
    return isScalar(node) && !isAlias(node) ? (node.value as YamlValue) : null;
  }

  #readMapping(pairs: readonly MappingPair[], pointer: string, path: string): YamlMapping {
    const mapping = Object.create(null) as Record<string, YamlValue>;
    const seen = new Map<string, Span>();
    for (const { key, value } of pairs) {
      const span = this.#span(key);
      const name = isScalar(key) && typeof key.value === "string" ? key.value : undefined;
      const message = this.#keyMessage(name, seen);
      if (message !== undefined) this.problems.push({ severity: "error", path, message, span });
      if (message !== undefined || name === undefined) continue;
      seen.set(name, span);
      const place = { path: joinPath(path, name), key: span };
      mapping[name] = this.read(value, joinPointer(pointer, name), place);
    }
    return mapping;
  }

  /** What is wrong with a key, if anything is. */
  #keyMessage(name: string | undefined, seen: ReadonlyMap<string, Span>): string | undefined {
    if (name === undefined) return "a key must be text";
    if (name.length > YAML_LIMITS.key) return `the key ${quote(name, 20)} is longer than ${YAML_LIMITS.key} characters`;
    if (name === "<<") return "merge keys (<<) are not supported";
    const earlier = seen.get(name);
    if (earlier === undefined) return undefined;
    return `the key ${quote(name)} stands here twice; the first is on line ${this.#source.lineAt(earlier.start)}`;
  }

  #span(node: ParsedNode | null): Span {
    const [start, end] = node?.range ?? [0, 0];
    return { start: this.#base + start, end: this.#base + end };
  }
}

interface MappingPair {
  readonly key: ParsedNode | null;
  readonly value: ParsedNode | null;
}

/** The path of a key inside the mapping at `path`. */
export function joinPath(path: string, key: string): string {
  const shown = /^[\w-]+$/.test(key) ? key : quote(key);
  return path === "" ? shown : `${path}.${shown}`;
}

/** The JSON pointer (RFC 6901) of a key inside the mapping at `pointer`. */
export function joinPointer(pointer: string, key: string): string {
  return `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** Where the value at `pointer` stands, or, if it is not in the file, the nearest value around it that is. */
export function locate({ locations }: LocatedValue, pointer: string): Location {
  for (let at = pointer; ; at = at.slice(0, at.lastIndexOf("/"))) {
    const location = locations.get(at);
    if (location !== undefined) return location;
    if (at === "") return { path: "", value: { start: 0, end: 0 } };
  }
}

/** The value at `pointer`, `undefined` when there is none. */
export function valueAt({ value }: LocatedValue, pointer: string): YamlValue | undefined {
  let at: YamlValue | undefined = value;
  for (const step of pointer.split("/").slice(1)) {
    if (typeof at !== "object" || at === null) return undefined;
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    at = Object.hasOwn(at, key) ? (at as YamlMapping)[key] : undefined;
  }
  return at;
}
