import { appendFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { MemoryStore } from "../store/index.ts";
import { checkCardFile } from "./card-file.ts";
import { pack, validate } from "./index.ts";
import { cardText, skillDirectory } from "./testing/skill-directory.ts";

const LATIN_1 = Buffer.from("license: M\u{fc}nchen\n", "latin1");
const NOT_UTF8 = "the file is not valid UTF-8";
const NO_FILES = { name: "greeter", hasFile: () => false };

test("a skill.yaml that is not UTF-8 does not pass for one with a strange licence", async () => {
  const directory = await skillDirectory();
  await appendFile(join(directory, "skill.yaml"), Buffer.concat([Buffer.from("  "), LATIN_1]));
  const { issues, valid } = await validate(directory);
  expect(valid).toBe(false);
  expect(issues).toEqual([expect.objectContaining({ message: NOT_UTF8, line: 8, column: 13 })]);
  await expect(pack(directory, new MemoryStore())).rejects.toMatchObject({ code: "SKILLCARD_INVALID" });
});

test("a lone SKILL.md that is not UTF-8 makes no card", async () => {
  const directory = await skillDirectory(null, { "SKILL.md": "---\nname: greeter\ndescription: Greets.\n---\n" });
  await appendFile(join(directory, "SKILL.md"), LATIN_1);
  expect((await validate(directory)).issues).toEqual([
    expect.objectContaining({ severity: "error", message: NOT_UTF8, line: 5, column: 11 }),
  ]);
});

test("the card in an image is held to the same rule", () => {
  const contents = new Map([["skill.yaml", Buffer.concat([Buffer.from(cardText()), Buffer.from("  "), LATIN_1])]]);
  expect(checkCardFile(contents, NO_FILES)).toMatchObject({ file: "skill.yaml", issues: [{ message: NOT_UTF8 }] });
  expect(checkCardFile(new Map(), NO_FILES)).toBeUndefined();
});
