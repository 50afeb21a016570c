import { expect, test } from "vitest";

import { processorTime } from "../../test/fixtures/processor-time.ts";
import { parseSkillCard, validateSkillCard, YAML_LIMITS } from "./index.ts";

const VALID = `apiVersion: skillimage.io/v1alpha1
kind: SkillCard
metadata:
  name: hello-world
  namespace: examples
  version: 1.0.0
  description: Greets people.
`;

function report(text: string): string[] {
  return validateSkillCard(text).issues.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test("alias bomb: anchors and aliases are refused, nothing is expanded", () => {
  const levels = Array.from({ length: 9 }, (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level},`.repeat(9)}]`);
  const issues = report(`a0: &a0 lol\n${levels.join("\n")}\n`);
  expect(issues).toContain('1:5 the anchor "&a0" is not supported');
  expect(issues).toContain('2:10 the alias "*a0" is not supported');
});

test("an alias is reported once, not also as a value of the wrong type", () => {
  expect(report(VALID.replace("Greets people.", "*text"))).toEqual(['7:16 the alias "*text" is not supported']);
});

test("merge key", () => {
  expect(report(`${VALID}  <<: {license: MIT}\n`)).toEqual(["8:3 merge keys (<<) are not supported"]);
});

test.each(["!!str", "!local", "!<tag:yaml.org,2002:str>", "!!js/function", "!!set", "!!binary"])("tag %s", (tag) => {
  expect(report(VALID.replace("Greets people.", `${tag} x`))[0]).toBe(`7:16 the tag "${tag}" is not supported`);
});

test("directive: YAML 1.1 rules cannot be switched on", () => {
  expect(report(`%YAML 1.1\n---\n${VALID}`)).toEqual(["1:1 YAML directives are not supported"]);
});

test("__proto__, constructor and toString are unknown keys like any other", () => {
  expect(report(`${VALID}  __proto__: {polluted: x}\n  constructor: x\n  toString: x\n`)).toEqual([
    '8:3 unknown key "__proto__" in metadata',
    '9:3 unknown key "constructor" in metadata',
    '10:3 unknown key "toString" in metadata',
  ]);
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
});

test("inherited properties do not stand in for missing keys", () => {
  expect(report("__proto__: {apiVersion: skillimage.io/v1alpha1, kind: SkillCard}\n")).toContain("1:1 kind is missing");
});

test("duplicate keys, also when spelt differently", () => {
  expect(report(`${VALID}  "name": other\n`)).toEqual(['8:3 the key "name" stands here twice; the first is on line 4']);
});

test("keys that are not text", () => {
  expect(report(`${VALID}  1: x\n  ? [a]\n  : x\n`)).toEqual(["8:3 a key must be text", "9:5 a key must be text"]);
});

test("a second document", () => {
  expect(report(`${VALID}---\n${VALID}`)).toEqual(["8:1 a second YAML document starts here; only one is allowed"]);
});

test.each([
  ["NUL", "\0", "\\u{0}"],
  ["escape", "\u001b", "\\u{1b}"],
  ["delete", "\u007f", "\\u{7f}"],
  ["C1 control", "\u009b", "\\u{9b}"],
  ["lone surrogate", "\ud800", "\\u{d800}"],
])("raw control character: %s", (_, character, shown) => {
  expect(report(VALID.replace("Greets", `Greets${character}`))).toEqual([
    `7:22 the character "${shown}" is not allowed in YAML`,
  ]);
});

test("size: one byte over the limit is refused, the limit itself is read", () => {
  const filler = (bytes: number): string =>
    `${VALID}#${"é".repeat((bytes - VALID.length - 1) >> 1)}`.padEnd(bytes, "#");
  const fits = filler(YAML_LIMITS.bytes);
  const text = fits.slice(0, fits.length - (Buffer.byteLength(fits) - YAML_LIMITS.bytes));
  expect(Buffer.byteLength(text)).toBe(YAML_LIMITS.bytes);
  expect(report(text)).toEqual([]);
  expect(report(`${text}#`)).toEqual([`1:1 the YAML is 262145 bytes long; at most 262144 are read`]);
});

test("depth: 64 levels are read, 65 are not", () => {
  const nested = (depth: number): string => `x: ${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}`;
  expect(report(nested(64))).toContain('1:1 unknown key "x"');
  expect(report(nested(65))).toEqual(["1:67 the YAML is nested more than 64 levels deep"]);
});

test("nodes: 10,000 are read, one more is not", () => {
  const text = (items: number): string => `- x\n`.repeat(items);
  expect(report(text(9_999))).toEqual(["1:1 a SkillCard must be a mapping, not a list"]);
  expect(report(text(10_000))).toEqual(["1:1 the YAML has more than 10000 nodes"]);
});

test("keys: 100 characters are read, one more is not", () => {
  const text = (length: number): string => `${VALID}  ${"k".repeat(length)}: x\n`;
  expect(report(text(100))).toEqual([`8:3 unknown key "${"k".repeat(100)}" in metadata`]);
  expect(report(text(101))).toEqual([`8:3 the key "${"k".repeat(20)}…" is longer than 100 characters`]);
});

test.each([
  ["under one key of 150,000 characters", 1, 150_000],
  ["as deep as allowed under the longest keys", 60, YAML_LIMITS.key],
])("4,800 keys %s end quickly", (_, depth, length) => {
  const keys = Array.from({ length: 4_800 }, (__, key) => `k${key}: x`).join(",");
  const start = processorTime();
  const { issues } = validateSkillCard(`${`{? "${"~".repeat(length)}" : `.repeat(depth)}{${keys}}${"}".repeat(depth)}`);
  expect(issues.length).toBeGreaterThan(0);
  expect(processorTime() - start).toBeLessThan(5_000);
});

test("of more than 100 problems, errors are kept and the last issue counts the rest", () => {
  const keys = Array.from({ length: 150 }, (_, key) => `  k${key}: x\n`).join("");
  const { issues } = validateSkillCard(`${VALID}  license: none of them\n${keys}`);
  expect(issues).toHaveLength(100);
  expect(issues.every(({ severity }) => severity === "error")).toBe(true);
  expect(issues.at(-1)).toMatchObject({ severity: "error", message: "and 52 more problems", line: 108, column: 3 });
});

test("tokens: blank lines are counted, and called what they are", () => {
  const text = (lines: number): string => `x: 1\n${"\n".repeat(lines)}`;
  expect(report(text(50_000))).toContain('1:1 unknown key "x"');
  expect(report(text(70_000))).toEqual([
    expect.stringMatching(/^\d+:1 the YAML has more than 60000 tokens, which blank lines and comments are too$/),
  ]);
});

test.each([
  "[",
  "{",
  "- ",
  "? ",
  "{a: ",
  '["',
  "&a ",
  "*a ",
  "!t ",
  "]",
  "a: |\n ",
  "-\n",
  "a:\n",
  ", ",
  "\\",
  '"',
  "'",
  "%\n",
  "--- \n",
  "\t",
  "#\n",
])("100,000 times %j ends quickly in an issue, never in a crash", (piece) => {
  const start = processorTime();
  const { card, issues } = validateSkillCard(
    piece.repeat(Math.floor(YAML_LIMITS.bytes / piece.length)).slice(0, 100_000),
  );
  expect(card).toBeUndefined();
  expect(issues.length).toBeGreaterThan(0);
  expect(processorTime() - start).toBeLessThan(5_000);
});

test("values stay texts: nothing is read as a date, and YAML 1.1 truth values are texts", () => {
  const card = parseSkillCard(`${VALID}  tags: [2024-01-01, yes, off, 12:30:45]\n`);
  expect(card.metadata.tags).toEqual(["2024-01-01", "yes", "off", "12:30:45"]);
});
