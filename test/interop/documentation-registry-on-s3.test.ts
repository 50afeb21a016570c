/** docs/how-to/registry-on-s3.md, run as it stands: with the program that npm installs, and the rights that the page's policy gives. */
import { rmSync } from "node:fs";
import { join } from "node:path";

import { expect, it, onTestFinished, vi } from "vitest";
import { parse } from "yaml";

import { digestOf } from "../../src/oci/index.ts";
import { startNpmRegistry } from "../npm-registry.ts";
import { describeWith, gnuTar, tool } from "../tools.ts";
import { merge, perform, readBlocks, readPage, reworded, type Settings } from "./page.ts";
import { start, type Registry } from "./registries.ts";
import { S3_TOOLS, startS3Services, type IamPolicy } from "./s3-services.ts";
import { skillctlJson } from "./skill.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const PAGE = "registry-on-s3.md";
/** Bytes that need several parts. */
const LARGE = 24 * 1024 * 1024;
const IMAGE = "examples/hello-world:1.0.0-draft";

describeWith([...S3_TOOLS, gnuTar], "the how-to on a registry in a bucket", () => {
  it("holds from top to bottom", async () => {
    const services = await startS3Services();
    onTestFinished(async () => services.close());
    const [policy = ""] = readBlocks(PAGE, "json");
    const user = await services.restricted({
      skills: JSON.parse(policy) as IamPolicy,
      others: JSON.parse(policy.replaceAll(":skills", ":others")) as IamPolicy,
    });
    const variables = { AWS_ACCESS_KEY_ID: user.accessKeyId, AWS_SECRET_ACCESS_KEY: user.secretAccessKey };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    onTestFinished(() => void vi.unstubAllEnvs());
    const workspace = createWorkspace(variables);
    onTestFinished(() => workspace.remove());
    const { directory } = workspace;
    const here = (text: string): string => text.replaceAll(/\/run\/secrets|\/backup/g, (path) => directory + path);
    const { "Set it up": install = [], Backup: [care, copy] = [], ...others } = readPage(PAGE);
    if (care === undefined || copy === undefined) throw new Error(`${PAGE} has other blocks`);
    expect(others).toEqual({});

    const npm = await startNpmRegistry();
    onTestFinished(async () => npm.close());
    workspace.write(
      ".npmrc",
      `registry=${npm.url}\nprefix=${directory}\naudit=false\nfund=false\nupdate-notifier=false\n`,
    );
    rmSync(join(directory, "bin/skillctl"));
    await perform(workspace, install);

    workspace.write("run/secrets/database", `${services.connectionString}\n`);
    const s3 = { endpoint: services.endpoint, region: "us-east-1" };
    const [first = {}, ...variants] = readBlocks(PAGE, "yaml").map((text) => parse(here(text)) as Settings);
    const servers = await Promise.all(
      [{}, ...variants].map(async (variant, at) => {
        const settings = merge(merge(first, variant), { storage: { s3 } });
        const server = await serve(workspace, workspace.write(`registry${at || ""}.yaml`, JSON.stringify(settings)));
        onTestFinished(async () => server.close());
        return server;
      }),
    );
    const [one, two, three] = servers.map(({ host }) => `${host}/${IMAGE}`);
    await workspace.output("skillctl", "pack", "examples/hello-world");
    await workspace.output("skillctl", "push", IMAGE, `${one}`);
    const pushed = await skillctlJson<{ digest: string }>(workspace, "inspect", "--remote", `${two}`);
    await workspace.output("skillctl", "pull", `${three}`, "--output", "pulled");
    const keys = await services.keysOf({ bucket: "skills" });
    await pushAndRemove(workspace, servers[0]?.url ?? "");
    expect(await services.keysOf({ bucket: "skills" })).toEqual(keys);
    await perform(workspace, [care]);

    const another = { s3: { bucket: "others" }, postgres: { schema: "others" } };
    const file = workspace.write(
      "new.yaml",
      JSON.stringify(merge(merge(first, { storage: { s3 } }), { storage: another })),
    );
    await perform(workspace, reworded([copy], here));
    const restored = await serve(workspace, file);
    onTestFinished(async () => restored.close());
    const found = await skillctlJson<{ digest: string }>(workspace, "inspect", "--remote", `${restored.host}/${IMAGE}`);
    expect(found.digest).toBe(pushed.digest);
  });
});

/** Has the server do what takes the other rights: an upload in parts, one that is given up, and the end of both. */
async function pushAndRemove(workspace: Workspace, url: string): Promise<void> {
  const layer = Buffer.alloc(LARGE, "skill");
  for (const [method, query, status] of [
    ["PUT", `?digest=${digestOf(layer)}`, 201],
    ["DELETE", "", 204],
  ] as const) {
    const begun = await fetch(`${url}/v2/examples/large/blobs/uploads/`, { method: "POST" });
    const upload = new URL(begun.headers.get("location") ?? "", url);
    expect((await fetch(upload, { method: "PATCH", body: layer })).status).toBe(202);
    expect((await fetch(`${upload.href}${query}`, { method })).status).toBe(status);
  }
  // What is no blob any more when the first ends leaves the bucket with the second.
  const gc = ["gc", "--config", "registry.yaml", "--grace", "0"];
  for (const _ of [1, 2]) await workspace.output("skillctl", ...gc);
}

/** A server with a directory of its own, in which nothing is that could be lost. */
function serve({ directory }: Workspace, file: string): Promise<Registry> {
  const skillctl = { ...tool("skillctl"), path: join(directory, "bin/skillctl") };
  return start(skillctl, false, (port, root) => [
    "serve",
    "--config",
    file,
    "--root",
    root,
    "--listen",
    `127.0.0.1:${port}`,
  ]);
}
