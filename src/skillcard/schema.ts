/**
 * Holds a document against `schemas/skillcard-v1.json` and says in plain words what is wrong, and where.
 *
 * The schema is compiled at build time (`scripts/generate.mjs`); this file is the translation of its verdicts.
 */
import coerce from "semver/functions/coerce.js";

import { quote, suggest } from "../text/index.ts";
import { keys, validate, type SchemaError } from "./generated/validate.js";
import type { Problem } from "./problem.ts";
import type { Source, Span } from "./source.ts";
import { joinPath, joinPointer, locate, valueAt, type LocatedValue, type YamlValue } from "./yaml-document.ts";

/** Every way in which the document breaks the schema. */
export function checkSchema(source: Source, document: LocatedValue): Problem[] {
  if (validate(document.value)) return [];
  const errors = validate.errors ?? [];
  const misspelt = new Set<string>();
  const problems: Problem[] = [];
  for (const error of errors.filter(({ keyword }) => keyword === "additionalProperties")) {
    const { problem, meant } = unknownKey(document, error);
    problems.push(problem);
    if (meant !== undefined) misspelt.add(joinPointer(error.instancePath, meant));
  }
  for (const error of errors) {
    if (error.keyword === "required" && misspelt.has(joinPointer(error.instancePath, missingKey(error)))) continue;
    const problem = translate(source, document, error);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}

function translate(source: Source, document: LocatedValue, error: SchemaError): Problem | undefined {
  const location = locate(document, error.instancePath);
  const value = valueAt(document, error.instancePath);
  const at = { severity: "error", path: location.path, span: location.value } as const;
  switch (error.keyword) {
    case "required": {
      const path = joinPath(location.path, missingKey(error));
      return { severity: "error", path, message: `${path} is missing`, span: location.key ?? location.value };
    }
    case "type":
      return { ...at, ...wrongType(source, location.value, location.path, String(error.params["type"]), value) };
    case "const":
      if (typeof value !== "string") return undefined;
      return {
        ...at,
        message: `${location.path} must be ${quote(String(error.params["allowedValue"]))}, not ${quote(value)}`,
      };
    case "minLength":
      return { ...at, message: `${location.path} must not be empty` };
    case "maxLength": {
      const length = typeof value === "string" ? Array.from(value).length : 0;
      const message = `${location.path} is ${length} characters long; at most ${String(error.params["limit"])} are allowed`;
      return { ...at, message };
    }
    case "pattern": {
      const form = FORMS[error.instancePath.replace(/\/\d+\//, "/*/")];
      if (form === undefined || typeof value !== "string" || value === "") return undefined;
      return { ...at, message: `${location.path} ${quote(value)} is not ${form.noun}`, hint: form.hint(value) };
    }
    default:
      return undefined;
  }
}

function missingKey(error: SchemaError): string {
  return String(error.params["missingProperty"]);
}

function unknownKey(document: LocatedValue, error: SchemaError): { problem: Problem; meant: string | undefined } {
  const key = String(error.params["additionalProperty"]);
  const { path, key: place, value } = locate(document, joinPointer(error.instancePath, key));
  const known = keys[error.instancePath.replace(/\/\d+$/, "/*")] ?? [];
  const meant = suggest(key, known);
  const parent = locate(document, error.instancePath).path;
  const message = `unknown key ${quote(key)}${parent === "" ? "" : ` in ${parent}`}`;
  const hint = meant === undefined ? elsewhere(key, known) : `Did you mean "${meant}"?`;
  return { problem: { severity: "error", path, message, hint, span: place ?? value }, meant };
}

/** Where a key would be right that is wrong where it stands. */
function elsewhere(key: string, known: readonly string[]): string {
  const [home] = ["/metadata", "/spec", "/provenance", ""].filter((pointer) => keys[pointer]?.includes(key));
  if (home === "") return `"${key}" belongs at the top level.`;
  if (home !== undefined) return `"${key}" belongs in ${home.slice(1)}.`;
  return `The keys allowed here are ${known.join(", ")}.`;
}

const NOUNS: Readonly<Record<string, string>> = { string: "text", array: "a list", object: "a mapping" };

function wrongType(source: Source, span: Span, path: string, expected: string, value: YamlValue | undefined) {
  const subject = path === "" ? "a SkillCard" : path;
  const noun = NOUNS[expected] ?? expected;
  if (value === null) {
    return { message: `${subject} must be ${noun}, but ${path === "" ? "the file is empty" : "it has no value"}` };
  }
  const message = `${subject} must be ${noun}, not ${describeType(value)}`;
  if (expected !== "string" || typeof value === "object") return { message };
  const written = source.text.slice(span.start, span.end);
  if (path === "metadata.version") return { message, hint: numericVersionHint(written) };
  return { message, hint: `Put it in quotes: ${quote(written)}.` };
}

function describeType(value: YamlValue | undefined): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return "text";
  return typeof value === "object" ? "a mapping" : `a ${typeof value}`;
}

/** What to say of text that does not match a field's pattern. */
const FORMS: Readonly<Record<string, { readonly noun: string; readonly hint: (value: string) => string }>> = {
  "/metadata/name": { noun: "a skill name", hint: (value) => segmentHint(slug(value)) },
  "/metadata/namespace": {
    noun: "a namespace",
    hint: (value) =>
      segmentHint(value.slice(0, 256).split("/").map(slug).filter(Boolean).join("/"), ", segments joined by /"),
  },
  "/metadata/version": { noun: "a semantic version", hint: versionHint },
  "/spec/dependencies/*/name": {
    noun: "a skill's namespace/name",
    hint: () => 'Write the namespace and the name, such as "examples/hello-world".',
  },
};

function slug(value: string): string {
  const words = value
    .slice(0, 64)
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  return (words ?? []).join("-");
}

function segmentHint(proposal: string, more = ""): string {
  const rule = `Use lower-case letters, digits and single hyphens${more}`;
  return proposal === "" ? `${rule}.` : `${rule}, such as "${proposal}".`;
}

function versionHint(value: string): string {
  const near = coerce(value.slice(0, 64), { includePrerelease: true })?.version;
  return near === undefined
    ? 'Write three numbers, such as "1.0.0".'
    : `Write three numbers${/^v/i.test(value) ? " without a v" : ""}, such as "${near}".`;
}

/** YAML takes `1.0` for a number. In quotes it would still be no version. */
function numericVersionHint(written: string): string {
  return `Write three numbers, quoted or not: ${coerce(written.slice(0, 64))?.version ?? "1.0.0"}`;
}
