/** Two servers from one configuration, behind which a balancer could send a client anywhere. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, it, vi } from "vitest";

import { digestOf } from "../../src/oci/index.ts";
import { parseServerConfig } from "../../src/server/config/read.ts";
import { serve, type RunningServer } from "../../src/server/serve.ts";
import { removeDirectory } from "../fixtures/temporary-directory.ts";
import { describeWith } from "../tools.ts";
import { S3_TOOLS, startS3Services, type S3Services } from "./s3-services.ts";

const NAME = "examples/hello-world";

describeWith(S3_TOOLS, "two servers on one bucket", () => {
  let services: S3Services;
  let directory: string;
  let servers: RunningServer[] = [];

  beforeAll(async () => {
    services = await startS3Services();
    directory = mkdtempSync(join(tmpdir(), "skillimage-"));
    const { bucket, endpoint, credentials, postgres } = await services.place();
    vi.stubEnv("AWS_ACCESS_KEY_ID", credentials?.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", credentials?.secretAccessKey);
    writeFileSync(join(directory, "database"), `${postgres.connectionString}\n`);
    const file = `
      listen: 127.0.0.1:0
      storage:
        s3: { bucket: ${bucket}, endpoint: "${endpoint}", region: us-east-1, pathStyle: true, prefix: skills }
        postgres: { urlFile: database, schema: ${postgres.schema}, connections: 4 }
    `;
    const config = parseServerConfig(file, join(directory, "registry.yaml"));
    servers = await Promise.all([1, 2].map(async (at) => serve(config, { root: join(directory, `root${at}`) })));
  });
  afterAll(async () => {
    await Promise.all(servers.map(async (server) => server.close()));
    await services?.close();
    vi.unstubAllEnvs();
    removeDirectory(directory);
  });

  /** Asks each in turn, in the order of the calls. */
  let calls = 0;
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(path, servers[calls++ % servers.length]?.url), init);

  it("take a push and a pull in turns", async () => {
    const layer = "0123456789";
    const begun = await ask(`/v2/${NAME}/blobs/uploads/`, { method: "POST" });
    expect(begun.status).toBe(202);
    const upload = begun.headers.get("location") ?? "";
    expect((await ask(upload, { method: "PATCH", body: layer.slice(0, 4) })).status).toBe(202);
    const going = await ask(upload);
    expect([going.status, going.headers.get("range")]).toEqual([204, "0-3"]);
    expect((await ask(upload, { method: "PATCH", body: layer.slice(4) })).status).toBe(202);
    expect((await ask(`${upload}?digest=${digestOf(layer)}`, { method: "PUT" })).status).toBe(201);
    const config = await ask(`/v2/${NAME}/blobs/uploads/?digest=${digestOf("{}")}`, { method: "POST", body: "{}" });
    expect(config.status).toBe(201);

    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const child = (text: string, type: string) => ({ mediaType: type, digest: digestOf(text), size: text.length });
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: child("{}", "application/vnd.oci.image.config.v1+json"),
      layers: [child(layer, "application/octet-stream")],
    });
    const put = { method: "PUT", body: manifest, headers: { "Content-Type": mediaType, "If-None-Match": "*" } };
    expect((await ask(`/v2/${NAME}/manifests/1.0.0`, put)).status).toBe(201);
    expect((await ask(`/v2/${NAME}/manifests/1.0.0`, put)).status).toBe(412);
    for (const _ of servers) {
      expect(await (await ask(`/v2/${NAME}/manifests/1.0.0`)).text()).toBe(manifest);
      expect(await (await ask(`/v2/${NAME}/tags/list`)).json()).toEqual({ name: NAME, tags: ["1.0.0"] });
      expect(await (await ask("/v2/_catalog")).json()).toEqual({ repositories: [NAME] });
      const range = await ask(`/v2/${NAME}/blobs/${digestOf(layer)}`, { headers: { Range: "bytes=3-5" } });
      expect([range.status, await range.text()]).toEqual([206, "345"]);
      calls += 1;
    }
  });
});
