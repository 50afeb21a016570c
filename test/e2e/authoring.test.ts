import { readFile, symlink, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";

import { createWorkspace, type Workspace } from "./skillctl.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
  await user.skill("good");
  await user.write({
    "bad/SKILL.md": "# Bad\n",
    "bad/skill.yaml": [
      "apiVersion: skillimage.io/v1alpha1",
      "kind: SkillCard",
      "metadata:",
      "  name: Bad_Name",
      "  namespace: examples",
      "  version: 1.0",
      "  descripton: Misspelt.",
      "",
    ].join("\n"),
  });
});

describe("validate", () => {
  it("shows every problem at its line and column with an excerpt, like a compiler", async () => {
    const { status, stdout, stderr } = await user.run(["validate", "bad"]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
    expect(stdout).toMatch(/^bad\/skill\.yaml:4:9: error: /m);
    expect(stdout).toContain("   4 |   name: Bad_Name\n     |         ^^^^^^^^\n");
    expect(stdout).toMatch(/^bad\/skill\.yaml:7:3: error: .*descripton/m);
    expect(stdout).toMatch(/^ {2}hint: .*description/m);
    expect(stdout).toMatch(/\nnot valid: 1 skill checked, \d errors\n$/);
  });

  it("checks all paths, and exits with the gravest status", async () => {
    const { status, stdout } = await user.run(["validate", "good", "bad", "missing"]);
    expect(status).toBe(2);
    expect(stdout).toContain("error: cannot read missing");
    expect(stdout).toMatch(/\n\nnot valid: 2 skills checked, \d errors; 1 path could not be checked\n$/);
  });

  it("does not call invalid what it could not read", async () => {
    const { status, stdout } = await user.run(["validate", "missing"]);
    expect(status).toBe(2);
    expect(stdout).toBe(
      "error: cannot read missing: there is no such file or directory\n" +
        "hint: Name a skill directory, or its skill.yaml or SKILL.md.\n\n" +
        "incomplete: 1 path could not be checked\n",
    );
  });

  it("leaves no blank line behind with --quiet", async () => {
    expect((await user.run(["validate", "good", "-q"])).stdout).toBe("");
    expect((await user.run(["validate", "bad", "-q"])).stdout).toMatch(/^bad\/[^]*[^\n]\n$/);
  });

  it("takes the file instead of the directory", async () => {
    expect((await user.run(["validate", "good/skill.yaml", "good/SKILL.md"])).status).toBe(0);
  });

  it("warns of a skill that unpacks only under raised limits, and with which", async () => {
    await user.write({ "large/SKILL.md": "---\nname: large\ndescription: Does it.\n---\n" });
    await writeFile(user.path("large/model.bin"), Buffer.alloc(17 * 2 ** 20));
    const { status, stdout } = await user.run(["validate", "large"]);
    expect([status, stdout]).toEqual([
      0,
      'warning: "large" is larger than usual: a registry may refuse it, and it unpacks with --limit fileSize=17825792\n' +
        "hint: Leave out what agents do not need, or name it in .skillignore.\n\n" +
        "valid: 1 skill checked, no problems; 1 larger than usual\n",
    ]);
  });

  it("does not say that there are no problems where only a file cannot be packed", async () => {
    await user.write({ "linked/SKILL.md": "---\nname: linked\ndescription: Does it.\n---\n" });
    await symlink("SKILL.md", user.path("linked/other.md"));
    const { status, stdout } = await user.run(["validate", "linked"]);
    expect([status, stdout]).toEqual([
      1,
      'error: "other.md" cannot be packed: it is a symbolic link\n' +
        "hint: Remove them, rename them, or name them in .skillignore.\n\n" +
        "not valid: 1 skill checked; 1 file cannot be packed\n",
    ]);
  });

  it("gives the same as JSON", async () => {
    const { status, stdout, stderr } = await user.run(["validate", "good", "bad", "missing", "--json"]);
    expect({ status, stderr }).toEqual({ status: 2, stderr: "" });
    const packable = { unsupported: [], unsupportedMore: 0, exceeds: {} };
    expect(JSON.parse(stdout)).toEqual([
      {
        path: "good",
        file: expect.stringMatching(/good\/skill\.yaml$/) as string,
        valid: true,
        issues: [],
        ...packable,
      },
      {
        path: "bad",
        file: "bad/skill.yaml",
        valid: false,
        ...packable,
        issues: expect.arrayContaining([
          expect.objectContaining({ severity: "error", path: "metadata.name", line: 4, column: 9, length: 8 }),
        ]) as unknown,
      },
      { path: "missing", valid: false, error: expect.objectContaining({ code: "FILE_UNREADABLE" }) as unknown },
    ]);
  });
});

describe("pack", () => {
  it("packs all that it can and lists what failed", async () => {
    await user.skill("also-good");
    const { status, stdout, stderr } = await user.run(["pack", "good", "bad", "also-good"]);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^packed .*examples\/good:.*\npacked .*examples\/also-good:.*\n$/);
    expect(stderr).toMatch(/^error: .*bad.* is not valid: \d errors\n/m);
    expect(stderr).toContain("bad/skill.yaml:4:9: ");
    expect(stderr).toContain("hint: See every problem in its place: skillctl validate bad\n");
  });

  it("reports each directory in JSON", async () => {
    const { status, stdout } = await user.run(["pack", "good", "bad", "--json"]);
    expect(status).toBe(1);
    const [good, bad] = JSON.parse(stdout) as [unknown, { error: { issues: unknown[] } }];
    expect(good).toMatchObject({ directory: "good", reference: "examples/good:1.0.0-draft", unchanged: true });
    expect(bad).toMatchObject({ directory: "bad", error: { code: "SKILLCARD_INVALID" } });
    expect(bad.error.issues.length).toBeGreaterThan(1);
  });

  it("makes the same image from the same files and SOURCE_DATE_EPOCH, in any store", async () => {
    const pack = async (store: string): Promise<unknown> => {
      const { stdout } = await user.run(["pack", "good", "--json", "--store", store], {
        env: { SOURCE_DATE_EPOCH: "1700000000" },
      });
      return (JSON.parse(stdout) as { digest: string }[])[0]?.digest;
    };
    expect(await pack("one")).toBe(await pack("two"));
  });

  it("packs for oc-mirror and for several platforms", async () => {
    await user.run(["pack", "good", "--media-type", "redhat", "--tag", "redhat"]);
    expect(await user.json("inspect", "examples/good:redhat")).toMatchObject({
      image: { profile: "redhat", config: { mediaType: "application/vnd.redhat.agentskill.config.v1+json" } },
    });
    await user.run(["pack", "good", "--platform", "linux/amd64,linux/arm64", "--tag", "multi"]);
    expect(await user.json("inspect", "examples/good:multi")).toMatchObject({
      mediaType: "application/vnd.oci.image.index.v1+json",
      image: { platforms: ["linux/amd64", "linux/arm64"] },
    });
    const { status, stderr } = await user.run(["pack", "good", "--media-type", "readhat"]);
    expect(status).toBe(2);
    expect(stderr).toContain("Did you mean redhat?");
  });

  it("packs a directory that has only a SKILL.md", async () => {
    await user.write({
      "bare/SKILL.md": "---\nname: bare\ndescription: Bare.\nmetadata:\n  version: 2.0.0\n---\n# Bare\n",
    });
    expect((await user.run(["pack", "bare", "--quiet"])).stdout).toMatch(/\/bare:2\.0\.0-draft\n$/);
  });
});

describe("init", () => {
  it("makes a skill that packs as it is", async () => {
    const args = [
      "--namespace",
      "acme",
      "--description",
      'Says "hi": often',
      "--license",
      "MIT",
      "--author",
      "Ada <ada@example.com>",
    ];
    const { status, stdout, stderr } = await user.run(["init", "new-skill", ...args]);
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: "created new-skill/skill.yaml\ncreated new-skill/SKILL.md\n",
      stderr: "Next: skillctl pack new-skill\n",
    });
    expect((await user.run(["validate", "new-skill"])).stdout).toBe("valid: 1 skill checked, no problems\n");
    expect((await user.run(["pack", "new-skill", "-q"])).stdout).toBe("acme/new-skill:0.1.0-draft\n");
    expect(await user.json("inspect", "acme/new-skill:0.1.0-draft")).toMatchObject({
      card: { description: 'Says "hi": often', license: "MIT", authors: "Ada <ada@example.com>" },
    });
  });

  it("leaves files alone that are there", async () => {
    await user.write({ "taken/SKILL.md": "mine" });
    const { status, stderr } = await user.run(["init", "taken", "--description", "x"]);
    expect(status).toBe(1);
    expect(stderr).toContain("taken");
    expect(await readFile(user.path("taken/SKILL.md"), "utf8")).toBe("mine");
  });

  it("asks nobody where nobody can answer", async () => {
    const { status, stderr } = await user.run(["init", "silent"]);
    expect(status).toBe(2);
    expect(stderr).toContain("hint: Give --description");
  });
});
