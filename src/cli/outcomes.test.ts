import { expect, it } from "vitest";

import { SkillError } from "../errors.ts";
import { createOutput } from "./output.ts";
import { reportOutcomes, type Outcome } from "./outcomes.ts";
import { recordingEnvironment } from "./testing/environment.ts";

const unreachable = (source: string): Outcome<never> => ({
  source,
  error: new SkillError("REGISTRY_UNREACHABLE", "cannot reach registry.example", { hint: "Check that it runs." }),
});

async function said(outcomes: readonly Outcome<never>[]): Promise<string> {
  const environment = recordingEnvironment();
  await reportOutcomes(createOutput(environment, {}), outcomes, { text: () => "", quiet: () => "" });
  return environment.written.stderr;
}

it("says of several failures what each befell, with its hint", async () => {
  const text = await said([unreachable("a:1"), unreachable("b:2")]);
  expect(text).toContain("error: a:1: cannot reach registry.example\nhint: Check that it runs.\n");
  expect(text).toContain("error: b:2: cannot reach registry.example\n");
});

it("does not say it of the only one, nor twice", async () => {
  expect(await said([unreachable("a:1")])).toContain("error: cannot reach registry.example\n");
  const named = { source: "c:3", error: new SkillError("NOT_FOUND", "there is no image c:3") };
  expect(await said([named, unreachable("a:1")])).toContain("error: there is no image c:3\n");
});
