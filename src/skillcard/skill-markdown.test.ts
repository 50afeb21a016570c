import { expect, test } from "vitest";

import { cardFromSkillMarkdown, formatIssue } from "./index.ts";

function outcome(markdown: string, name = "demo") {
  const { card, issues } = cardFromSkillMarkdown(markdown, { name });
  return { card, issues: issues.map((issue) => `${issue.severity} ${formatIssue(issue)}`) };
}

test("makes the card of a complete SKILL.md", () => {
  const markdown = `---
name: demo
description: Shows how.
license: MIT
compatibility: Needs git
metadata:
  version: 2.1.0
  author: Ann Example <ann@example.org>
  other: ignored
allowed-tools: Read Bash(git:*)
model: left to the agent that knows it
---
# Demo
`;
  expect(outcome(markdown)).toEqual({
    card: {
      apiVersion: "skillimage.io/v1alpha1",
      kind: "SkillCard",
      metadata: {
        name: "demo",
        namespace: "local",
        version: "2.1.0",
        description: "Shows how.",
        license: "MIT",
        compatibility: "Needs git",
        authors: [{ name: "Ann Example", email: "ann@example.org" }],
        allowedTools: "Read Bash(git:*)",
      },
    },
    issues: [],
  });
});

test("namespace and version have defaults, and options override the namespace", () => {
  const { card } = cardFromSkillMarkdown("---\nname: demo\ndescription: x\n---\n", { namespace: "my-org/team" });
  expect(card?.metadata).toEqual({ name: "demo", namespace: "my-org/team", version: "0.1.0", description: "x" });
});

test.each([
  ["1.0", "1.0.0"],
  ['"1.0"', "1.0.0"],
  ["2", "2.0.0"],
  ["v1.2.3", "1.2.3"],
  ["1.10", "1.10.0"],
])("completes metadata.version %s to %s with a warning", (written, completed) => {
  const { card, issues } = outcome(`---\nname: demo\ndescription: x\nmetadata:\n  version: ${written}\n---\n`);
  expect(card?.metadata.version).toBe(completed);
  const plain = written.replaceAll('"', "");
  expect(issues).toEqual([
    `warning SKILL.md:5:12: metadata.version "${plain}" is not a semantic version; ${completed} is used`,
  ]);
});

test.each<[what: string, frontmatter: string, issues: string[]]>([
  [
    "another directory name",
    "name: other\ndescription: x",
    ['warning SKILL.md:2:7: name "other" is not the name of the directory, "demo"'],
  ],
  ["no name", "description: x", [`warning SKILL.md:1:1: name is missing; the directory's name, "demo", is used`]],
  ["no description", "name: demo", ["error SKILL.md:1:1: description is missing"]],
  [
    "an ill-formed name",
    "name: My Skill\ndescription: x",
    [
      'warning SKILL.md:2:7: name "My Skill" is not the name of the directory, "demo"',
      'error SKILL.md:2:7: name "My Skill" is not a skill name',
    ],
  ],
  [
    "a bad version",
    "name: demo\ndescription: x\nmetadata:\n  version: newest",
    ['error SKILL.md:5:12: metadata.version "newest" is not a semantic version'],
  ],
  ["a misspelt key", "name: demo\ndescription: x\nlicence: MIT", ['warning SKILL.md:4:1: unknown key "licence"']],
  [
    "a description that is not text",
    "name: demo\ndescription: [x]",
    ["error SKILL.md:3:14: description must be text, not a list"],
  ],
  [
    "a long description",
    `name: demo\ndescription: ${"x".repeat(1025)}`,
    ["warning SKILL.md:3:14: description is 1025 characters long; some agents read at most 1024"],
  ],
  [
    "free-text terms",
    "name: demo\ndescription: x\nlicense: See LICENSE.txt",
    ['warning SKILL.md:4:10: license "See LICENSE.txt" is not an SPDX licence expression'],
  ],
  [
    "an author that is not text",
    "name: demo\ndescription: x\nmetadata:\n  author: {a: b}",
    ["warning SKILL.md:5:11: metadata.author must be text; it is left out"],
  ],
  [
    "a colon in plain text",
    "name: demo\ndescription: Use it: often",
    ["error SKILL.md:3:14: not valid YAML: nested mappings are not allowed in compact mappings"],
  ],
  ["a list", "- x", ["error SKILL.md:2:1: the frontmatter must be a mapping"]],
  [
    "nothing",
    "",
    [
      `warning SKILL.md:1:1: name is missing; the directory's name, "demo", is used`,
      "error SKILL.md:1:1: description is missing",
    ],
  ],
])("reports %s", (_, frontmatter, issues) => {
  const result = outcome(`---\n${frontmatter}\n---\n# Body\n`);
  expect(result.issues).toEqual(issues);
  expect(result.card === undefined).toBe(issues.some((issue) => issue.startsWith("error")));
});

test("accepts a list of tools and a list of authors", () => {
  const { card } = outcome(
    "---\nname: demo\ndescription: x\nallowed-tools: [Read, Grep]\nmetadata: {author: [A, B]}\n---\n",
  );
  expect(card?.metadata.allowedTools).toBe("Read Grep");
  expect(card?.metadata.authors).toEqual([{ name: "A" }, { name: "B" }]);
});

test("says how to begin when there is no frontmatter, or it is not closed", () => {
  expect(outcome("# Demo").issues).toEqual(["error SKILL.md:1:1: there is no frontmatter"]);
  expect(outcome("---\nname: demo\n").issues).toEqual(["error SKILL.md:1:1: the frontmatter is not closed"]);
});

test("an alias bomb in a frontmatter is refused", () => {
  const { issues } = outcome("---\na: &a [x, x]\nb: &b [*a, *a]\nname: demo\ndescription: *b\n---\n");
  expect(issues).toContain('error SKILL.md:5:14: the alias "*b" is not supported');
});
