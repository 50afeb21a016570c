/** `skillctl ci`, as the pipeline of a repository of skills runs it. */
import { readFile, symlink, writeFile } from "node:fs/promises";

import { beforeAll, describe, expect, it } from "vitest";

import { outcomes, SkillRepository } from "./ci-repository.ts";
import { registryFor } from "./registry.ts";
import { createWorkspace, finished, type Workspace } from "./skillctl.ts";

const PUSH = ["--push", "quay.io/myorg"];

let prepared: SkillRepository;
beforeAll(async () => {
  prepared = await SkillRepository.create(await createWorkspace());
  await prepared.skill("one");
  await prepared.skill("two");
  await prepared.commit();
  await prepared.git("switch", "--quiet", "--create", "work");
});

/** A repository with the skills `one` and `two` on main, and a branch to work on. */
async function onBranch(): Promise<SkillRepository> {
  return prepared.copyTo(await createWorkspace());
}

async function inspect(workspace: Workspace, reference: string): Promise<Record<string, string>> {
  const { status, stdout } = await workspace.run(["inspect", "--remote", reference, "--json"], {
    env: { HOME: workspace.directory },
  });
  if (status !== 0) throw new Error(`there is no ${reference}`);
  return (JSON.parse(stdout) as { image: { annotations: Record<string, string> } }).image.annotations;
}

describe("which skills", () => {
  it("takes those that the branch changed, added, moved and removed, and no others", async () => {
    const repository = await onBranch();
    await repository.skill("three");
    await repository.skill("two", "Do it better.");
    await repository.move("one", "first");
    await repository.commit();
    expect(outcomes(await repository.report(["--validate-only"]))).toEqual([
      "skills/first renamed valid",
      "skills/three added valid",
      "skills/two modified valid",
    ]);
    await repository.remove("two");
    await repository.commit();
    expect(outcomes(await repository.report(["--validate-only"]))).toContain("skills/two deleted deleted");
  });

  it("takes none for a change outside of skills", async () => {
    const repository = await onBranch();
    await repository.workspace.write({ "repo/README.md": "# All the skills\n" });
    await repository.commit();
    const { ok, skills, status } = await repository.report(["--validate-only"]);
    expect([ok, skills, status]).toEqual([true, [], 0]);
  });

  it("takes all where there is nothing to compare with, and where it is told to", async () => {
    const repository = await onBranch();
    expect(outcomes(await repository.report(["--validate-only", "--all"]))).toHaveLength(2);
    await repository.git("switch", "--quiet", "main");
    expect(outcomes(await repository.report(["--validate-only"]))).toHaveLength(2);
  });

  it("compares with any commit that is named, and looks where it is told to", async () => {
    const repository = await onBranch();
    await repository.skill("two", "Once.");
    await repository.commit();
    await repository.skill("one", "Twice.");
    await repository.commit();
    expect(outcomes(await repository.report(["--base", "HEAD~1", "--validate-only"]))).toEqual([
      "skills/one modified valid",
    ]);
    expect(outcomes(await repository.report(["--validate-only", "skills/two"]))).toEqual(["skills/two modified valid"]);
    expect(await repository.ci(["skills/nine"])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('there is no skill in "skills/nine"') as string,
    });
  });

  it("takes what lies in a skill for a part of it, and leaves directories of tools alone", async () => {
    const repository = await onBranch();
    await repository.workspace.write({
      "repo/skills/one/examples/inner/SKILL.md": "# Inner\n",
      "repo/.tool/skills/own/SKILL.md": "---\nname: own\ndescription: Own.\n---\n# Own\n",
    });
    await repository.commit();
    expect(outcomes(await repository.report(["--validate-only"]))).toEqual(["skills/one modified valid"]);
    expect(outcomes(await repository.report(["--validate-only", ".tool"]))).toEqual([".tool/skills/own added valid"]);
  });

  it("says how to deepen a shallow clone, and needs no history for all of them", async () => {
    const repository = await onBranch();
    await repository.skill("two", "Better.");
    await repository.commit();
    await repository.git("switch", "--quiet", "main");
    const shallow = await repository.clone("shallow", "--depth=1", "--no-single-branch", "--branch=work");
    const { status, stderr } = await shallow.ci(["--validate-only"]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/no common commit[^]*fetch-depth: 0/)]);
    expect(outcomes(await shallow.report(["--validate-only", "--all"]))).toHaveLength(2);
  });

  it("prints a matrix that jobs can be made of", async () => {
    const repository = await onBranch();
    await repository.skill("three");
    await repository.remove("one");
    await repository.commit();
    expect((await repository.ci(["--matrix"])).stdout).toBe(
      '{"include":[{"directory":"skills/three","change":"added"}]}\n',
    );
  });
});

describe("what the pipeline says", () => {
  const OID = "1".repeat(40);

  async function github(repository: SkillRepository, name: string, event: object, ref: string) {
    const path = repository.workspace.path("event.json");
    await writeFile(path, JSON.stringify({ repository: { default_branch: "main" }, ...event }));
    return {
      GITHUB_ACTIONS: "true",
      GITHUB_EVENT_NAME: name,
      GITHUB_EVENT_PATH: path,
      GITHUB_REF_NAME: ref,
      GITHUB_REF_TYPE: "branch",
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_REPOSITORY: "myorg/skills",
    };
  }

  it("counts on GitHub for a pull request since it left its base, and for a push since the one before", async () => {
    const repository = await onBranch();
    const start = await repository.git("rev-parse", "HEAD");
    await repository.skill("two", "Better.");
    const second = await repository.commit();
    await repository.skill("one", "Better.");
    await repository.commit();
    const request = await github(repository, "pull_request", { pull_request: { base: { sha: start } } }, "1/merge");
    expect(outcomes(await repository.report(["--by-branch", ...PUSH], request))).toEqual([
      "skills/one modified valid",
      "skills/two modified valid",
    ]);
    const push = await github(repository, "push", { before: second }, "work");
    expect(outcomes(await repository.report(["--by-branch", ...PUSH], push))).toEqual(["skills/one modified packed"]);
  });

  it("takes all skills when what was pushed before is gone, as after a forced push", async () => {
    const repository = await onBranch();
    const push = await github(repository, "push", { before: OID }, "main");
    expect(outcomes(await repository.report(["--validate-only"], push))).toHaveLength(2);
  });

  it("says which file of a skill no image can carry, also where the card is doubtful", async () => {
    const repository = await onBranch();
    await repository.skill("three");
    const directory = repository.workspace.path("repo/skills/three");
    const card = await readFile(`${directory}/skill.yaml`, "utf8");
    await writeFile(`${directory}/skill.yaml`, card.replace(/license: .*/, "license: none of them"));
    await symlink("SKILL.md", `${directory}/other.md`);
    await repository.commit();
    const { status, stderr } = await repository.ci(["--validate-only"]);
    expect(status).toBe(1);
    expect(stderr).toContain('error: "skills/three/other.md" cannot be packed: it is a symbolic link\nhint: ');
    const { skills } = await repository.report(["--validate-only"]);
    expect(skills).toMatchObject([{ outcome: "failed", error: { code: "FILE_UNSUPPORTED" }, issues: [{ line: 8 }] }]);
  });

  it("warns of a skill that unpacks only under raised limits", async () => {
    const repository = await onBranch();
    await repository.skill("three");
    await writeFile(repository.workspace.path("repo/skills/three/model.bin"), Buffer.alloc(17 * 2 ** 20));
    await repository.commit();
    const { status, stderr } = await repository.ci(["--validate-only"]);
    expect([status, stderr]).toEqual([0, expect.stringContaining("raise the limit fileSize to 17825792") as string]);
  });

  it("marks problems beside their lines on GitHub", async () => {
    const repository = await onBranch();
    await repository.skill("two", "Better.", "1,0");
    await repository.commit();
    const request = await github(repository, "pull_request", {}, "1/merge");
    const { status, stderr } = await repository.ci(["--validate-only"], { ...request, GITHUB_BASE_REF: "main" });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^::error file=skills\/two\/skill\.yaml,line=6,col=\d+::metadata\.version/m),
    ]);
  });

  it("prints no line, which GitHub might obey, that a directory's name makes up", async () => {
    const repository = await onBranch();
    const name = "skills/x\n::add-mask::e";
    await repository.workspace.write({ [`repo/${name}/SKILL.md`]: "---\nname: x\ndescription: y\n---\n" });
    await repository.commit();
    const added = await repository.ci(["--validate-only"]);
    await repository.git("mv", name, `${name}2`);
    await repository.commit();
    const renamed = await repository.ci(["--validate-only", "--base", "HEAD~1"]);
    await repository.git("rm", "-r", "--quiet", `${name}2`);
    await repository.commit();
    const deleted = await repository.ci(["--validate-only", "--base", "HEAD~1"]);
    for (const { stdout, stderr } of [added, renamed, deleted]) {
      expect(stdout).toContain("skills/x\\u{a}::add-mask::e");
      expect(stdout + stderr).not.toMatch(/^::/m);
    }
  });

  it("counts on GitLab for a merge request since it left its target", async () => {
    const repository = await onBranch();
    const start = await repository.git("rev-parse", "HEAD");
    await repository.skill("two", "Better.");
    await repository.commit();
    const variables = {
      GITLAB_CI: "true",
      CI_PIPELINE_SOURCE: "merge_request_event",
      CI_DEFAULT_BRANCH: "main",
      CI_MERGE_REQUEST_DIFF_BASE_SHA: start,
      CI_PROJECT_URL: "https://gitlab.com/myorg/skills",
    };
    const report = await repository.report(["--by-branch", ...PUSH], variables);
    expect([report.stage, report.source, outcomes(report)]).toEqual([
      "validate",
      "https://gitlab.com/myorg/skills",
      ["skills/two modified valid"],
    ]);
  });

  it("cannot make git do anything by what it names", async () => {
    const repository = await onBranch();
    const planted = repository.workspace.path("planted");
    const variables = {
      GITLAB_CI: "true",
      CI_PIPELINE_SOURCE: "merge_request_event",
      CI_MERGE_REQUEST_TARGET_BRANCH_NAME: `--output=${planted}`,
    };
    expect((await repository.ci(["--validate-only"], variables)).status).toBe(2);
    await expect(readFile(planted)).rejects.toThrow("ENOENT");
  });
});

describe("the registry", () => {
  it("gets what was merged, promoted, with where it comes from and no credentials", async () => {
    const repository = await onBranch();
    const { workspace } = repository;
    await registryFor(workspace);
    await repository.git("remote", "add", "origin", "https://robot:s3cret@git.example.com/myorg/skills.git");
    const changed = await repository.commit();
    await repository.skill("two", "Better.");
    const last = await repository.commit();
    const report = await repository.report(["--base", changed, ...PUSH, "--promote", "testing"]);
    expect(outcomes(report)).toEqual(["skills/two modified promoted"]);
    expect(report.skills[0]).toMatchObject({
      reference: "quay.io/myorg/two:1.0.0-testing",
      status: "testing",
      commit: last,
    });
    expect(await inspect(workspace, "quay.io/myorg/two:1.0.0-testing")).toMatchObject({
      "org.opencontainers.image.source": "https://git.example.com/myorg/skills",
      "org.opencontainers.image.revision": last,
      "io.skillimage.source.path": "skills/two",
      "io.skillimage.status": "testing",
    });
  });

  it("is left alone by a second run, and by later commits that change nothing of the skill", async () => {
    const repository = await onBranch();
    await registryFor(repository.workspace);
    const run = () => repository.report(["--all", ...PUSH, "--promote", "published"]);
    const first = await run();
    expect(outcomes(first)).toEqual(["skills/one unchanged promoted", "skills/two unchanged promoted"]);
    await repository.workspace.write({ "repo/README.md": "# Other\n" });
    await repository.commit();
    const second = await run();
    expect(outcomes(second)).toEqual(["skills/one unchanged unchanged", "skills/two unchanged unchanged"]);
    expect(second.skills.map(({ digest }) => digest)).toEqual(first.skills.map(({ digest }) => digest));
  });

  it("never gets other files under a published version: raise it, says the failure, and then they go out", async () => {
    const repository = await onBranch();
    await registryFor(repository.workspace);
    const run = () => repository.report([...PUSH, "--promote", "published"]);
    await repository.report(["--all", ...PUSH, "--promote", "published"]);
    await repository.skill("two", "Better.");
    await repository.commit();
    const refused = await run();
    expect([refused.status, refused.skills[0]?.error]).toEqual([
      1,
      {
        code: "PUBLISHED_IMMUTABLE",
        message: "quay.io/myorg/two:1.0.0 is published with other files than these",
        hint: "A published version never changes. Raise metadata.version above 1.0.0 and commit that.",
      },
    ]);
    await repository.skill("two", "Better.", "1.0.1");
    await repository.commit();
    expect((await run()).skills[0]).toMatchObject({ outcome: "promoted", reference: "quay.io/myorg/two:1.0.1" });
  });

  it("gets a changed draft over the one before, also where that one went to testing", async () => {
    const repository = await onBranch();
    await registryFor(repository.workspace);
    const run = () => repository.report([...PUSH, "--promote", "testing"]);
    await repository.skill("two", "Better.");
    await repository.commit();
    const first = await run();
    await repository.skill("two", "Best.");
    const last = await repository.commit();
    const second = await run();
    expect(outcomes(second)).toEqual(["skills/two modified promoted"]);
    expect(second.skills[0]?.digest).not.toBe(first.skills[0]?.digest);
    const annotations = await inspect(repository.workspace, "quay.io/myorg/two:1.0.0-testing");
    expect(annotations["org.opencontainers.image.revision"]).toBe(last);
  });

  it("gets the good skills when another one is broken", async () => {
    const repository = await onBranch();
    await registryFor(repository.workspace);
    await repository.skill("bad", "Do it.", "one");
    await repository.skill("two", "Better.");
    await repository.commit();
    const report = await repository.report(PUSH);
    expect([report.status, outcomes(report)]).toEqual([1, ["skills/bad added failed", "skills/two modified pushed"]]);
    expect(report.skills[0]).toMatchObject({
      error: { code: "SKILLCARD_INVALID" },
      issues: [{ file: "skills/bad/skill.yaml", line: 6 }],
    });
  });

  it("gets nothing of a request or a branch with --by-branch", async () => {
    const repository = await onBranch();
    await repository.skill("two", "Better.");
    await repository.commit();
    // There is no registry: a request to one would fail.
    const report = await repository.report(["--by-branch", ...PUSH, "--promote", "testing"]);
    expect([report.stage, outcomes(report)]).toEqual(["pack", ["skills/two modified packed"]]);
  });

  it("gets one image when two runs push at once", async () => {
    const repository = await onBranch();
    await registryFor(repository.workspace);
    const run = () => repository.report(["--all", ...PUSH, "--promote", "published"]);
    const reports = await Promise.all([run(), run(), run()]);
    expect(reports.flatMap(({ skills }) => skills.flatMap(({ error }) => error ?? []))).toEqual([]);
    expect(new Set(reports.flatMap(({ skills }) => skills.map(({ digest }) => digest))).size).toBe(2);
  });

  it("is not half told when the run is interrupted, and the next run goes on", async () => {
    const repository = await onBranch();
    const { workspace } = repository;
    await registryFor(workspace);
    for (let count = 0; count < 40; count++) await repository.skill(`many-${count}`, `Do ${count}.`);
    await repository.commit();
    const child = workspace.start(["--verbose", "ci", ...PUSH, "--promote", "published"], {
      cwd: workspace.path("repo"),
      env: { HOME: workspace.directory },
    });
    await new Promise<void>((resolve) => {
      child.stderr?.on("data", (text: string) => {
        if (text.includes("PUT")) resolve();
      });
    });
    child.kill("SIGINT");
    expect((await finished(child)).status).toBe(130);
    const report = await repository.report([...PUSH, "--promote", "published"]);
    expect([report.ok, report.skills.filter(({ status }) => status === "published").length]).toEqual([true, 40]);
  });
});

describe("the image", () => {
  it("is the same from every clone of the commit", async () => {
    const repository = await onBranch();
    await repository.skill("two", "Better.");
    await repository.commit();
    const elsewhere = await repository.clone("elsewhere", "--branch=work");
    const digests = async (at: SkillRepository): Promise<unknown> =>
      (await at.report(["--all"])).skills.map(({ digest }) => digest);
    expect(await digests(elsewhere)).toEqual(await digests(repository));
  });

  it("names no commit when the directory holds what is not committed", async () => {
    const repository = await onBranch();
    await repository.skill("two", "Better.");
    await repository.commit();
    await repository.skill("two", "Not yet committed.");
    const { skills } = await repository.report([]);
    expect(skills[0]?.commit).toBeUndefined();
    expect(skills[0]?.warnings).toEqual(["its directory holds what is not committed, so no commit is recorded"]);
    await registryFor(repository.workspace);
    const [pushed] = (await repository.report([...PUSH, "--all"])).skills.filter(({ commit }) => commit === undefined);
    expect(pushed).toMatchObject({ outcome: "pushed", warnings: [expect.stringContaining("not committed") as string] });
  });

  it("names no commit when a submodule is in the directory, and is made anew when that moves on", async () => {
    const repository = await onBranch();
    await repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "./", "skills/two/vendor");
    await repository.commit();
    await repository.git("-C", "skills/two/vendor", "commit", "--quiet", "--allow-empty", "--message=on");
    await repository.commit();
    const { skills } = await repository.report(["--base", "HEAD~1"]);
    expect(skills).toMatchObject([
      {
        directory: "skills/two",
        outcome: "packed",
        warnings: [expect.stringContaining('"skills/two/vendor" is a submodule') as string],
      },
    ]);
    expect(skills[0]?.commit).toBeUndefined();
  });

  it("is one of two directories that claim its name and version, never by chance", async () => {
    const repository = await onBranch();
    await repository.workspace.skill("repo/other/two", { name: "two" });
    await repository.commit();
    const report = await repository.report(["--all"]);
    expect(report.skills.filter(({ outcome }) => outcome === "failed").map(({ error }) => error?.code)).toEqual([
      "CONFLICT",
    ]);
  });
});

describe("what it tells", () => {
  it("goes into a report and a summary, in which nothing is markup", async () => {
    const repository = await onBranch();
    const { workspace } = repository;
    await repository.skill("bad", "Do it.", "<img src=x>|[a](javascript:b)");
    await repository.skill("two", "Better.");
    await repository.commit();
    await workspace.write({ "summary.md": "# Before\n\n" });
    const { status, stdout } = await repository.ci(["--report", "../report.json", "--summary", "../summary.md"]);
    expect([status, stdout]).toEqual([
      1,
      expect.stringMatching(/^failed {4}skills\/bad \(added\)\npacked {4}skills\/two [0-9a-f]{12} \(modified\)\n/),
    ]);
    const report = JSON.parse(await readFile(workspace.path("report.json"), "utf8")) as { skills: unknown[] };
    expect(report.skills).toHaveLength(2);
    const summary = await readFile(workspace.path("summary.md"), "utf8");
    expect(summary).toMatch(
      /^# Before\n\n### Skills: not fine\n[^]*\| `skills\/two` \| `1\.0\.0` \| modified \| packed \|/,
    );
    expect(summary).not.toMatch(/<img|\]\(/);
  });

  it("says what to do in a repository without a commit", async () => {
    const repository = await SkillRepository.create(await createWorkspace());
    await repository.skill("one");
    for (const flags of [["--validate-only"], ["--all", "--validate-only"]]) {
      const { status, stderr } = await repository.ci(flags);
      expect([status, stderr]).toEqual([
        2,
        "error: the branch has no commit yet\nhint: Commit the skills first: git add --all && git commit.\n",
      ]);
    }
    const help = (await repository.workspace.run(["help", "ci"])).stdout.replace(/\s+/g, " ");
    expect(help).toContain("--all take every skill that is committed, changed or not; needs no history but one commit");
  });

  it("says what to do outside of a repository", async () => {
    const workspace = await createWorkspace();
    const { status, stderr } = await workspace.run(["ci"], { env: { GIT_CEILING_DIRECTORIES: workspace.path("..") } });
    expect([status, stderr]).toEqual([2, expect.stringMatching(/is in no git repository\nhint: Go to a clone/)]);
  });
});
