import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { buildBusybox, mountAndRun } from "./container.ts";
import { FILES, packSkill, REFERENCE } from "./skill.ts";
import { buildah, busybox, describeWith, podman, runc } from "../tools.ts";
import { createWorkspace } from "./workspace.ts";

const IMAGE = `localhost/${REFERENCE}`;

describeWith([podman, runc, busybox], "podman", () => {
  const workspace = createWorkspace();
  const podmanOutput = (...args: readonly string[]): Promise<string> => workspace.output("podman", ...args);

  beforeAll(async () => {
    await packSkill(workspace);
    await workspace.output("skillctl", "export", REFERENCE, "-o", "exported.tar");
    await podmanOutput("load", "-q", "-i", "exported.tar");
    await buildBusybox(workspace);
  });
  afterAll(() => {
    workspace.remove();
  });

  it("loads an exported tar under the skill's reference", async () => {
    expect(await podmanOutput("images", "--format", "{{.Repository}}:{{.Tag}}")).toContain(`${IMAGE}\n`);
  });

  it("pulls an image from the store, the same that the tar holds", async () => {
    const pulled = await podmanOutput("pull", "-q", `oci:${workspace.store}:${REFERENCE}`);
    expect(pulled).toBe(await podmanOutput("inspect", "--format", "{{.Id}}", IMAGE));
  });

  it("picks one image of several that a tar holds", async () => {
    await workspace.output("skillctl", "tag", REFERENCE, "interop/second:1.0.0-draft");
    await workspace.output("skillctl", "export", REFERENCE, "interop/second:1.0.0-draft", "-o", "two.tar");
    await podmanOutput("pull", "-q", "oci-archive:two.tar:interop/second:1.0.0-draft");
  });

  it("picks its own platform from an index, and another one when asked", async () => {
    await packSkill(workspace, "--platform", "linux/amd64,linux/arm64", "--tag", "multi");
    const source = `oci:${workspace.store}:interop/greeter:multi`;
    const architecture = async (...options: readonly string[]): Promise<string> => {
      const id = await podmanOutput("pull", "-q", ...options, source);
      return (await podmanOutput("inspect", "--format", "{{.Architecture}}", id.trim())).trim();
    };
    const own = process.arch === "arm64" ? "arm64" : "amd64";
    const other = own === "arm64" ? "amd64" : "arm64";
    expect(await architecture()).toBe(own);
    expect(await architecture("--arch", other)).toBe(other);
  });

  describe("mounts the image at /skills, where a container", () => {
    it("reads SKILL.md", async () => {
      const { stdout } = await mountAndRun(workspace, IMAGE, "cat", "/skills/SKILL.md");
      expect(stdout).toContain("# Greeter");
    });

    it("finds every file under its name", async () => {
      const { stdout } = await mountAndRun(workspace, IMAGE, "find", "/skills", "-type", "f");
      const expected = Object.keys(FILES).map((path) => join("/skills", path));
      expect(stdout.trim().split("\n").toSorted()).toEqual(expected.toSorted());
    });

    it("runs a script", async () => {
      const { stdout } = await mountAndRun(workspace, IMAGE, "/skills/scripts/greet.sh");
      expect(stdout).toBe("greetings from a mounted skill\n");
    });

    it.each(["echo x > /skills/SKILL.md", "touch /skills/new", "rm /skills/SKILL.md"])(
      "cannot change it: %s",
      async (script) => {
        const { status, stderr } = await mountAndRun(workspace, IMAGE, "sh", "-c", script);
        expect(status).not.toBe(0);
        expect(stderr).toMatch(/read-only file system/i);
      },
    );
  });
});

describeWith([buildah], "buildah", () => {
  const workspace = createWorkspace();

  beforeAll(() => packSkill(workspace));
  afterAll(() => {
    workspace.remove();
  });

  it("builds on top of a packed skill", async () => {
    const base = `oci:${workspace.store}:${REFERENCE}`;
    workspace.write("derived/NOTES.md", "More notes.\n");
    workspace.write("derived/Containerfile", `FROM ${base}\nCOPY NOTES.md /\n`);
    await workspace.output("buildah", "build", "-q", "-t", "derived", "derived");
    const inspected = JSON.parse(await workspace.output("buildah", "inspect", "--type", "image", "derived")) as object;
    expect(inspected).toMatchObject({ OCIv1: { config: { Labels: { "io.skillimage.name": "greeter" } } } });
  });
});
