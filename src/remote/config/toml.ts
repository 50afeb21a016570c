/**
 * TOML from a file that anybody may have written: bounded before it is parsed, and read key by key with the type that each
 * must have. Keys that nobody asks for mean nothing, so newer files work with older programs.
 */
import { parse, TomlError, type TomlTable } from "smol-toml";

import { quote } from "../../text/index.ts";
import { invalid } from "./read-file.ts";

/** Deeper than any configuration, and far from the end of the stack. */
const MAX_DEPTH = 32;

/** A table, and how to name it in a message. */
export class TomlReader {
  readonly #file: string;
  readonly #path: string;
  readonly #table: TomlTable;

  private constructor(file: string, path: string, table: TomlTable) {
    this.#file = file;
    this.#path = path;
    this.#table = table;
  }

  /** Reads a whole file. Throws `CONFIG_INVALID` with the line where it stops to be TOML. */
  static parse(file: string, text: string): TomlReader {
    try {
      return new TomlReader(file, "", parse(text, { maxDepth: MAX_DEPTH }) as TomlTable);
    } catch (cause) {
      throw syntaxError(file, cause);
    }
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#table, key);
  }

  keys(): readonly string[] {
    return Object.keys(this.#table);
  }

  /** The text under `key`; `undefined` when the key is not there. */
  text(key: string): string | undefined {
    const value = this.#value(key);
    if (value === undefined || typeof value === "string") return value;
    throw this.problem(key, "must be text in quotes");
  }

  /** `true` or `false`; false when the key is not there. */
  flag(key: string): boolean {
    const value = this.#value(key) ?? false;
    if (typeof value === "boolean") return value;
    throw this.problem(key, "must be true or false");
  }

  /** A list of texts; `undefined` when the key is not there. */
  texts(key: string): readonly string[] | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
    throw this.problem(key, 'must be a list of texts, as in ["quay.io"]');
  }

  /** A table; `undefined` when the key is not there. */
  table(key: string): TomlReader | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (isTable(value)) return new TomlReader(this.#file, this.#pathOf(key), value);
    throw this.problem(key, `must be a table, [${this.#pathOf(key)}]`);
  }

  /** The tables of `[[key]]`; none when the key is not there. */
  tables(key: string): readonly TomlReader[] {
    const value = this.#value(key) ?? [];
    if (Array.isArray(value) && value.every(isTable)) {
      return value.map((table, index) => new TomlReader(this.#file, `${this.#pathOf(key)}[${index}]`, table));
    }
    throw this.problem(key, `must be written as [[${this.#pathOf(key).replaceAll(/\[\d+\]/g, "")}]]`);
  }

  /** `CONFIG_INVALID` for what stands under `key`. */
  problem(key: string, what: string, hint?: string): Error {
    return invalid(this.#file, `is not valid: ${this.#pathOf(key)} ${what}`, hint);
  }

  #value(key: string): unknown {
    return Object.hasOwn(this.#table, key) ? this.#table[key] : undefined;
  }

  #pathOf(key: string): string {
    const name = /^[\w-]{1,64}$/.test(key) ? key : quote(key, 64);
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }
}

function isTable(value: unknown): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The parser's words without the lines of the file that it quotes: the path may have been that of a file with secrets. */
function syntaxError(file: string, cause: unknown): Error {
  if (!(cause instanceof TomlError)) return invalid(file, "is not valid TOML", undefined, cause);
  const [first = ""] = cause.message.split("\n");
  const reason = first.replace(/^Invalid TOML document: /, "");
  const problem = `is not valid TOML: line ${cause.line}, column ${cause.column}: ${reason}`;
  return invalid(file, problem, "Mend that line; containers-registries.conf(5) describes the file.");
}
