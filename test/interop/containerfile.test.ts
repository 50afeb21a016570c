import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

import { afterAll, beforeAll, expect, it } from "vitest";

import { skillctlJson, writeSkill } from "./skill.ts";
import { describeWith, podman, skopeo } from "../tools.ts";
import { createWorkspace } from "./workspace.ts";

const ANNOTATIONS: Readonly<Record<string, string>> = {
  "org.opencontainers.image.title": "Greeter",
  "org.opencontainers.image.description": "Greets whoever mounts it.",
  "org.opencontainers.image.version": "1.0.0",
  "org.opencontainers.image.vendor": "interop",
  "io.skillimage.name": "greeter",
  "io.skillimage.status": "draft",
  "com.example.unknown": "kept",
};

describeWith([podman, skopeo], "an image that podman built from a Containerfile", () => {
  const workspace = createWorkspace();
  const BUILT = "localhost/interop/greeter:1.0.0-draft";

  beforeAll(async () => {
    const skill = writeSkill(workspace);
    const file = workspace.write("Containerfile", "FROM scratch\nCOPY . /\n");
    const annotations = Object.entries(ANNOTATIONS).flatMap(([key, value]) => ["--annotation", `${key}=${value}`]);
    await workspace.output("podman", "build", "-q", ...annotations, "-f", file, "-t", BUILT, skill);
  });
  afterAll(() => {
    workspace.remove();
  });

  /** Listed, inspected, promoted to published, read by skopeo and unpacked, under `repository`. */
  async function liveInStore(repository: string): Promise<void> {
    expect(await skillctlJson(workspace, "list")).toContainEqual(
      expect.objectContaining({ repository, tag: "1.0.0-draft", status: "draft", version: "1.0.0" }),
    );
    expect(await skillctlJson(workspace, "inspect", `${repository}:1.0.0-draft`, "--files")).toMatchObject({
      card: { name: "greeter", title: "Greeter", version: "1.0.0" },
      lifecycle: { status: "draft", next: "testing" },
      files: expect.arrayContaining([expect.objectContaining({ path: "scripts/greet.sh", mode: "0755" })]) as unknown,
    });

    await workspace.output("skillctl", "promote", `${repository}:1.0.0-draft`, "--to", "testing", "--local");
    await workspace.output("skillctl", "promote", `${repository}:1.0.0-testing`, "--to", "published", "--local");
    const source = `oci:${workspace.store}:${repository}:1.0.0`;
    expect(JSON.parse(await workspace.output("skopeo", "inspect", "--raw", source))).toMatchObject({
      annotations: { ...ANNOTATIONS, "io.skillimage.status": "published" },
    });

    const target = `${workspace.directory}/unpacked-${repository.replaceAll("/", "-")}`;
    await workspace.output("skillctl", "unpack", `${repository}:1.0.0`, "-o", target);
    expect(existsSync(`${target}/greeter/SKILL.md`)).toBe(true);
    expect(execFileSync(`${target}/greeter/scripts/greet.sh`, { encoding: "utf8" })).toContain("greetings");
  }

  it("is imported from `podman save` and lives in the store like one of ours", async () => {
    await workspace.output("podman", "save", "-q", "--format", "oci-archive", "-o", "saved.tar", BUILT);
    await workspace.output("skillctl", "import", "saved.tar");
    await liveInStore("localhost/interop/greeter");
  });

  it("is copied in by skopeo and lives in the store like one of ours", async () => {
    await workspace.output("skillctl", "list"); // makes the store
    const target = `oci:${workspace.store}:copied/greeter:1.0.0-draft`;
    await workspace.output("skopeo", "copy", "-q", `containers-storage:${BUILT}`, target);
    await liveInStore("copied/greeter");
  });
});
