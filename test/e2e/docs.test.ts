import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

import "./skillctl.ts";

it("docs/cli has one page for each command, and it says what the help says", () => {
  const script = fileURLToPath(new URL("../../scripts/cli-docs.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

it("llms.txt lists every page of the documentation, with what it is about", () => {
  const script = fileURLToPath(new URL("../../scripts/llms.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

it("the transcript in README.md is what the commands print", () => {
  const script = fileURLToPath(new URL("../../scripts/transcript.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});

it("the decisions are listed by number, each with its file and its title", () => {
  const folder = new URL("../../docs/adr/", import.meta.url);
  const files = readdirSync(folder).filter((name) => /^\d/.test(name));
  const expected = files.map((name) => {
    const [heading = ""] = readFileSync(new URL(name, folder), "utf8").split("\n");
    return heading.replace(/^# (\d+\. )(.*)$/, `$1[$2](${name})`);
  });
  const listed = readFileSync(new URL("README.md", folder), "utf8").split("\n");
  expect(listed.filter((line) => /^\d+\. /.test(line))).toEqual(expected);
});
