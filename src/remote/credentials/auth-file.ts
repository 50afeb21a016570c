/**
 * The file in which docker and podman keep credentials, or say who keeps them. Implements containers-auth.json(5), docker's
 * `config.json`, Kubernetes' `.dockerconfigjson`, and `.dockercfg`, which is nothing but the entries.
 *
 * An error names the file and never cites it. The file belongs to other tools too: what is not understood is kept.
 */
import { isSkillError, SkillError } from "../../errors.ts";
import { parseStrictJson, type JsonObject } from "../../oci/index.ts";
import { quote } from "../../text/index.ts";
import { readEntry, writeEntry } from "./auth-entry.ts";
import { canonicalKey, lookupKeys, writtenKey } from "./auth-keys.ts";
import { withMarkedNumbers, withNumbers } from "./exact-numbers.ts";
import type { Credential } from "./types.ts";

/** A program that keeps a credential, and the name by which it knows it. */
export interface HelperEntry {
  readonly helper: string;
  /** The file that says so. */
  readonly file: string;
  readonly server: string;
  /** Whether the file says that this one has it; otherwise it is the one that may have any. */
  readonly isCertain: boolean;
}

type BasicCredential = Extract<Credential, { kind: "basic" }>;

export class AuthFile {
  readonly path: string;
  readonly #document: JsonObject;
  readonly #isLegacy: boolean;

  /** Reads a file's text; an empty one holds nothing. Throws `CREDENTIALS_INVALID`. */
  constructor(path: string, text: string) {
    this.path = path;
    this.#document = parse(path, text);
    this.#isLegacy = isLegacy(this.#document);
  }

  /**
   * What may be the credential of a repository, the most specific first. Where two say something of one key, a helper
   * named for it (`credHelpers`) comes before the entry (`auths`), as docker and podman have it.
   */
  *candidates(repository: string): Generator<Credential | HelperEntry, void, undefined> {
    const store = this.#store;
    let isStoreAsked = false;
    const keys = lookupKeys(repository);
    for (const key of keys) {
      const named = this.#helperNamedFor(key);
      if (named !== undefined) yield named;
      const written = this.#spellings(key)[0];
      if (written === undefined) continue;
      const credential = readEntry(this.#entries[written], { path: this.path, key: written });
      if (credential !== undefined) yield credential;
      else if (store !== undefined) {
        isStoreAsked ||= key === keys.at(-1);
        yield { helper: store, file: this.path, server: written, isCertain: true };
      }
    }
    const host = keys.at(-1);
    if (store !== undefined && host !== undefined && !isStoreAsked) {
      yield { helper: store, file: this.path, server: writtenKey(host), isCertain: false };
    }
  }

  /** Whether there is an entry for this very key. */
  has(key: string): boolean {
    return this.#spellings(key).length > 0;
  }

  /** The registries, and parts of registries, of which it says something, in their one spelling. */
  get keys(): readonly string[] {
    const named = [...Object.keys(this.#entries), ...Object.keys(this.#objectAt("credHelpers"))];
    return [...new Set(named.map(canonicalKey))];
  }

  /** Who is to keep the credential of a key, if it is not this file. */
  helperFor(key: string): HelperEntry | undefined {
    const store = this.#store;
    const kept =
      store === undefined ? undefined : { helper: store, file: this.path, server: writtenKey(key), isCertain: true };
    return this.#helperNamedFor(key) ?? kept;
  }

  /** The helpers that may keep the credential of a key. */
  helpersOf(key: string): readonly HelperEntry[] {
    const store = this.#store;
    const named = this.#helperNamedFor(key);
    const isCertain = this.has(key);
    return [
      ...(named === undefined ? [] : [named]),
      ...(store === undefined
        ? []
        : [{ helper: store, file: this.path, server: this.#spellings(key)[0] ?? writtenKey(key), isCertain }]),
    ];
  }

  /** The file's text with an entry for a key, in place of all older spellings; without a credential, the mark of a helper's. */
  textWith(key: string, credential: BasicCredential | undefined): string {
    const spellings = this.#spellings(key);
    const written = writtenKey(key);
    const older = this.#entries[spellings[0] ?? written];
    const kept = Object.entries(this.#entries).filter(([name]) => name === written || !spellings.includes(name));
    return this.#textOf({ ...Object.fromEntries(kept), [written]: writeEntry(older, credential) });
  }

  /** The file's text without any entry for a key. */
  textWithout(key: string): string {
    const spellings = this.#spellings(key);
    return this.#textOf(
      Object.fromEntries(Object.entries(this.#entries).filter(([name]) => !spellings.includes(name))),
    );
  }

  #textOf(entries: JsonObject): string {
    const document = this.#isLegacy ? entries : { ...this.#document, auths: entries };
    return `${withNumbers(JSON.stringify(document, undefined, "\t"))}\n`;
  }

  get #entries(): JsonObject {
    return this.#isLegacy ? this.#document : this.#objectAt("auths");
  }

  get #store(): string | undefined {
    return this.#helperName(this.#document["credsStore"], "credsStore");
  }

  #helperNamedFor(key: string): HelperEntry | undefined {
    const helpers = this.#objectAt("credHelpers");
    const server = spellingsOf(key, helpers)[0];
    if (server === undefined) return undefined;
    const helper = this.#helperName(helpers[server], `credHelpers.${server}`);
    return helper === undefined ? undefined : { helper, file: this.path, server, isCertain: true };
  }

  #spellings(key: string): readonly string[] {
    return spellingsOf(key, this.#entries);
  }

  #helperName(value: unknown, field: string): string | undefined {
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value === "string") return value;
    throw invalid(this.path, `${quote(field)} is not the name of a credential helper`);
  }

  #objectAt(field: string): JsonObject {
    const value = this.#document[field] ?? {};
    if (typeof value === "object" && !Array.isArray(value)) return value as JsonObject;
    throw invalid(this.path, `${quote(field)} is not an object`);
  }
}

/** The keys of `object` that mean `key`, its own spelling first. */
function spellingsOf(key: string, object: JsonObject): readonly string[] {
  const found = Object.keys(object).filter((name) => canonicalKey(name) === key);
  return found.toSorted((a, b) => Number(b === key) - Number(a === key));
}

/** `.dockercfg` has no `auths` around its entries. */
function isLegacy(document: JsonObject): boolean {
  if (["auths", "credHelpers", "credsStore"].some((field) => Object.hasOwn(document, field))) return false;
  return Object.values(document).some((value) => typeof value === "object" && value !== null && "auth" in value);
}

function parse(path: string, text: string): JsonObject {
  if (text.trim() === "") return {};
  let document: unknown;
  try {
    document = parseStrictJson(Buffer.from(withMarkedNumbers(text)));
  } catch (error) {
    // The cause would cite a piece of the file.
    if (isSkillError(error, "JSON_INVALID")) throw invalid(path, "it is not JSON, or repeats a key");
    throw error;
  }
  if (typeof document === "object" && document !== null && !Array.isArray(document)) return document as JsonObject;
  throw invalid(path, "it is not a JSON object");
}

function invalid(path: string, problem: string): SkillError {
  return new SkillError("CREDENTIALS_INVALID", `${path} is not a file of credentials: ${problem}`, {
    hint: "Correct it, or put it aside and log in again.",
  });
}
