/** The GitHub action and the GitLab template: valid by their schemas, and their scripts run as those services run them, against real registries. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";

import { bash, checkJsonschema, describeWith, dockerRegistry, git } from "../tools.ts";
import { perform, readPage } from "./page.ts";
import { startEmbeddedRegistry } from "./embedded.ts";
import { startDockerRegistry, type Registry } from "./registries.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const ACTION = fileURLToPath(new URL("../../deploy/ci/github/action.yml", import.meta.url));
const TEMPLATE = fileURLToPath(new URL("../../deploy/ci/gitlab/skills.yml", import.meta.url));

const IDENTITY = {
  GIT_AUTHOR_NAME: "An Author",
  GIT_AUTHOR_EMAIL: "author@example.com",
  GIT_COMMITTER_NAME: "An Author",
  GIT_COMMITTER_EMAIL: "author@example.com",
  GITHUB_ACTIONS: "",
  GITLAB_CI: "",
};

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly runs: {
    readonly steps: readonly [{ readonly env: Readonly<Record<string, string>>; readonly run: string }];
  };
}

interface Template {
  readonly variables: Readonly<Record<string, string>>;
  readonly skills: { readonly script: readonly string[] };
}

const action = parse(readFileSync(ACTION, "utf8")) as Action;
const template = parse(readFileSync(TEMPLATE, "utf8")) as Template;

describeWith([checkJsonschema], "by the schemas of the services", () => {
  it.each([
    ["the action", ["--builtin-schema", "vendor.github-actions", ACTION]],
    ["the template", ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", TEMPLATE]],
  ])("%s is valid", (_, args) => {
    expect(execFileSync(checkJsonschema.path ?? "", args, { encoding: "utf8" })).toContain("validation done");
  });
});

describe("the action", () => {
  it("puts nothing that others write into its script", () => {
    expect(action.runs.steps[0].run).not.toContain("${{");
  });
});

interface World {
  readonly workspace: Workspace;
  readonly registry: Registry;
  /** Runs git in the repository. */
  readonly git: (...args: readonly string[]) => Promise<string>;
  writeSkill(name: string, text: string, version?: string): void;
  commit(): Promise<string>;
}

/** A repository of two skills whose origin is a bare one beside it, and a registry. */
async function world(start: () => Promise<Registry>): Promise<World> {
  const [workspace, registry] = [createWorkspace(IDENTITY), await start()];
  workspace.write(
    ".config/containers/registries.conf",
    `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`,
  );
  mkdirSync(join(workspace.directory, "repo"));
  const inRepository: World["git"] = async (...args) => (await workspace.output("git", "-C", "repo", ...args)).trim();
  await inRepository("init", "--quiet", "--initial-branch=main");
  const all: World = {
    workspace,
    registry,
    git: inRepository,
    writeSkill: (name, text, version = "1.0.0") => {
      const metadata = `  name: ${name}\n  namespace: team\n  version: ${version}\n  description: Does ${name}.\n  license: Apache-2.0\n`;
      workspace.write(
        `repo/skills/${name}/skill.yaml`,
        `apiVersion: skillimage.io/v1alpha1\nkind: SkillCard\nmetadata:\n${metadata}`,
      );
      workspace.write(`repo/skills/${name}/SKILL.md`, `# ${name}\n\n${text}\n`);
    },
    commit: async () => {
      await inRepository("add", "--all");
      await inRepository("commit", "--quiet", "--message=A change");
      return inRepository("rev-parse", "HEAD");
    },
  };
  all.writeSkill("one", "Do it.");
  all.writeSkill("two", "Do it.");
  await all.commit();
  return all;
}

/** Runs the action's step as the runner does: inputs by their defaults, and the files that outputs and summaries go to. */
async function runAction(
  { workspace }: World,
  inputs: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, string>>,
  event: object,
): Promise<{ readonly status: number; readonly stderr: string; readonly report: Report; readonly summary: string }> {
  const [{ env, run }] = action.runs.steps;
  const values = Object.entries(env).map(([name, expression]) => {
    const [, input = ""] = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(expression) ?? [];
    return `${name}=${inputs[input] ?? action.inputs[input]?.default ?? ""}`;
  });
  const at = (name: string): string => join(workspace.directory, name);
  for (const file of ["output", "summary"]) writeFileSync(at(file), "");
  writeFileSync(at("event.json"), JSON.stringify({ repository: { default_branch: "main" }, ...event }));
  workspace.write("step.sh", run);
  const runner = {
    GITHUB_ACTIONS: "true",
    GITHUB_OUTPUT: at("output"),
    GITHUB_STEP_SUMMARY: at("summary"),
    GITHUB_EVENT_PATH: at("event.json"),
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_REPOSITORY: "team/skills",
    GITHUB_ACTOR: "octocat",
    GITHUB_REF_TYPE: "branch",
    RUNNER_TEMP: workspace.directory,
    ...variables,
  };
  const settings = Object.entries(runner).map(([name, value]) => `${name}=${value}`);
  const shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", at("step.sh")];
  const { status, stderr } = await workspace.run("env", "-C", at("repo"), ...settings, ...values, ...shell);
  const path = readFileSync(at("output"), "utf8")
    .trim()
    .replace(/^report=/, "");
  return {
    status,
    stderr,
    report: JSON.parse(readFileSync(path, "utf8")) as Report,
    summary: readFileSync(at("summary"), "utf8"),
  };
}

/** Runs the template's script as the runner does: its variables, each line in one shell that ends at the first failure. */
async function runTemplate(
  { workspace }: World,
  variables: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly stderr: string; readonly report: Report }> {
  workspace.write("job.sh", template.skills.script.join("\n"));
  const runner = { GITLAB_CI: "true", CI_DEFAULT_BRANCH: "main", CI_PROJECT_URL: "https://gitlab.com/team/skills" };
  const settings = Object.entries({ ...template.variables, ...runner, ...variables }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const repository = join(workspace.directory, "repo");
  const { status, stderr } = await workspace.run("env", "-C", repository, ...settings, "sh", "-e", "../job.sh");
  const report = JSON.parse(readFileSync(join(repository, "skills-report.json"), "utf8")) as Report;
  return { status, stderr, report };
}

interface Report {
  readonly stage: string;
  readonly skills: readonly { readonly directory: string; readonly outcome: string; readonly reference?: string }[];
}

const outcomesOf = ({ skills }: Report): string[] => skills.map(({ directory, outcome }) => `${directory} ${outcome}`);

describeWith([git, bash, dockerRegistry], "the how-to on CI", () => {
  it.each<[what: string, start: () => Promise<Registry>]>([
    ["skillctl serve", () => startEmbeddedRegistry()],
    ["docker-registry", () => startDockerRegistry()],
  ])("holds from top to bottom with %s", async (_, start) => {
    const [workspace, registry] = [createWorkspace(IDENTITY), await start()];
    try {
      workspace.write(
        ".config/containers/registries.conf",
        `[[registry]]\nlocation = "${registry.host}"\ninsecure = true\n`,
      );
      const here = (text: string): string => text.replaceAll("quay.io", registry.host);
      const steps = Object.values(readPage("ci-for-skill-authors.md")).flat();
      const local = steps.map(({ script, prints }) => ({
        script: here(script),
        prints: prints === undefined ? undefined : here(prints),
      }));
      await perform(workspace, local);
    } finally {
      await registry.close();
      workspace.remove();
    }
  });
});

describeWith([git, bash, dockerRegistry], "a repository of skills", () => {
  describe.each<[what: string, start: () => Promise<Registry>]>([
    ["skillctl serve", () => startEmbeddedRegistry()],
    ["docker-registry", () => startDockerRegistry()],
  ])("with %s", (_, start) => {
    let all: World;
    beforeAll(async () => {
      all = await world(start);
    });
    afterAll(async () => {
      await all.registry.close();
      all.workspace.remove();
    });

    it("goes from a pull request to a published skill by the action", async () => {
      const { workspace, registry, git: inRepository } = all;
      const push = { push: `${registry.host}/team`, promote: "published", paths: "skills\n" };
      const base = await inRepository("rev-parse", "HEAD");
      await inRepository("switch", "--quiet", "--create", "work");
      all.writeSkill("two", "Do it better.");
      const merged = await all.commit();

      const request = { GITHUB_EVENT_NAME: "pull_request", GITHUB_REF_NAME: "1/merge" };
      const checked = await runAction(all, push, request, { pull_request: { base: { sha: base } } });
      expect([checked.status, checked.report.stage, outcomesOf(checked.report)]).toEqual([
        0,
        "validate",
        ["skills/two valid"],
      ]);

      const pushed = { GITHUB_EVENT_NAME: "push", GITHUB_REF_NAME: "main" };
      const first = await runAction(all, push, pushed, { before: base });
      expect([first.status, outcomesOf(first.report), first.summary]).toEqual([
        0,
        ["skills/two promoted"],
        expect.stringContaining(`\`${registry.host}/team/two:1.0.0\``) as string,
      ]);
      const again = await runAction(all, push, pushed, { before: base });
      expect([again.status, outcomesOf(again.report)]).toEqual([0, ["skills/two unchanged"]]);

      const reference = `${registry.host}/team/two:1.0.0`;
      expect(JSON.parse(await workspace.output("skillctl", "inspect", "--remote", reference, "--json"))).toMatchObject({
        card: { source: "https://github.com/team/skills", revision: merged },
        lifecycle: { status: "published" },
      });
      expect(await workspace.output("skillctl", "history", reference)).toMatch(/testing +published +octocat/);

      all.writeSkill("two", "Do it best.");
      await all.commit();
      const refused = await runAction(all, push, pushed, { before: merged });
      expect([refused.status, refused.stderr]).toEqual([
        1,
        expect.stringMatching(/Raise metadata\.version above 1\.0\.0/),
      ]);
    });

    it("goes the same way by the template", async () => {
      const { registry, git: inRepository } = all;
      await inRepository("switch", "--quiet", "main");
      const base = await inRepository("rev-parse", "HEAD");
      all.writeSkill("three", "Do it.");
      await all.commit();
      const push = { SKILLS_PUSH: `${registry.host}/gitlab`, SKILLS_PROMOTE: "testing", SKILLS_PATHS: "skills" };

      const request = { CI_PIPELINE_SOURCE: "merge_request_event", CI_MERGE_REQUEST_DIFF_BASE_SHA: base };
      const checked = await runTemplate(all, { ...push, ...request });
      expect([checked.status, checked.report.stage, outcomesOf(checked.report)]).toEqual([
        0,
        "validate",
        ["skills/three valid"],
      ]);

      const merged = await runTemplate(all, { ...push, CI_COMMIT_BRANCH: "main", CI_COMMIT_BEFORE_SHA: base });
      expect([merged.status, merged.report.skills]).toEqual([
        0,
        [expect.objectContaining({ outcome: "promoted", reference: `${registry.host}/gitlab/three:1.0.0-testing` })],
      ]);
    });
  });
});
