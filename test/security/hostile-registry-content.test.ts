/** A hostile registry that gives something else than it was asked for: nothing of it is ever taken for the real thing. */
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";

import { describe, expect, it } from "vitest";

import { inspect, MemoryStore, parseReference, promote, pull, push } from "../../src/index.ts";
import { readAll } from "../../src/content/index.ts";
import { digestOf, MediaType, type Digest } from "../../src/oci/index.ts";
import type { Fault } from "../../src/remote/testing/fake-faults.ts";
import type { FakeRegistry } from "../../src/remote/testing/fake-registry.ts";
import { setUpRemote } from "../../src/remote/testing/remote-fixture.ts";
import { release } from "../../src/skill/testing/release.ts";
import { HostileNetwork, REGISTRY, SKILL } from "./hostile-network.ts";

const ALWAYS = { times: 1000 } as const;
const skill = parseReference(SKILL);
const IMAGE = { "content-type": MediaType.manifest };
const NO_DIGEST = `sha256:${"0".repeat(64)}` as Digest;

/** What the registry really holds for the skill. */
function held(registry: FakeRegistry): {
  readonly digest: Digest;
  readonly bytes: Buffer;
  readonly layer: string;
  readonly config: string;
} {
  const repository = registry.content.repository("team/hello");
  const digest = repository.tags.get("1.0.0") as Digest;
  const bytes = Buffer.from(repository.manifests.get(digest)?.bytes ?? []);
  const { config, layers } = JSON.parse(bytes.toString()) as {
    config: { digest: string };
    layers: [{ digest: string }];
  };
  return { digest, bytes, layer: layers[0].digest, config: config.digest };
}

function blobIn(registry: FakeRegistry, digest: string): Buffer {
  return Buffer.from(registry.content.repository("team/hello").blobs.get(digest) ?? []);
}

/** Puts the layer of the skill into a store. */
async function keepLayer(store: MemoryStore, registry: FakeRegistry): Promise<void> {
  const digest = held(registry).layer as Digest;
  const bytes = blobIn(registry, digest);
  await store.repository("team/hello").push({ mediaType: MediaType.layerGzip, digest, size: bytes.byteLength }, bytes);
}

async function attacked(
  attack: (registry: FakeRegistry) => Fault,
): Promise<{ network: HostileNetwork; registry: FakeRegistry }> {
  const network = await HostileNetwork.create();
  const registry = await network.registry();
  registry.fail({ ...ALWAYS, ...attack(registry) });
  return { network, registry };
}

describe("a manifest", () => {
  it.each<readonly [string, string, (registry: FakeRegistry) => Partial<Fault>]>([
    [
      "that is not what its Docker-Content-Digest says",
      "DIGEST_MISMATCH",
      (registry) => ({ body: held(registry).bytes, headers: { ...IMAGE, "docker-content-digest": NO_DIGEST } }),
    ],
    [
      "that is another's, under the digest of the real one",
      "DIGEST_MISMATCH",
      (registry) => ({
        body: `${held(registry).bytes.toString()} `,
        headers: { ...IMAGE, "docker-content-digest": held(registry).digest },
      }),
    ],
    [
      "that is compressed behind our back",
      "RESPONSE_INVALID",
      (registry) => ({ body: gzipSync(held(registry).bytes), headers: { ...IMAGE, "content-encoding": "gzip" } }),
    ],
    ["that has a key named __proto__", "JSON_INVALID", () => ({ body: '{"__proto__":{"a":1}}', headers: IMAGE })],
    [
      "that is an index and an image at once",
      "MANIFEST_INVALID",
      (registry) => ({
        body: JSON.stringify({ ...(JSON.parse(held(registry).bytes.toString()) as object), manifests: [] }),
        headers: { "content-type": MediaType.index },
      }),
    ],
    [
      "whose layer has a size that no number is",
      "MANIFEST_INVALID",
      (registry) => ({
        body: held(registry)
          .bytes.toString()
          .replace(/"size":\d+/g, '"size":9e99'),
        headers: IMAGE,
      }),
    ],
  ])("%s is refused", async (_, code, attack) => {
    const { network } = await attacked((registry) => ({
      method: "GET",
      path: "/manifests/",
      status: 200,
      ...attack(registry),
    }));
    const local = new MemoryStore();
    await expect(inspect(network.store(), skill)).rejects.toMatchObject({ code });
    await expect(pull(network.store(), local, skill)).rejects.toMatchObject({ code });
    expect(await namesIn(local)).toEqual([]);
  });

  it("asked for by its digest must have it, whatever the registry calls it", async () => {
    const { network, registry } = await attacked((it) => ({
      method: "GET",
      path: "/manifests/sha256",
      status: 200,
      body: `${held(it).bytes.toString()}\n`,
      headers: IMAGE,
    }));
    const pinned = parseReference(`${REGISTRY}/team/hello@${held(registry).digest}`);
    await expect(inspect(network.store(), pinned)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });
});

describe.each(["layer", "config"] as const)("a %s", (part) => {
  it.each<readonly [string, string, (bytes: Buffer) => Partial<Fault>]>([
    ["of the right size with another content", "DIGEST_MISMATCH", (bytes) => ({ body: Buffer.alloc(bytes.length) })],
    ["that ends too soon", "SIZE_MISMATCH", (bytes) => ({ body: bytes.subarray(1) })],
    ["that goes on", "SIZE_MISMATCH", (bytes) => ({ body: Buffer.concat([bytes, bytes]) })],
    ["that is empty", "SIZE_MISMATCH", () => ({ body: "" })],
    [
      "that is compressed behind our back",
      "RESPONSE_INVALID",
      (bytes) => ({ body: gzipSync(bytes), headers: { "content-encoding": "gzip" } }),
    ],
  ])("%s is refused, and the skill is not there under its name", async (_, code, attack) => {
    const { network, registry } = await attacked((it) => {
      const digest = held(it)[part];
      return { method: "GET", path: `/blobs/${digest}`, status: 200, ...attack(blobIn(it, digest)) };
    });
    const local = new MemoryStore();
    // A config is asked for where it cannot be made of the layer on its way.
    if (part === "config") await keepLayer(local, registry);
    await expect(pull(network.store(), local, skill)).rejects.toMatchObject({ code });
    expect(await namesIn(local)).toEqual([]);
  });
});

describe("a blob whose transfer breaks off", () => {
  const BLOB = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 251));
  const CUT = 40_000;
  const RANGE = { "content-range": `bytes ${CUT}-${BLOB.length - 1}/${BLOB.length}` };

  /** Reads it from a registry that sends the first part honestly, and then `rest`. */
  async function resumed(rest: Partial<Fault>): Promise<Buffer> {
    const { registry, repository } = await setUpRemote();
    const digest = registry.content.repository("examples/hello").putBlob(BLOB) as Digest;
    registry.fail({ path: digest, cutResponseAfter: CUT });
    registry.fail({ ...ALWAYS, path: digest, ...rest });
    const size = BLOB.length;
    const bytes = await readAll(repository.fetch({ mediaType: "application/octet-stream", digest, size }));
    return Buffer.from(bytes);
  }

  it("is taken up again, from the middle or from the start", async () => {
    expect((await resumed({})).equals(BLOB)).toBe(true);
    expect((await resumed({ status: 200, body: BLOB })).equals(BLOB)).toBe(true);
  });

  it.each<readonly [string, string, Partial<Fault>]>([
    ["other bytes", "DIGEST_MISMATCH", { status: 206, headers: RANGE, body: Buffer.alloc(BLOB.length - CUT) }],
    ["another beginning", "DIGEST_MISMATCH", { status: 200, body: Buffer.alloc(BLOB.length) }],
    [
      "another part",
      "RESPONSE_INVALID",
      { status: 206, headers: { "content-range": `bytes 0-99/${BLOB.length}` }, body: BLOB.subarray(0, 100) },
    ],
    ["a part that it does not name", "RESPONSE_INVALID", { status: 206, body: BLOB.subarray(CUT) }],
    [
      "a part of something larger",
      "SIZE_MISMATCH",
      { status: 206, headers: { "content-range": `bytes ${CUT}-100000/100001` }, body: Buffer.alloc(60_001) },
    ],
    [
      "more than the rest",
      "SIZE_MISMATCH",
      { status: 206, headers: RANGE, body: Buffer.concat([BLOB.subarray(CUT), BLOB]) },
    ],
  ])("is refused when %s come in place of the rest", async (_, code, rest) => {
    await expect(resumed(rest)).rejects.toMatchObject({ code });
  });
});

describe("a list", () => {
  it.each([
    ["../../etc/passwd"],
    ["a".repeat(129)],
    [""],
    ["\u001b]0;owned\u0007"],
    ["1.0.0\u202e"],
    [null],
    [{ toString: "1.0.0" }],
  ])("with the tag %j is none", async (tag) => {
    const { network } = await attacked(() => ({
      path: "/tags/list",
      status: 200,
      body: JSON.stringify({ tags: ["1.0.0", tag] }),
    }));
    const listing = network.store().repository(`${REGISTRY}/team/hello`).tags().next();
    await expect(listing).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining("the answer is not a list of tags"),
    });
  });

  it.each(["../../etc", "/etc", "a//b", "team/\u001b[2J", "UPPER", "a".repeat(300)])(
    "with the repository %j is none",
    async (name) => {
      const { network } = await attacked(() => ({
        path: "_catalog",
        status: 200,
        body: JSON.stringify({ repositories: ["team/hello", name] }),
      }));
      const listing = network.store({ registry: REGISTRY }).repositories().next();
      await expect(listing).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
    },
  );
});

describe("a registry that says it has stored what it has not", () => {
  const stored = { method: "PUT", path: "/manifests/", status: 201 } as const;

  it("does not get away with it where a version is published", async () => {
    const { network } = await attacked(() => stored);
    const local = new MemoryStore();
    const reference = parseReference(await release(local, { name: "new" }, "published"));
    const target = parseReference(`${REGISTRY}/team/new:1.0.0`);
    const pushed = push(local, network.store(), reference, target, { referrers: false });
    await expect(pushed).rejects.toMatchObject({
      code: "CONFLICT",
      message: `${REGISTRY}/team/new:1.0.0 is not there, though it was just written`,
    });
  });

  it("does not get away with naming another digest", async () => {
    const { network } = await attacked(() => ({ ...stored, headers: { "docker-content-digest": NO_DIGEST } }));
    const local = new MemoryStore();
    const reference = parseReference(await release(local, { name: "new" }, "draft"));
    const pushed = push(local, network.store(), reference, parseReference(`${REGISTRY}/team/new:1.0.0-draft`));
    await expect(pushed).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });

  it("cannot make a promotion of something else: what is promoted is what was read", async () => {
    const network = await HostileNetwork.create();
    const registry = await network.registry();
    const before = held(registry);
    const promoted = await promote(network.store(), skill, "deprecated");
    const after = registry.content.repository("team/hello").manifests.get(promoted.digest);
    expect(digestOf(after?.bytes ?? new Uint8Array())).toBe(promoted.digest);
    expect(promoted.layerDigests).toEqual([before.layer]);
    expect(createHash("sha256").update(before.bytes).digest("hex")).toBe(before.digest.slice("sha256:".length));
  });
});

async function namesIn(store: MemoryStore): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of store.repositories()) {
    for await (const tag of store.repository(name).tags()) names.push(`${name}:${tag}`);
  }
  return names;
}
