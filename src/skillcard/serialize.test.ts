import fc from "fast-check";
import { expect, test } from "vitest";
import { parse as parseYaml } from "yaml";

import { parseSkillCard, serializeSkillCard, validateSkillCard, type SkillCard } from "./index.ts";
import { cards } from "./testing/card-arbitrary.ts";

const card: SkillCard = {
  kind: "SkillCard",
  apiVersion: "skillimage.io/v1alpha1",
  metadata: {
    version: "1.0.0",
    name: "hello-world",
    namespace: "examples",
    displayName: "Hello, World",
    description: "First line.\nSecond line.\n",
    tags: ["yes", "1.0", "2024-01-01", "null", "~", "0o17", "12:30", "plain"],
    allowedTools: "Read Bash(git:*)",
  },
};

test("writes kebab-case YAML in the card's key order, quoting what could change type", () => {
  expect(serializeSkillCard(card)).toMatchInlineSnapshot(`
    "kind: SkillCard
    apiVersion: skillimage.io/v1alpha1
    metadata:
      version: 1.0.0
      name: hello-world
      namespace: examples
      display-name: Hello, World
      description: |
        First line.
        Second line.
      tags:
        - "yes"
        - "1.0"
        - "2024-01-01"
        - "null"
        - "~"
        - "0o17"
        - "12:30"
        - plain
      allowed-tools: Read Bash(git:*)
    "
  `);
});

test("keeps the key order of the source through a round trip", () => {
  const text = serializeSkillCard(card);
  expect(serializeSkillCard(parseSkillCard(text))).toBe(text);
});

test("every generated card is valid, and reading what was written gives the same card, key order included", () => {
  fc.assert(
    fc.property(cards, (generated) => {
      const text = serializeSkillCard(generated);
      const { card: read, issues } = validateSkillCard(text);
      expect(issues).toEqual([]);
      expect(JSON.stringify(read)).toBe(JSON.stringify(generated));
    }),
    { numRuns: 300 },
  );
});

test.each([" \n", "a\n \n", "\t\nb", " a\nb", "a\n\n", "\n", "a \nb", "  \n  \n"])(
  "keeps the white space of %j",
  (tag) => {
    const spaced = { ...card, metadata: { ...card.metadata, tags: [tag] } };
    expect(parseSkillCard(serializeSkillCard(spaced)).metadata.tags).toEqual([tag]);
  },
);

test("a YAML 1.1 reader sees the same texts", () => {
  const read = parseYaml(serializeSkillCard(card), { version: "1.1" }) as { metadata: { tags: unknown } };
  expect(read.metadata.tags).toEqual(card.metadata.tags);
});
