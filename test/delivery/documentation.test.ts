/**
 * Every `sh` block of docs/how-to/install.md, followed literally on a machine that has nothing of it: only the addresses lead to loopback. Those of
 * the container image are run where it is built, in image.test.ts.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { curl, describeWith, gnuTar, wget } from "../tools.ts";
import { blocksOf } from "./blocks.ts";
import { startNpmRegistry, type NpmRegistry } from "../npm-registry.ts";
import { ARCHIVES, manifest, RELEASE, run, temporaryDirectory, VERSION } from "./release.ts";
import { startReleaseServer, type ReleaseServer } from "./release-server.ts";

const RELEASES = `${manifest.repository.url.replace(/^git\+|\.git$/g, "")}/releases`;
const blocks = blocksOf("docs/how-to/install.md").filter((block) => !block.includes("podman"));

describeWith([curl, wget, gnuTar], "docs/how-to/install.md", () => {
  let server: ReleaseServer;
  let registry: NpmRegistry;
  let env: NodeJS.ProcessEnv;
  let room: string;
  beforeAll(async () => {
    [server, registry] = await Promise.all([startReleaseServer(RELEASE, VERSION), startNpmRegistry(ARCHIVES)]);
    room = temporaryDirectory();
    const home = join(room, "home");
    const bin = join(room, "bin-of-the-test");
    for (const directory of [home, bin]) mkdirSync(directory);
    writeFileSync(
      join(home, ".npmrc"),
      `registry=${registry.url}\nprefix=${room}/prefix\nupdate-notifier=false\naudit=false\nfund=false\n`,
    );
    // A reader reads; whoever runs the tests may be root, whose default is another directory.
    writeFileSync(join(bin, "less"), '#!/bin/sh\nexec cat "$@"\n', { mode: 0o755 });
    writeFileSync(join(bin, "id"), '#!/bin/sh\n[ "$*" != -u ] || exec echo 1000\nexec /usr/bin/id "$@"\n', {
      mode: 0o755,
    });
    env = {
      HOME: home,
      PATH: [join(room, "prefix/bin"), bin, dirname(process.execPath), process.env["PATH"]].join(":"),
      BASE_URL: server.url,
    };
  });
  afterAll(async () => Promise.all([server.close(), registry.close()]));

  it("has a block for each way in that can be tried here", () => {
    const text = blocks.join("");
    for (const way of ["install.sh | sh", "npx --yes skillctl", "npm install --global", "sha256sum --check"]) {
      expect(text).toContain(way);
    }
  });

  it.each(blocks)("%s", async (block) => {
    const script = block.replaceAll(RELEASES, server.url);
    const { status, stdout, stderr } = await run("bash", ["-euo", "pipefail", "-c", script], { cwd: room, env });
    expect(status, stdout + stderr).toBe(0);
    if (/\bskillctl version$/m.test(block)) expect(stdout).toContain(`skillctl ${VERSION}\n`);
  });
});
