/** The workflows for CI and releases, as far as they can be judged without GitHub: what they may do, and whose code they run. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import { ROOT } from "./release.ts";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}

const DIRECTORY = join(ROOT, ".github/workflows");
const workflows = readdirSync(DIRECTORY).map((name): [string, Workflow] => [
  name,
  parse(readFileSync(join(DIRECTORY, name), "utf8")) as Workflow,
]);

describe.each(workflows)("%s", (name, { permissions, jobs }) => {
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  it("runs only actions that are pinned by commit, with their version beside it", () => {
    const lines = readFileSync(join(DIRECTORY, name), "utf8").match(/^.*\buses:.*$/gm) ?? [];
    expect(lines).toHaveLength(steps.filter(({ uses }) => uses !== undefined).length);
    for (const line of lines)
      expect(line).toMatch(/uses: (?:\.\/\S+|[\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
  });

  it("may only read, but for the job that publishes", () => {
    expect(Object.values(permissions).filter((each) => each !== "read")).toEqual([]);
    const writers = Object.entries(jobs).filter(([, job]) => Object.values(job.permissions ?? {}).includes("write"));
    expect(writers.map(([job]) => job)).toEqual(name === "release.yml" ? ["publish"] : []);
  });

  it("lets no text of an event into a shell, leaves no credentials in a clone, and ends", () => {
    for (const { run = "" } of steps) expect(run).not.toMatch(/\$\{\{/);
    for (const step of steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"))) {
      expect(step.with).toMatchObject({ "persist-credentials": false });
    }
    for (const job of Object.values(jobs)) expect(job["timeout-minutes"]).toBeGreaterThan(0);
  });
});

it("the job that publishes runs nothing of the repository, and publishes what was built", () => {
  const [, release] = workflows.find(([name]) => name === "release.yml") ?? [];
  const steps = release?.jobs["publish"]?.steps ?? [];
  expect(steps.some(({ uses }) => uses?.startsWith("actions/checkout@"))).toBe(false);
  const words = steps.map(({ uses, run }) => uses ?? run ?? "").join("\n");
  expect(words).not.toMatch(/npm (?:ci|run|install)|npx /);
  expect(words.indexOf("sha256sum --check")).toBeLessThan(words.indexOf("npm publish"));
});
