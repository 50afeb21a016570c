/**
 * S3 or PostgreSQL go away in the middle of requests: the network between, by a proxy that cuts or freezes, and the services
 * themselves, by SIGKILL. What was acknowledged stays; the rest is answered in time; and nobody has to start the server again.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";

import { digestOf, type Digest } from "../../src/oci/index.ts";
import { fsck, scrub } from "../../src/registry/maintenance/index.ts";
import { createS3Storage } from "../../src/registry/storage/s3/index.ts";
import { listOf } from "../../src/registry/storage/testing/images.ts";
import { serve, type RunningServer } from "../../src/server/serve.ts";
import { figure } from "../reliability/soak.ts";
import { describeWith } from "../tools.ts";
import { startProxy, type LoopbackProxy } from "./loopback-proxy.ts";
import { S3_TOOLS, select, startS3Services, type S3Place, type S3Services } from "./s3-services.ts";

/** Milliseconds: how long each service may be silent, and by when every answer must be there. */
const SILENCE = 1500;
const DEADLINE = 20_000;
const MEBIBYTE = 1024 * 1024;
const IMAGE = "application/vnd.oci.image.manifest.v1+json";

const SERVICES = ["s3", "postgres"] as const;
type Service = (typeof SERVICES)[number];

describeWith(S3_TOOLS, "a registry whose services go away", () => {
  let services: S3Services;
  let place: S3Place;
  let proxies: Record<Service, LoopbackProxy>;
  let server: RunningServer;

  beforeAll(async () => {
    services = await startS3Services();
  });
  afterAll(async () => services?.close());
  beforeEach(async () => {
    place = await services.place();
    const portOf = (url: string): number => Number(new URL(url).port);
    proxies = {
      s3: await startProxy(portOf(services.endpoint)),
      postgres: await startProxy(portOf(services.connectionString)),
    };
    const connectionString = place.postgres.connectionString.replace(/:\d+\//, `:${proxies.postgres.port}/`);
    const storage = await createS3Storage({
      ...place,
      endpoint: `http://127.0.0.1:${proxies.s3.port}`,
      timeout: SILENCE,
      postgres: { ...place.postgres, connectionString, connections: 3, timeout: SILENCE },
    });
    server = await serve({ listen: "127.0.0.1:0" }, { root: "/nonexistent", storage });
  });
  afterEach(async () => {
    await server.close();
    await Promise.all(Object.values(proxies).map(async (proxy) => proxy.close()));
  });

  /** An answer's status and when it may be tried again; an error is the test's. */
  const ask = async (path: string, init: RequestInit = {}): Promise<{ status: number; retryAfter: string | null }> => {
    const response = await fetch(new URL(path, server.url), { ...init, signal: AbortSignal.timeout(DEADLINE) });
    await response.arrayBuffer();
    return { status: response.status, retryAfter: response.headers.get("retry-after") };
  };
  const pushBlob = async (repository: string, body: Uint8Array<ArrayBuffer>): Promise<number> => {
    const begun = await fetch(new URL(`/v2/${repository}/blobs/uploads/`, server.url), {
      method: "POST",
      signal: AbortSignal.timeout(DEADLINE),
    });
    await begun.arrayBuffer();
    if (begun.status !== 202) return begun.status;
    const place = new URL(begun.headers.get("location") ?? "", server.url);
    return (await ask(`${place.pathname}?digest=${digestOf(body)}`, { method: "PUT", body })).status;
  };
  const pushImage = async (repository: string, layer: Uint8Array<ArrayBuffer>): Promise<number> => {
    const config = new TextEncoder().encode(JSON.stringify({ layer: digestOf(layer) }));
    for (const blob of [config, layer]) {
      const status = await pushBlob(repository, blob);
      if (status !== 201) return status;
    }
    const child = (bytes: Uint8Array, mediaType: string) => ({
      mediaType,
      digest: digestOf(bytes),
      size: bytes.byteLength,
    });
    const body = JSON.stringify({
      schemaVersion: 2,
      mediaType: IMAGE,
      config: child(config, "application/vnd.oci.image.config.v1+json"),
      layers: [child(layer, "application/octet-stream")],
    });
    const put = { method: "PUT", body, headers: { "Content-Type": IMAGE } };
    return (await ask(`/v2/${repository}/manifests/latest`, put)).status;
  };
  const isReady = async (): Promise<boolean> => (await ask("/readyz")).status === 200;
  /** Everything that the registry says it has is there and whole, as another process sees it. */
  const expectSound = async (acknowledged: ReadonlyMap<string, Digest>): Promise<void> => {
    const storage = await createS3Storage(place);
    try {
      for (const [repository, layer] of acknowledged) {
        expect(await storage.metadata.repository(repository).tag("latest"), repository).toBeDefined();
        expect(await storage.metadata.repository(repository).hasBlob(layer)).toBe(true);
      }
      const issues = await listOf(fsck(storage));
      // What a write that nobody was told of left behind is known, and swept.
      expect(issues.map(({ message }) => message)).toEqual([]);
      expect((await scrub(storage)).damaged).toEqual([]);
    } finally {
      await storage.close();
    }
  };
  const layerOf = (size = 100): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(size));

  for (const which of SERVICES) {
    it(`answers 503 and when to come again while ${which} cannot be reached, and goes on when it can`, async () => {
      expect(await pushImage("a/before", layerOf())).toBe(201);
      expect(await isReady()).toBe(true);
      proxies[which].cut();
      expect(await ask(`/v2/a/x/blobs/uploads/?digest=${digestOf("x")}`, { method: "POST", body: "x" })).toEqual({
        status: 503,
        retryAfter: "5",
      });
      await expect.poll(isReady, { timeout: DEADLINE }).toBe(false);
      expect((await ask("/healthz")).status).toBe(200);
      proxies[which].heal();
      await expect.poll(isReady, { timeout: DEADLINE }).toBe(true);
      expect(await pushImage("a/after", layerOf())).toBe(201);
      await expectSound(new Map());
    });

    it(`answers in time while ${which} is frozen, more requests than it has connections, and recovers`, async () => {
      const layer = layerOf();
      expect(await pushImage("a/before", layer)).toBe(201);
      proxies[which].freeze();
      const begun = performance.now();
      const statuses = await Promise.all(Array.from({ length: 12 }, async (_, at) => pushImage(`a/r${at}`, layerOf())));
      expect(new Set(statuses)).toEqual(new Set([503]));
      expect(performance.now() - begun).toBeLessThan(DEADLINE);
      await expect.poll(isReady, { timeout: DEADLINE }).toBe(false);
      proxies[which].heal();
      await expect.poll(isReady, { timeout: DEADLINE }).toBe(true);
      await expect.poll(async () => pushImage("a/after", layerOf()), { timeout: DEADLINE * 2 }).toBe(201);
      await expectSound(new Map([["a/before", digestOf(layer)]]));
    });

    it(`cut off from ${which} in the middle of pushes, keeps what it acknowledged`, async () => {
      const acknowledged = new Map<string, Digest>();
      for (let round = 0; round < figure(3, 20); round += 1) {
        proxies[which].cutAfter(400 + round * 900);
        await Promise.all(
          Array.from({ length: 4 }, async (_, at) => {
            const [repository, layer] = [`a/r${round}-${at}`, layerOf(round % 2 === 0 ? 2000 : 6 * MEBIBYTE)];
            const status = await pushImage(repository, layer);
            expect([201, 503]).toContain(status);
            if (status === 201) acknowledged.set(repository, digestOf(layer));
          }),
        );
      }
      expect(acknowledged.size).toBeGreaterThan(3);
      await expectSound(acknowledged);
    });

    it(`keeps what it acknowledged when ${which} is killed in the middle of pushes, and works on when that is back`, async () => {
      const acknowledged = new Map<string, Digest>();
      let isOver = false;
      const statuses = new Set<number>();
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let at = 0; !isOver; at += 1) {
          const [repository, layer] = [`a/w${writer}-${at}`, layerOf(at % 5 === 0 ? 6 * MEBIBYTE : 3000)];
          const status = await pushImage(repository, layer);
          statuses.add(status);
          if (status === 201) acknowledged.set(repository, digestOf(layer));
          else await delay(50);
        }
      });
      for (let round = 0; round < figure(1, 20); round += 1) {
        const count = acknowledged.size;
        await expect.poll(() => acknowledged.size, { timeout: DEADLINE * 2 }).toBeGreaterThan(count + 3);
        await services.kill(which);
        await expect.poll(isReady, { timeout: DEADLINE }).toBe(false);
        await services.restart(which);
        await expect.poll(isReady, { timeout: DEADLINE }).toBe(true);
      }
      isOver = true;
      await Promise.all(writers);
      expect([...statuses].filter((status) => status !== 201 && status !== 503)).toEqual([]);
      expect(statuses).toContain(503);
      await expectSound(acknowledged);
    });
  }

  it("fails a change whose connection is ended between two of its statements, and the process goes on", async () => {
    const storage = await createS3Storage(place);
    try {
      const repository = storage.metadata.repository("a/held");
      const changed = repository.exclusively(async (held) => {
        await held.tag("latest");
        await select(
          place,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = 'skillimage'`,
        );
        await held.moveTags([{ tag: "latest", to: digestOf("x") }]);
      });
      await expect(changed).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
      expect(await repository.tag("latest")).toBeUndefined();
    } finally {
      await storage.close();
    }
  });

  it("waits for a reader who pauses for longer than S3 may be silent", async () => {
    const layer = layerOf(48 * MEBIBYTE);
    expect(await pushBlob("a/large", layer)).toBe(201);
    const storage = await createS3Storage({ ...place, timeout: SILENCE });
    try {
      let read = 0;
      for await (const chunk of storage.blobs.read(digestOf(layer))) {
        if (read === 0) await delay(3 * SILENCE);
        read += chunk.byteLength;
      }
      expect(read).toBe(layer.byteLength);
    } finally {
      await storage.close();
    }
  });

  it("breaks a download off when S3 freezes in the middle of it, and does not wait for ever", async () => {
    const layer = layerOf(12 * MEBIBYTE);
    expect(await pushImage("a/large", layer)).toBe(201);
    const response = await fetch(new URL(`/v2/a/large/blobs/${digestOf(layer)}`, server.url));
    expect(response.status).toBe(200);
    const reader = response.body?.getReader();
    await reader?.read();
    proxies.s3.freeze();
    const begun = performance.now();
    const rest = async (): Promise<void> => {
      while ((await reader?.read())?.done === false);
    };
    await expect(rest()).rejects.toThrow(/terminated|aborted|closed/);
    expect(performance.now() - begun).toBeLessThan(DEADLINE);
    proxies.s3.heal();
    const again = await fetch(new URL(`/v2/a/large/blobs/${digestOf(layer)}`, server.url));
    expect(digestOf(new Uint8Array(await again.arrayBuffer()))).toBe(digestOf(layer));
  });
});
