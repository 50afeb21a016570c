/** The commands that look after a registry, on a bucket and a database that servers use at the same time. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { digestOf } from "../../src/oci/index.ts";
import { createS3Storage } from "../../src/registry/storage/s3/index.ts";
import { createWorkspace, type Result, type Workspace } from "../e2e/skillctl.ts";
import { startServer, type ServerProcess } from "../e2e/served.ts";
import { describeWith } from "../tools.ts";
import { S3_TOOLS, select, startS3Services, type S3Place, type S3Services } from "./s3-services.ts";

const NAME = "examples/hello";
const CONFIG = ["--config", "registry.yaml"];

describeWith(S3_TOOLS, "a registry in a bucket, looked after by commands", () => {
  let services: S3Services;
  let place: S3Place;
  let user: Workspace;
  let env: Record<string, string>;
  let server: ServerProcess;
  const skillctl = async (...args: readonly string[]): Promise<Result> => user.run(args, { env });
  const json = async (...args: readonly string[]): Promise<unknown> => {
    const { status, stdout, stderr } = await skillctl(...args, "--json");
    if (status !== 0) throw new Error(`skillctl ${args.join(" ")}: ${stderr}`);
    return JSON.parse(stdout);
  };
  /** A configuration for a place; with it goes a directory of the server's own. */
  const configure = async (file: string, { bucket, endpoint, postgres }: S3Place): Promise<void> =>
    user.write({
      [file]: `
root: own
storage:
  s3: { bucket: ${bucket}, endpoint: "${endpoint}", region: us-east-1, prefix: skills }
  postgres: { url: "${postgres.connectionString}", schema: ${postgres.schema}, connections: 4 }
access: { anonymousPull: true, grants: { "": { author: ["@users"] } } }
quota: { examples: { bytes: 1MiB, manifests: 20 } }
gc: { grace: 0s }
`,
    });

  beforeAll(async () => {
    services = await startS3Services();
    place = await services.place();
    user = await createWorkspace();
    const { accessKeyId = "", secretAccessKey = "" } = place.credentials ?? {};
    env = {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      REGISTRY_AUTH_FILE: user.path("auth.json"),
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    };
    await configure("registry.yaml", place);
    const secret = (await skillctl("robot", "create", "ci", ...CONFIG, "--quiet")).stdout.trim();
    server = await startServer(user, ["--listen", "127.0.0.1:0", ...CONFIG], { env });
    await user.skill("hello");
    await user.json("pack", "hello");
    await user.run(["login", server.host, "--username", "robot+ci", "--password-stdin"], { input: secret, env });
    await json("push", `${NAME}:1.0.0-draft`, `${server.host}/${NAME}`);
  });
  afterAll(async () => {
    await server?.end();
    await services?.close();
  });

  it("robot makes passwords that the servers know", async () => {
    expect(await json("robot", "list", ...CONFIG)).toMatchObject([{ name: "robot+ci" }]);
    expect(await readFile(user.path("own", "access", "robots.json"), "utf8")).toContain("robot+ci");
  });

  it("gc frees what nothing refers to, with the configuration's grace period", async () => {
    const storage = await createS3Storage(place);
    const digest = digestOf("garbage");
    await storage.blobs.put(digest, new TextEncoder().encode("garbage"));
    await storage.metadata.repository(NAME).linkBlob(digest);
    const before = await storage.metadata.usage("examples");
    expect(await json("gc", "--dry-run", ...CONFIG)).toMatchObject({ unlinked: 1, dryRun: true });
    expect(await json("gc", ...CONFIG)).toMatchObject({ removed: [digest], bytes: 7, unlinked: 1 });
    expect(await storage.blobs.stat(digest)).toBeUndefined();
    expect((await storage.metadata.usage("examples")).bytes).toBe(before.bytes - 7);
    await storage.close();
  });

  it("fsck counts anew what a quota needs to know, when it is told to", async () => {
    expect((await skillctl("fsck", ...CONFIG)).status).toBe(0);
    await select(place, "UPDATE repository_usage SET bytes = 1");
    const wrong = await skillctl("fsck", ...CONFIG);
    expect([wrong.status, wrong.stdout]).toEqual([1, expect.stringContaining(`what ${NAME} holds is counted wrong`)]);
    const { status, stderr } = await skillctl("fsck", "--repair", ...CONFIG);
    expect([status, stderr]).toEqual([0, expect.stringContaining(`Counted anew what ${NAME} holds.`)]);
    expect((await skillctl("fsck", ...CONFIG)).stderr).toContain(`s3://${place.bucket}/skills is sound`);
  });

  it("scrub takes a damaged blob out of the way, and a push brings it back", async () => {
    const [row] = await select<{ object: string }>(place, "SELECT object FROM blobs JOIN links USING (digest) LIMIT 1");
    const file = join(services.directory, place.bucket, "skills", row?.object ?? "");
    const bytes = await readFile(file);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await writeFile(file, bytes);
    const found = await skillctl("scrub", ...CONFIG);
    expect([found.status, found.stdout]).toEqual([1, expect.stringContaining(`needed by ${NAME}@sha256:`)]);
    expect((await skillctl("fsck", ...CONFIG)).stdout).toMatch(/^blob-missing /);
    await json("push", "--force", `${NAME}:1.0.0-draft`, `${server.host}/${NAME}`);
    for (const care of ["scrub", "fsck"]) expect((await skillctl(care, ...CONFIG)).status).toBe(0);
  });

  it("backup copies it into a directory, and restore fills another bucket and database from there", async () => {
    expect(await json("backup", "copy", ...CONFIG)).toMatchObject({
      repositories: 1,
      manifests: 1,
      tags: 1,
      missing: [],
    });
    expect((await skillctl("fsck", "--root", "copy")).status).toBe(0);
    const other = await services.place();
    await configure("other.yaml", other);
    const report = await json("restore", "copy", "--config", "other.yaml");
    expect(report).toMatchObject({ path: `s3://${other.bucket}/skills`, manifests: 1, tags: 1, missing: [] });
    const again = await skillctl("restore", "copy", "--config", "other.yaml");
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining("not empty")]);
    const resumed = await skillctl("restore", "copy", "--config", "other.yaml", "--resume");
    expect([resumed.status, resumed.stderr]).toEqual([1, expect.stringContaining("no restore into it was cut off")]);
    const storage = await createS3Storage(other);
    await storage.marks.set("restoring", user.path("copy"));
    const refused = await skillctl("serve", "--listen", "127.0.0.1:0", "--config", "other.yaml");
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining("only a part of the backup")]);
    expect(await json("restore", "copy", "--config", "other.yaml", "--resume")).toMatchObject({ blobs: 0, tags: 1 });
    expect(await storage.marks.read("restoring")).toBeUndefined();
    expect(await storage.metadata.usage("examples")).toMatchObject({ manifests: 1 });
    await storage.close();
    expect((await skillctl("fsck", "--config", "other.yaml")).status).toBe(0);
  });

  it("says what is wrong with the configuration", async () => {
    await user.write({ "broken.yaml": "storage: { s3: { buckte: x } }\n" });
    for (const care of [["gc"], ["scrub"], ["fsck"], ["backup", "copy"], ["robot", "list"]]) {
      const { status, stderr } = await skillctl(...care, "--config", "broken.yaml");
      expect([status, stderr]).toEqual([2, expect.stringContaining('the key "buckte" is not known')]);
    }
  });
});
