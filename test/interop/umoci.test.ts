import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { FILES, packSkill, REFERENCE, writeSkill } from "./skill.ts";
import { describeWith, umoci } from "../tools.ts";
import { createWorkspace } from "./workspace.ts";

describeWith([umoci], "umoci", () => {
  const workspace = createWorkspace();
  const image = `${workspace.store}:${REFERENCE}`;

  beforeAll(() => packSkill(workspace));
  afterAll(() => {
    workspace.remove();
  });

  it("lists the store's references", async () => {
    const listed = await workspace.output("umoci", "ls", "--layout", workspace.store);
    expect(listed.split("\n")).toContain(REFERENCE);
  });

  it("shows the history of the image's one layer", async () => {
    // The table, not --json: umoci crashes on writing it when an entry of the history has no time.
    const [, ...rows] = (await workspace.output("umoci", "stat", "--image", image)).trimEnd().split("\n");
    expect(rows).toEqual([expect.stringMatching(/^sha256:[0-9a-f]{64} .*Z skillctl pack /)]);
  });

  it("unpacks the files that were packed, with their content and modes", async () => {
    const source = writeSkill(workspace);
    await workspace.output("umoci", "unpack", "--rootless", "--image", image, "bundle");
    for (const [path, mode] of Object.entries(FILES)) {
      const unpacked = join(workspace.directory, "bundle/rootfs", path);
      expect(readFileSync(unpacked), path).toEqual(readFileSync(join(source, path)));
      expect(statSync(unpacked).mode & 0o7777, path).toBe(mode);
    }
  });

  it("tags an image, and skillctl lists the tag", async () => {
    await workspace.output("umoci", "tag", "--image", image, "interop/retagged:1.0.0-draft");
    expect(await workspace.output("skillctl", "list")).toMatch(/^interop\/retagged +1\.0\.0-draft +draft /m);
  });
});
