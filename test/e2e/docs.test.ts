import { spawnSync } from "node:child_process";
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
