import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

import "./skillctl.ts";

it("docs/cli has one page for each command, and it says what the help says", () => {
  const script = fileURLToPath(new URL("../../scripts/cli-docs.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
