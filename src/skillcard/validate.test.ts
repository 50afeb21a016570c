import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";

import {
  cardFromSkillMarkdown,
  createExcerpts,
  formatIssue,
  parseSkillCard,
  SkillCardError,
  validateSkillCard,
} from "./index.ts";

const VALID = `apiVersion: skillimage.io/v1alpha1
kind: SkillCard
metadata:
  name: hello-world
  namespace: examples
  version: 1.0.0
  description: Greets people.
`;

/** The issues of a text as `severity line:column+length path: message`, hints after `//`. */
function report(text: string, files: readonly string[] = ["SKILL.md"]): string[] {
  return validateSkillCard(text, { hasFile: (path) => files.includes(path) }).issues.map(
    ({ severity, line, column, length, path, message, hint }) =>
      `${severity} ${line}:${column}+${length} [${path}] ${message}${hint === undefined ? "" : ` // ${hint}`}`,
  );
}

const adding = (line: string): string => `${VALID}  ${line}\n`;
const replacing = (key: string, line: string): string =>
  VALID.replace(new RegExp(`^( *)${key}: .*$`, "m"), `$1${line}`);

test("reads a minimal card; absent fields are absent keys", () => {
  expect(parseSkillCard(VALID)).toStrictEqual({
    apiVersion: "skillimage.io/v1alpha1",
    kind: "SkillCard",
    metadata: { name: "hello-world", namespace: "examples", version: "1.0.0", description: "Greets people." },
  });
});

test("reads every field, kebab-case as camelCase", () => {
  const card = parseSkillCard(`${VALID}  display-name: Hello
  license: MIT OR Apache-2.0
  compatibility: any agent
  tags: [a, b]
  authors:
    - {name: Ann, email: ann@example.org}
    - name: Bob
  allowed-tools: Read Grep
provenance: {source: https://example.org/skills, commit: "0123456", path: hello}
spec:
  prompt: prompts/main.md
  examples: [{input: hi, output: hello}]
  dependencies: [{name: examples/base, version: ^1.0.0}]
`);
  expect(card).toMatchObject({
    metadata: {
      displayName: "Hello",
      allowedTools: "Read Grep",
      authors: [{ email: "ann@example.org" }, { name: "Bob" }],
    },
    provenance: { commit: "0123456" },
    spec: { prompt: "prompts/main.md", dependencies: [{ name: "examples/base", version: "^1.0.0" }] },
  });
});

test.each<[what: string, text: string, issues: string[]]>([
  [
    "a wrong apiVersion",
    replacing("apiVersion", "apiVersion: v1"),
    ['error 1:13+2 [apiVersion] apiVersion must be "skillimage.io/v1alpha1", not "v1"'],
  ],
  ["a wrong kind", replacing("kind", "kind: Skill"), ['error 2:7+5 [kind] kind must be "SkillCard", not "Skill"']],
  [
    "a missing top-level key, at the first key",
    VALID.replace("kind: SkillCard\n", ""),
    ["error 1:1+34 [kind] kind is missing"],
  ],
  [
    "a missing key, at the key of the mapping that lacks it",
    VALID.replace("  version: 1.0.0\n", ""),
    ["error 3:1+8 [metadata.version] metadata.version is missing"],
  ],
  [
    "a missing key of a list item, at the item",
    adding("authors: [{email: a@b.c}]"),
    ["error 8:13+14 [metadata.authors[0].name] metadata.authors[0].name is missing"],
  ],
  [
    "a misspelt key",
    adding("licence: MIT"),
    ['error 8:3+7 [metadata.licence] unknown key "licence" in metadata // Did you mean "license"?'],
  ],
  [
    "a misspelt required key once, not also as missing",
    replacing("version", "verison: 1.0.0"),
    ['error 6:3+7 [metadata.verison] unknown key "verison" in metadata // Did you mean "version"?'],
  ],
  [
    "a camelCase key",
    adding("displayName: x"),
    ['error 8:3+11 [metadata.displayName] unknown key "displayName" in metadata // Did you mean "display-name"?'],
  ],
  [
    "a key at the wrong level",
    `${VALID}license: MIT\n`,
    ['error 8:1+7 [license] unknown key "license" // "license" belongs in metadata.'],
  ],
  [
    "an unknown key like no other",
    `${VALID}provenance:\n  color: red\n`,
    [
      'error 9:3+5 [provenance.color] unknown key "color" in provenance // The keys allowed here are source, commit, path.',
    ],
  ],
  [
    "an unknown key of a list item",
    adding("authors: [{name: A, phone: x}]"),
    [
      'error 8:23+5 [metadata.authors[0].phone] unknown key "phone" in metadata.authors[0] // The keys allowed here are name, email.',
    ],
  ],
  [
    "a number where text belongs",
    replacing("version", "version: 1.0"),
    [
      "error 6:12+3 [metadata.version] metadata.version must be text, not a number // Write three numbers, quoted or not: 1.0.0",
    ],
  ],
  [
    "a truth value where text belongs",
    adding("license: true"),
    ['error 8:12+4 [metadata.license] metadata.license must be text, not a boolean // Put it in quotes: "true".'],
  ],
  [
    "a key without a value",
    replacing("description", "description:"),
    ["error 7:15+1 [metadata.description] metadata.description must be text, but it has no value"],
  ],
  [
    "text where a list belongs",
    adding("tags: one, two"),
    ["error 8:9+8 [metadata.tags] metadata.tags must be a list, not text"],
  ],
  ["a list where a mapping belongs", `${VALID}spec: []\n`, ["error 8:7+2 [spec] spec must be a mapping, not a list"]],
  [
    "a number in a list",
    adding("tags: [a, 1]"),
    ['error 8:13+1 [metadata.tags[1]] metadata.tags[1] must be text, not a number // Put it in quotes: "1".'],
  ],
  [
    "an ill-formed name",
    replacing("name", "name: Hello_World"),
    [
      'error 4:9+11 [metadata.name] metadata.name "Hello_World" is not a skill name // Use lower-case letters, digits and single hyphens, such as "hello-world".',
    ],
  ],
  [
    "a name that is too long",
    replacing("name", `name: ${"a".repeat(65)}`),
    ["error 4:9+65 [metadata.name] metadata.name is 65 characters long; at most 64 are allowed"],
  ],
  ["an empty name", replacing("name", 'name: ""'), ["error 4:9+2 [metadata.name] metadata.name must not be empty"]],
  [
    "an ill-formed namespace",
    replacing("namespace", "namespace: My Org//x/"),
    [
      'error 5:14+10 [metadata.namespace] metadata.namespace "My Org//x/" is not a namespace // Use lower-case letters, digits and single hyphens, segments joined by /, such as "my-org/x".',
    ],
  ],
  [
    "a version with a v",
    replacing("version", "version: v1.2"),
    [
      'error 6:12+4 [metadata.version] metadata.version "v1.2" is not a semantic version // Write three numbers without a v, such as "1.2.0".',
    ],
  ],
  [
    "a version with leading zeros",
    replacing("version", "version: 1.02.0"),
    [
      'error 6:12+6 [metadata.version] metadata.version "1.02.0" is not a semantic version // Write three numbers, such as "1.0.0".',
    ],
  ],
  [
    "a version beyond counting",
    replacing("version", "version: 99999999999999999999.0.0"),
    [
      'error 6:12+24 [metadata.version] metadata.version "99999999999999999999.0.0" is not a semantic version: it is too long, or a number in it too large',
    ],
  ],
  [
    "a version like a lifecycle tag",
    replacing("version", "version: 1.0.0-testing"),
    [
      'error 6:12+13 [metadata.version] metadata.version "1.0.0-testing" reads like a lifecycle tag // Leave out "-testing": once published, its tag would be that of 1.0.0 in the state testing.',
    ],
  ],
  [
    "a version too long for the tags of its states",
    replacing("version", `version: 1.0.0-${"a".repeat(115)}`),
    [
      'error 6:12+121 [metadata.version] metadata.version is 121 characters long; at most 120 are allowed // The tag of a version under test is the version and "-testing", and a tag has at most 128 characters.',
    ],
  ],
  [
    "a blank description",
    replacing("description", 'description: "  "'),
    ["error 7:16+4 [metadata.description] metadata.description must not be empty"],
  ],
  [
    "a display name that is too long",
    adding(`display-name: ${"é".repeat(129)}`),
    ["error 8:17+129 [metadata.display-name] metadata.display-name is 129 characters long; at most 128 are allowed"],
  ],
  [
    "a licence that SPDX does not know",
    adding("license: Apache 2"),
    [
      'warning 8:12+8 [metadata.license] metadata.license "Apache 2" is not an SPDX licence expression // Did you mean "Apache-2.0"?',
    ],
  ],
  [
    "a dependency without a namespace",
    `${VALID}spec:\n  dependencies:\n    - {name: hello, version: "*"}\n`,
    [
      'error 10:14+5 [spec.dependencies[0].name] spec.dependencies[0].name "hello" is not a skill\'s namespace/name // Write the namespace and the name, such as "examples/hello-world".',
    ],
  ],
  [
    "a range that is none",
    `${VALID}spec:\n  dependencies:\n    - {name: a/b, version: latest}\n`,
    [
      'error 10:28+6 [spec.dependencies[0].version] spec.dependencies[0].version "latest" is not a range of versions // Write a range such as "^1.0.0", ">=1.2.0 <2.0.0" or "*".',
    ],
  ],
  [
    "a prompt that is not there",
    `${VALID}spec: {prompt: other.md}\n`,
    ['error 8:16+8 [spec.prompt] spec.prompt names "other.md", but the skill holds no such file'],
  ],
])("reports %s", (_, text, issues) => {
  expect(report(text)).toEqual(issues);
});

test("a skill without prompt file is reported at spec, or at the start", () => {
  const message =
    "[spec.prompt] the skill holds no SKILL.md // Add SKILL.md, or name the file that agents read first in spec.prompt.";
  expect(report(VALID, [])).toEqual([`error 1:1+34 ${message}`]);
  expect(report(`${VALID}spec: {}\n`, [])).toEqual([`error 8:1+4 ${message}`]);
  expect(validateSkillCard(VALID).issues).toEqual([]);
});

test.each([
  ["/etc/passwd", "is an absolute path"],
  ["C:/skill.md", "is an absolute path"],
  ["\\\\host\\share", "is an absolute path"],
  ["../SKILL.md", "leads out of the skill"],
  ["a/../../SKILL.md", "leads out of the skill"],
  ["a\\..\\b", "leads out of the skill"],
  ["a/./SKILL.md", "is not a plain path"],
  ["a//b", "is not a plain path"],
  ["a\\b", "is not a plain path"],
  ["a/", "is not a plain path"],
])("refuses the prompt path %s even when the file exists", (path, message) => {
  const { issues } = validateSkillCard(`${VALID}spec: {prompt: '${path}'}\n`, { hasFile: () => true });
  expect(issues.map((issue) => issue.message)).toEqual([
    `spec.prompt ${JSON.stringify(path).replaceAll("\\\\", "\\")} ${message}`,
  ]);
});

test("finds every problem at once, in the order of the file", () => {
  const text = "kind: Skill\nmetadata:\n  name: X\n  version: one\n  tags: 1\nspec:\n  prompt: /x\nextra: 1\n";
  expect(report(text).map((line) => line.split(" ").slice(0, 3).join(" "))).toEqual([
    "error 1:1+11 [apiVersion]",
    "error 1:7+5 [kind]",
    "error 2:1+8 [metadata.namespace]",
    "error 2:1+8 [metadata.description]",
    "error 3:9+1 [metadata.name]",
    "error 4:12+3 [metadata.version]",
    "error 5:9+1 [metadata.tags]",
    "error 7:11+2 [spec.prompt]",
    "error 8:1+5 [extra]",
  ]);
});

test.each<[what: string, text: string, issue: string]>([
  ["an empty file", "", "error 1:1+1 [] a SkillCard must be a mapping, but the file is empty"],
  ["only comments", "# nothing\n", "error 1:1+1 [] a SkillCard must be a mapping, but the file is empty"],
  ["a list", "- a\n", "error 1:1+3 [] a SkillCard must be a mapping, not a list"],
  ["text", "hello\n", "error 1:1+5 [] a SkillCard must be a mapping, not text"],
])("says that %s is not a card", (_, text, issue) => {
  expect(report(text)).toEqual([issue]);
});

test("where the YAML breaks, only what stands above is judged, and nothing is called missing", () => {
  const text = "apiVersion: v1\nmetadata:\n  name: ok\n  description: a: b\n  version: [\n";
  expect(report(text)).toEqual([
    'error 1:13+2 [apiVersion] apiVersion must be "skillimage.io/v1alpha1", not "v1"',
    'error 4:16+1 [] not valid YAML: nested mappings are not allowed in compact mappings // Put a text that holds ": " in quotes.',
    "error 6:1+1 [] not valid YAML: flow sequence in block collection must be sufficiently indented and end with a ] // Give the keys of one mapping the same indentation, and close every bracket.",
  ]);
});

test.each([
  [
    "a list where a key was begun",
    "x: 1\n- y\n",
    ['1:1 unknown key "x"', "2:1 not valid YAML: implicit keys need to be on a single line"],
  ],
  ["two bad escapes on one line: the first", 'a: "\\q \\z"\n', ["1:5 not valid YAML: invalid escape sequence \\q"]],
])("broken YAML is reported once for each line: %s", (_, text, expected) => {
  expect(validateSkillCard(text).issues.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual(
    expected,
  );
});

test("whatever the text: no exception, every issue inside the text, and a card only without errors", () => {
  const piece = fc.constantFrom(
    ...VALID.split(/(?<=[ \n])/),
    "- ",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "? ",
    "#",
    '"',
    "'",
    "|\n",
    "\t",
    "\r\n",
    "é",
    "🍵",
    "<<: ",
    "&a ",
    "*a",
    "!!x ",
    "---\n",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join("");
      const lines = text.split("\n");
      const { card, issues } = validateSkillCard(text);
      expect(card === undefined).toBe(issues.some((issue) => issue.severity === "error"));
      const excerpt = createExcerpts(text);
      for (const issue of issues) {
        const line = Array.from(lines[issue.line - 1] ?? "");
        expect(issue.column).toBeGreaterThan(0);
        expect(issue.column + issue.length - 1).toBeLessThanOrEqual(Math.max(line.length, issue.column));
        expect(excerpt(issue).split("\n")).toHaveLength(2);
      }
    }),
    { numRuns: 500 },
  );
});

test("columns count code points, so they are right behind emoji and other non-ASCII text", () => {
  expect(report(`${VALID}spec: {examples: [{input: 🍵é日, otput: x, output: y}]}\n`)).toEqual([
    'error 8:32+5 [spec.examples[0].otput] unknown key "otput" in spec.examples[0] // Did you mean "output"?',
  ]);
});

test("a byte order mark and CRLF change nothing", () => {
  expect(parseSkillCard(`\u{feff}${VALID.replaceAll("\n", "\r\n")}`)).toEqual(parseSkillCard(VALID));
  expect(report(`\u{feff}${adding("licence: x").replaceAll("\n", "\r\n")}`)).toEqual(report(adding("licence: x")));
});

test("a document may start and end with markers", () => {
  expect(report(`---\n${VALID}...\n`)).toEqual([]);
});

test("parse throws one error that lists the first problems", () => {
  const act = () => parseSkillCard("kind: Skill\nmetadata: {name: x, namespace: y}\n", { file: "demo/skill.yaml" });
  expect(act).toThrow(SkillCardError);
  expect(act).toThrow(
    expect.objectContaining({
      code: "SKILLCARD_INVALID",
      message: [
        "demo/skill.yaml is not valid: 4 errors",
        "  demo/skill.yaml:1:1: apiVersion is missing",
        '  demo/skill.yaml:1:7: kind must be "SkillCard", not "Skill"',
        "  demo/skill.yaml:2:1: metadata.version is missing",
        "  and 1 more",
      ].join("\n"),
    }),
  );
});

test("warnings alone do not throw", () => {
  expect(parseSkillCard(adding("license: Proprietary")).metadata.license).toBe("Proprietary");
});

test("messages are safe to show, whatever the file says", () => {
  const { issues } = validateSkillCard(adding('"\\e[2J\\u202e": x'), { file: "\u001b[31mskill.yaml" });
  expect(issues[0]?.message).toBe('unknown key "\\u{1b}[2J\\u{202e}" in metadata');
  expect(issues.map(formatIssue)[0]).toMatch(/^\\u\{1b\}\[31mskill\.yaml:8:3: /);
});

const examples = join(import.meta.dirname, "../../examples");

test.each(readdirSync(examples))("examples/%s is valid, without a warning", (name) => {
  const directory = join(examples, name);
  const hasFile = (path: string): boolean => existsSync(join(directory, path));
  const { card, issues } = hasFile("skill.yaml")
    ? validateSkillCard(readFileSync(join(directory, "skill.yaml"), "utf8"), { hasFile })
    : cardFromSkillMarkdown(readFileSync(join(directory, "SKILL.md"), "utf8"), { name });
  expect(issues).toEqual([]);
  expect(card?.metadata.name).toBe(name);
});
