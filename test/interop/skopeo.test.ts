import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { digestOf } from "../../src/oci/index.ts";
import { packSkill, REFERENCE, skillctlJson } from "./skill.ts";
import { describeWith, skopeo } from "../tools.ts";
import { createWorkspace } from "./workspace.ts";

describeWith([skopeo], "skopeo", () => {
  const workspace = createWorkspace();
  const oci = (reference: string): string => `oci:${workspace.store}:${reference}`;

  beforeAll(() => packSkill(workspace));
  afterAll(() => {
    workspace.remove();
  });

  /** Copies an image out of the store without letting skopeo change a byte; returns the directory that it wrote. */
  async function copyOut(reference: string, name: string, ...options: readonly string[]): Promise<string> {
    await workspace.output("skopeo", "copy", "-q", "--preserve-digests", ...options, oci(reference), `dir:${name}`);
    return join(workspace.directory, name);
  }

  it("copies an image out of the store by its reference, digest unchanged", async () => {
    const copy = await copyOut(REFERENCE, "copied");
    const { digest } = await skillctlJson<{ digest: string }>(workspace, "inspect", REFERENCE);
    expect(digestOf(readFileSync(join(copy, "manifest.json")))).toBe(digest);
  });

  it("prints what the skill is as labels", async () => {
    const printed = JSON.parse(await workspace.output("skopeo", "inspect", oci(REFERENCE))) as object;
    expect(printed).toMatchObject({
      Os: "linux",
      Labels: {
        "io.skillimage.name": "greeter",
        "org.opencontainers.image.title": "greeter",
        "org.opencontainers.image.version": "1.0.0",
        "org.opencontainers.image.vendor": "interop",
        "org.opencontainers.image.licenses": "Apache-2.0",
      },
    });
  });

  it("shows the status with --raw", async () => {
    const manifest = JSON.parse(await workspace.output("skopeo", "inspect", "--raw", oci(REFERENCE))) as object;
    expect(manifest).toMatchObject({ annotations: { "io.skillimage.status": "draft" } });
  });

  it("copies an image of the redhat profile", async () => {
    await packSkill(workspace, "--media-type", "redhat", "--tag", "redhat");
    const copy = await copyOut("interop/greeter:redhat", "redhat");
    expect(JSON.parse(readFileSync(join(copy, "manifest.json"), "utf8"))).toMatchObject({
      config: { mediaType: "application/vnd.redhat.agentskill.config.v1+json" },
      layers: [{ mediaType: "application/vnd.redhat.agentskill.layer.v1.tar+gzip" }],
    });
  });

  it("copies every platform of an index, over one shared layer", async () => {
    await packSkill(workspace, "--platform", "linux/amd64,linux/arm64", "--tag", "multi");
    const copy = await copyOut("interop/greeter:multi", "multi", "--multi-arch", "all");
    const index = JSON.parse(readFileSync(join(copy, "manifest.json"), "utf8")) as {
      manifests: { platform: { architecture: string } }[];
    };
    expect(index.manifests.map((each) => each.platform.architecture)).toEqual(["amd64", "arm64"]);
    const blobs = readdirSync(copy).filter((name) => /^[0-9a-f]{64}$/.test(name));
    expect(blobs, "two configs and one layer").toHaveLength(3);
  });

  it("reads a promoted image under its new tag, and no longer under the old one", async () => {
    await workspace.output("skillctl", "tag", REFERENCE, "interop/promoted:1.0.0-draft");
    await workspace.output("skillctl", "promote", "interop/promoted:1.0.0-draft", "--to", "testing", "--local");

    const raw = await workspace.output("skopeo", "inspect", "--raw", oci("interop/promoted:1.0.0-testing"));
    expect(JSON.parse(raw)).toMatchObject({ annotations: { "io.skillimage.status": "testing" } });
    const old = await workspace.run("skopeo", "inspect", "--raw", oci("interop/promoted:1.0.0-draft"));
    expect(old.status).not.toBe(0);
  });

  it("reads an exported tar", async () => {
    await workspace.output("skillctl", "export", REFERENCE, "-o", "exported.tar");
    const archived = await workspace.output("skopeo", "inspect", "--raw", `oci-archive:exported.tar:${REFERENCE}`);
    expect(archived).toBe(await workspace.output("skopeo", "inspect", "--raw", oci(REFERENCE)));
  });

  it("copies an image into the store, where skillctl lists and verifies it", async () => {
    await workspace.output("skopeo", "copy", "-q", oci(REFERENCE), oci("interop/arrived:1.0.0-draft"));
    expect(await workspace.output("skillctl", "list")).toMatch(/^interop\/arrived +1\.0\.0-draft +draft /m);
    await workspace.output("skillctl", "fsck");
  });
});
