/** Looking after a registry's directory while a server uses it. */
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";

import { afterAll, beforeAll, expect, it } from "vitest";

import { createWorkspace, finished, type Workspace } from "./skillctl.ts";

const GARBAGE = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

interface Server {
  readonly host: string;
  readonly url: string;
  end(): Promise<unknown>;
}

let user: Workspace;
let server: Server;
beforeAll(async () => {
  user = await createWorkspace();
  await user.skill("hello");
  await user.json("pack", "hello");
  await user.write({ "registry.yaml": "access:\n  anonymousPull: true\n  htpasswd: users\n", users: "" });
  server = await serve("registry");
  await user.json("push", "examples/hello:1.0.0-draft", `${server.host}/examples/hello`);
});
afterAll(async () => server.end());

async function serve(root: string, ...args: readonly string[]): Promise<Server> {
  const child = user.start(["serve", "--listen", "127.0.0.1:0", "--root", root, "--json", ...args]);
  if (child.stdout === null) throw new Error("the command has no output");
  const done = finished(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const end = async (): Promise<unknown> => {
    child.kill("SIGTERM");
    return done;
  };
  return { ...(JSON.parse(line) as { host: string; url: string }), end };
}

async function list({ host }: Server): Promise<unknown> {
  return user.json("list", `${host}/examples/hello`);
}

/** The file of the layer that the server has of the skill. */
async function layerFile(): Promise<string> {
  const { image } = (await user.json("inspect", "examples/hello:1.0.0-draft")) as {
    readonly image: { readonly layers: readonly { readonly digest: string }[] };
  };
  const hex = image.layers[0]?.digest.slice("sha256:".length) ?? "";
  return user.path("registry", "blobs", "sha256", hex.slice(0, 2), hex);
}

it("frees what nothing refers to, once it is old enough", async () => {
  const begun = await fetch(`${server.url}/v2/examples/hello/blobs/uploads/?digest=${GARBAGE}`, {
    method: "POST",
    body: "hello",
  });
  expect(begun.status).toBe(201);
  const care = ["gc", "--root", "registry"];
  expect(await user.json(...care)).toMatchObject({ removed: [], dryRun: false });
  expect(await user.json(...care, "--grace", "0", "--dry-run")).toMatchObject({ unlinked: 1, dryRun: true });
  expect(await user.json(...care, "--grace", "0")).toMatchObject({ removed: [GARBAGE], bytes: 5, unlinked: 1 });
  expect((await fetch(`${server.url}/v2/examples/hello/blobs/${GARBAGE}`)).status).toBe(404);
  expect(await list(server)).toMatchObject([{ tag: "1.0.0-draft" }]);
});

it("finds damage and who suffers from it, and a push heals", async () => {
  const file = await layerFile();
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(1));
  const dry = await user.run(["scrub", "--root", "registry", "--dry-run"]);
  expect([dry.status, dry.stdout]).toEqual([1, expect.stringContaining("needed by examples/hello@sha256:")]);
  expect((await user.run(["fsck", "--root", "registry"])).stdout).toMatch(/^size-wrong /);
  const { status, stdout, stderr } = await user.run(["scrub", "--root", "registry"]);
  expect([status, stdout]).toEqual([1, expect.stringContaining("skillctl push --force")]);
  expect(stderr).toMatch(/^Read \d+ blobs, .*\. 1 damaged\.$/m);
  expect(await readdir(user.path("registry", "damaged"))).toHaveLength(1);

  await user.json("push", "--force", "examples/hello:1.0.0-draft", `${server.host}/examples/hello`);
  expect(await readFile(file)).toEqual(bytes);
  for (const care of ["scrub", "fsck"]) expect((await user.run([care, "--root", "registry"])).status).toBe(0);
});

it("is copied while it is in use, and the copy restored and served", async () => {
  const report = await user.json("backup", "copy", "--root", "registry");
  expect(report).toMatchObject({ path: "copy", repositories: 1, manifests: 1, tags: 1, missing: [] });
  expect(await user.json("backup", "copy", "--root", "registry")).toMatchObject({ blobs: 0, tags: 1 });
  expect(await user.json("restore", "copy", "--root", "restored")).toMatchObject({ manifests: 1, missing: [] });
  const again = await user.run(["restore", "copy", "--root", "restored"]);
  expect([again.status, again.stderr]).toEqual([1, expect.stringContaining("not empty")]);
  const restored = await serve("restored");
  const asSeenOn = (host: string, listed: unknown): unknown =>
    JSON.parse(JSON.stringify(listed).replaceAll(host, "HOST"));
  expect(asSeenOn(restored.host, await list(restored))).toEqual(asSeenOn(server.host, await list(server)));
  await restored.end();
});

it("is neither made in a registry that is no backup, nor restored into one that holds something", async () => {
  for (const [args, message] of [
    [["backup", "restored", "--root", "copy"], "is a registry, not a backup"],
    [["backup", "registry/copy", "--root", "registry"], "lies in the registry"],
    [["restore", "copy", "--root", "restored", "--resume"], "no restore into it was cut off"],
  ] as const) {
    const { status, stderr } = await user.run([...args]);
    expect([status, stderr]).toEqual([1, expect.stringContaining(message)]);
  }
  expect(await user.json("backup", "restored", "--root", "copy", "--adopt")).toMatchObject({ tags: 1 });
});

it("is not served while only a part of it is restored, and the rest follows", async () => {
  await user.json("restore", "copy", "--root", "part");
  await user.write({ "part/marks/restoring": `${user.path("copy")}\n` });
  const refused = await user.run(["serve", "--listen", "127.0.0.1:0", "--root", "part"]);
  expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("only a part of the backup")]);
  expect(refused.stderr).toContain(`skillctl restore ${user.path("copy")} --resume`);
  expect(await user.json("restore", "copy", "--root", "part", "--resume")).toMatchObject({ blobs: 0, tags: 1 });
  await (await serve("part")).end();
});

it("lets no backup be restored into a registry that a server uses", async () => {
  const { status, stderr } = await user.run(["restore", "copy", "--root", "registry", "--resume"]);
  expect([status, stderr]).toEqual([1, expect.stringContaining("another server uses")]);
});

it("says of an image that is damaged that it is not in the backup", async () => {
  const file = await layerFile();
  const bytes = await readFile(file);
  await writeFile(file, bytes.subarray(1));
  const { status, stdout, stderr } = await user.run(["backup", "partial", "--root", "registry"]);
  expect([status, stdout]).toEqual([1, expect.stringContaining("0 manifests, 0 tags")]);
  expect(stderr).toMatch(/^left out examples\/hello@sha256:/m);
  await user.run(["scrub", "--root", "registry"]);
  const nightly = await user.run(["backup", "copy", "--root", "registry"]);
  expect([nightly.status, nightly.stdout]).toEqual([1, expect.stringContaining("1 manifest, 1 tag")]);
  expect(nightly.stderr).toMatch(/^kept as it was examples\/hello@sha256:/m);
  await writeFile(file, bytes);
});

it("makes no registry where somebody mistyped its name", async () => {
  for (const args of [["gc"], ["scrub"], ["fsck"], ["backup", "copy"], ["robot", "list"]]) {
    const { status, stderr } = await user.run([...args, "--root", "regsitry"]);
    expect([status, stderr]).toEqual([1, expect.stringContaining("there is no registry at")]);
  }
  const { status, stderr } = await user.run(["restore", "cpoy", "--root", "regsitry"]);
  expect([status, stderr]).toEqual([1, expect.stringMatching(/there is no backup at "cpoy"\nhint: .*skillctl backup/)]);
  await user.write({ "notes/diary.txt": "Dear diary," });
  const foreign = await user.run(["restore", "notes", "--root", "regsitry"]);
  expect([foreign.status, foreign.stderr]).toEqual([
    1,
    expect.stringMatching(/there is no backup at "notes"\nhint: .*skillctl backup/),
  ]);
  expect(await readdir(user.directory)).not.toContain("regsitry");
});

it("gives programs passwords that a running server knows, and knows no more once they are revoked", async () => {
  const closed = await serve("closed", "--config", "registry.yaml");
  const { stdout: secret, stderr } = await user.run(["robot", "create", "ci", "--root", "closed", "--quiet"]);
  expect([secret.trim(), stderr]).toEqual([expect.stringMatching(/^skr_[\w-]{43}$/), ""]);
  const mayPush = async (): Promise<number> => {
    const authorization = `Basic ${Buffer.from(`robot+ci:${secret.trim()}`).toString("base64")}`;
    const begun = await fetch(`${closed.url}/v2/examples/a/blobs/uploads/`, {
      method: "POST",
      headers: { authorization },
    });
    return begun.status;
  };
  await expect.poll(mayPush, { timeout: 10_000 }).toBe(202);
  expect(await user.json("robot", "list", "--root", "closed")).toMatchObject([{ name: "robot+ci" }]);
  expect(await readFile(user.path("closed", "access", "robots.json"), "utf8")).not.toContain(secret.trim());
  const twice = await user.run(["robot", "create", "ci", "--root", "closed"]);
  expect([twice.status, twice.stderr]).toEqual([1, expect.stringContaining("Revoke it first")]);
  expect((await user.run(["robot", "revoke", "ci", "--root", "closed"])).status).toBe(0);
  await expect.poll(mayPush, { timeout: 10_000 }).toBe(401);
  expect((await user.run(["robot", "list", "--root", "closed"])).stdout).toMatch(/robot\+ci +revoked/);
  await closed.end();
});

it.each([
  [["robot", "create"], "skillctl robot create <name>"],
  [["robot", "list", "ci"], "skillctl robot list"],
  [["robot", "revoke", "ci", "--expires", "3d"], "robot create"],
  [["fsck", "--repair", "--root", "registry"], "skillctl scrub"],
])("says how %s is called instead", async (args, hint) => {
  const { status, stderr } = await user.run(args);
  expect([status, stderr]).toEqual([2, expect.stringContaining(hint)]);
});
