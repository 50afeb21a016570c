/** What is told of `latest` when it follows a version to another place. */
import { beforeAll, expect, it } from "vitest";

import { registryFor } from "./registry.ts";
import { createWorkspace, type Workspace } from "./skillctl.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
  await registryFor(user);
  for (const version of ["1.0.0", "2.0.0"]) {
    await user.skill("hello", { version });
    await user.run(["pack", "hello"]);
    for (const [tag, state] of [
      ["-draft", "testing"],
      ["-testing", "published"],
    ] as const)
      await user.run(["promote", `examples/hello:${version}${tag}`, "--to", state, "--local"]);
  }
});

/** The lines of a command's result, without digests and counts. */
async function lines(...args: string[]): Promise<string[]> {
  const { stdout } = await user.run(args, { env: { HOME: user.directory } });
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/ \(.*\)$/, ""));
}

it("is said where a transfer moves it, and only there", async () => {
  const [name, copy] = ["quay.io/acme/hello", "registry.example.com/acme/hello"];
  const push = async (version: string) => lines("push", `examples/hello:${version}`, name);
  expect(await push("1.0.0")).toEqual([`pushed    ${name}:1.0.0`, "latest    1.0.0"]);
  expect(await push("1.0.0")).toEqual([`unchanged ${name}:1.0.0`]);
  expect(await push("2.0.0")).toEqual([`pushed    ${name}:2.0.0`, "latest    2.0.0"]);
  expect(await lines("copy", `${name}:2.0.0`, copy)).toEqual([`copied    ${copy}:2.0.0`, "latest    2.0.0"]);
  expect(await lines("copy", `${name}:1.0.0`, copy)).toEqual([`copied    ${copy}:1.0.0`]);
});

it("is not said to be the only tag of an image in a registry", async () => {
  await lines("push", "examples/hello:1.0.0", "quay.io/tags/hello");
  const tags = async (...args: string[]) => (await lines("inspect", ...args)).find((line) => /^ +tags /.test(line));
  expect(await tags("--remote", "quay.io/tags/hello")).toBeUndefined();
  expect(await tags("examples/hello")).toMatch(/ 2\.0\.0, latest$/);
});

it("is said when a version that is deprecated takes it away", async () => {
  const name = "quay.io/other/hello";
  expect(await lines("push", "examples/hello:2.0.0", name)).toContain("latest    2.0.0");
  await user.run(["promote", "examples/hello:2.0.0", "--to", "deprecated", "--local"]);
  expect(await lines("push", "examples/hello:2.0.0", name)).toEqual([`pushed    ${name}:2.0.0`, "latest    removed"]);
});
