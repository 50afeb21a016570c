/** A reason that somebody gave on two lines. */
import { expect, it } from "vitest";

import { createWorkspace } from "./skillctl.ts";

it("stands on one line wherever it is shown, and is kept as it was given", async () => {
  const user = await createWorkspace();
  await user.run(["pack", await user.skill("greeter")]);
  const step = async (tag: string, to: string, ...reason: string[]) =>
    user.run(["promote", `examples/greeter:${tag}`, "--to", to, "--local", ...reason]);
  await step("1.0.0-draft", "testing");
  await step("1.0.0-testing", "published");
  expect((await step("1.0.0", "deprecated", "--reason", "Greets twice.\n  Too loud.")).status).toBe(0);

  const shown = await user.run(["inspect", "examples/greeter:1.0.0"]);
  expect(shown.stdout).toMatch(/^ *reason +Greets twice\. Too loud\.$/m);
  expect((await user.run(["history", "examples/greeter:1.0.0"])).stdout).toContain(" Greets twice. Too loud. ");
  const { lifecycle } = (await user.json("inspect", "examples/greeter:1.0.0")) as { lifecycle: unknown };
  expect(lifecycle).toMatchObject({ deprecation: { reason: "Greets twice.\n  Too loud." } });
});
