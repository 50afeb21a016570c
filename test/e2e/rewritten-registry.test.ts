/** What is said when registries.conf leads to a host that nobody typed, and that is not there. */
import { expect, it } from "vitest";

import { createWorkspace } from "./skillctl.ts";

it.each([
  ["push", ["push", "examples/greeter:1.0.0-draft", "mirrored.example/team/greeter:1.0.0-draft"]],
  ["inspect", ["inspect", "mirrored.example/team/greeter:1.0.0"]],
  ["list", ["list", "mirrored.example"]],
  ["login", ["login", "mirrored.example", "-u", "ada", "--password-stdin"]],
])("%s names the rule that leads to a host that nobody typed", async (_, args) => {
  const workspace = await createWorkspace();
  await workspace.run(["pack", await workspace.skill("greeter")]);
  const rule = '[[registry]]\nprefix = "mirrored.example"\nlocation = "127.0.0.1:1/mirror"\n';
  await workspace.write({ ".config/containers/registries.conf": rule });
  const { status, stderr } = await workspace.run(args, { env: { HOME: workspace.directory }, input: "t0ken" });
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(
      /^error: cannot reach 127\.0\.0\.1:1: nothing listens there\nhint: The rule for "mirrored\.example" in .*registries\.conf leads there\. Check/m,
    ),
  ]);
});
