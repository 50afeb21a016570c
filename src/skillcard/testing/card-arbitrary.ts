/** Random valid cards, with every optional field present or absent and keys in any order. */
import fc from "fast-check";

import { SKILLCARD_API_VERSION, SKILLCARD_KIND, type SkillCard } from "../types.ts";

const segment = fc.stringMatching(/^[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}$/);
const namespace = fc.array(segment, { minLength: 1, maxLength: 3 }).map((segments) => segments.join("/"));
const number = fc.nat({ max: 999 });
const version = fc
  .tuple(number, number, number, fc.constantFrom("", "-rc.1", "-alpha", "-0.x.7", "+build.5", "-beta+exp.sha.5114f85"))
  .map(([major, minor, patch, rest]) => `${major}.${minor}.${patch}${rest}`);

/** Texts that YAML of one version or another takes for something else, and any other text. */
const text = fc.oneof(
  fc.constantFrom(
    "1.0",
    "yes",
    "No",
    "on",
    "null",
    "~",
    "2024-01-01",
    "0x1f",
    "1e3",
    "12:30:45",
    ".inf",
    "<<",
    "=",
    "- a",
    "a: b",
    "#",
    "",
  ),
  fc.string({ unit: "binary" }),
  fc.string(),
  fc.string({
    unit: fc.constantFrom(
      "a",
      " ",
      "\n",
      "\t",
      "\r",
      ":",
      "#",
      '"',
      "'",
      "\u{85}",
      "\u{2028}",
      "\u{feff}",
      "\0",
      "é",
      "日",
    ),
  }),
);
const filled = text.filter((value) => value.trim() !== "");
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 3 });

function shuffled<T extends object>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return arbitrary.chain((value) =>
    fc
      .shuffledSubarray(Object.entries(value), { minLength: Object.keys(value).length })
      .map((entries) => Object.fromEntries(entries) as T),
  );
}

const metadata = fc.record(
  {
    name: segment,
    namespace,
    version,
    description: filled,
    displayName: fc.string({ minLength: 1, maxLength: 64 }),
    license: fc.constantFrom("Apache-2.0", "MIT OR Apache-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"),
    compatibility: text,
    tags: list(text),
    authors: list(fc.record({ name: fc.string({ minLength: 1 }), email: text }, { requiredKeys: ["name"] })),
    allowedTools: text,
  },
  { requiredKeys: ["name", "namespace", "version", "description"] },
);
const provenance = fc.record({ source: text, commit: text, path: text }, { requiredKeys: [] });
const spec = fc.record(
  {
    prompt: fc.constantFrom("SKILL.md", "prompts/main.md", "日本語/案内.md"),
    examples: list(fc.record({ input: text, output: text })),
    dependencies: list(
      fc.record({
        name: fc.tuple(namespace, segment).map((parts) => parts.join("/")),
        version: fc.constantFrom("^1.0.0", ">=1.2.0 <2.0.0", "*", "1.x || 2.x", "1.0"),
      }),
    ),
  },
  { requiredKeys: [] },
);

export const cards: fc.Arbitrary<SkillCard> = shuffled(
  fc.record(
    {
      apiVersion: fc.constant(SKILLCARD_API_VERSION),
      kind: fc.constant(SKILLCARD_KIND),
      metadata: shuffled(metadata),
      provenance: shuffled(provenance),
      spec: shuffled(spec),
    },
    { requiredKeys: ["apiVersion", "kind", "metadata"] },
  ),
);
