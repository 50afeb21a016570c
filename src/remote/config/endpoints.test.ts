import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { systemEndpoints, type EndpointOptions } from "./endpoints.ts";
import type { Places } from "./places.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let places: Places;
beforeEach(async () => {
  directory = await temporaryDirectory();
  places = { variables: {}, home: join(directory.path, "home"), etc: join(directory.path, "etc") };
});
afterEach(() => directory.remove());

async function configure(toml: string): Promise<string> {
  const path = join(directory.path, "etc/containers/registries.conf");
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, toml);
  return path;
}

const endpoints = (repository: string, options?: EndpointOptions) =>
  systemEndpoints(places, options).endpoints(repository);
const shown = async (repository: string, options?: EndpointOptions): Promise<readonly string[]> =>
  (await endpoints(repository, options)).map(
    ({ scheme, registry, repository: path, mirror }) =>
      `${scheme} ${registry}/${path}${mirror === undefined ? "" : ` ${mirror.pull}`}`,
  );

describe("without configuration", () => {
  it.each([
    ["quay.io/myorg/x", "https quay.io/myorg/x"],
    ["Quay.IO/myorg/x", "https quay.io/myorg/x"],
    ["docker.io/alpine", "https registry-1.docker.io/library/alpine"],
    ["index.docker.io/myorg/x", "https registry-1.docker.io/myorg/x"],
    ["localhost:5000/x", "loopback localhost:5000/x"],
    ["127.0.0.1:5000/x", "loopback 127.0.0.1:5000/x"],
    ["[::1]:5000/x", "loopback [::1]:5000/x"],
    ["127.1:5000/x", "loopback 127.1:5000/x"],
    ["localhost.example.com/x", "https localhost.example.com/x"],
    ["127.0.0.1.example.com/x", "https 127.0.0.1.example.com/x"],
  ])("%s is at %s", async (repository, expected) => {
    expect(await endpoints(repository)).toHaveLength(1);
    expect(await shown(repository)).toEqual([expected]);
  });

  it.each([
    "myorg/x",
    "x",
    "quay.io/x:1",
    `quay.io/x@sha256:${"0".repeat(64)}`,
    "quay.io/../x",
    "quay.io",
    "1.2.3.999/x",
    "[1:2]/x",
  ])("%s is no repository of a registry", async (repository) => {
    await expect(endpoints(repository)).rejects.toMatchObject({ code: "REFERENCE_INVALID" });
  });
});

describe("--tls-verify", () => {
  const INSECURE =
    '[[registry]]\nlocation = "quay.io"\ninsecure = true\n[[registry.mirror]]\nlocation = "mirror.local"';

  it("left out leaves it to the configuration", async () => {
    await configure(INSECURE);
    expect(await endpoints("quay.io/x")).toEqual([
      { registry: "mirror.local", repository: "x", scheme: "https", tls: {}, mirror: { pull: "all" } },
      { registry: "quay.io", repository: "x", scheme: "either", tls: { verify: false } },
    ]);
  });

  it("false trusts every endpoint of the call, in plain text too", async () => {
    await configure(INSECURE);
    expect(await shown("quay.io/x", { verifyTls: false })).toEqual(["either mirror.local/x all", "either quay.io/x"]);
    const [only] = await endpoints("localhost:5000/x", { verifyTls: false });
    expect(only).toMatchObject({ scheme: "either", tls: { verify: false } });
  });

  it("true wants https and a trusted certificate, whatever the configuration says", async () => {
    await configure(INSECURE);
    const found = await endpoints("quay.io/x", { verifyTls: true });
    expect(found.map(({ scheme, tls }) => [scheme, tls])).toEqual([
      ["https", {}],
      ["https", {}],
    ]);
    expect(await shown("localhost:5000/x", { verifyTls: true })).toEqual(["https localhost:5000/x"]);
  });
});

describe("registries.conf", () => {
  it("gives mirrors in their order, then the place that is meant", async () => {
    await configure(`
[[registry]]
prefix = "example.com/foo"
location = "internal.example.net/bar"
[[registry.mirror]]
location = "mirror-0.local/mirror-for-foo"
pull-from-mirror = "digest-only"
[[registry.mirror]]
location = "localhost:5000/mirrors/foo"
`);
    expect(await shown("example.com/foo/image")).toEqual([
      "https mirror-0.local/mirror-for-foo/image digest-only",
      "loopback localhost:5000/mirrors/foo/image all",
      "https internal.example.net/bar/image",
    ]);
    expect(await shown("example.com/other/image")).toEqual(["https example.com/other/image"]);
  });

  it("mirrors Docker Hub by the name that it has there", async () => {
    await configure('[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "mirror.local/hub"');
    expect(await shown("docker.io/alpine")).toEqual([
      "https mirror.local/hub/library/alpine all",
      "https registry-1.docker.io/library/alpine",
    ]);
  });

  it("can mean Docker Hub by another name", async () => {
    await configure('[[registry]]\nprefix = "hub.example.com"\nlocation = "docker.io"');
    expect(await shown("hub.example.com/alpine")).toEqual(["https registry-1.docker.io/library/alpine"]);
  });

  it("leaves the name as it is below a wildcard without a location", async () => {
    await configure('[[registry]]\nprefix = "*.corp.example"\ninsecure = true');
    expect(await shown("a.corp.example:5000/x")).toEqual(["either a.corp.example:5000/x"]);
  });

  it.each(["evil.example/x", "EVIL.example/x", "evil.example:443/x", "good.example/evil/x"])(
    "blocks %s",
    async (repository) => {
      const path = await configure(
        '[[registry]]\nlocation = "evil.example"\nblocked = true\n[[registry]]\nlocation = "good.example/evil"\nblocked = true',
      );
      await expect(endpoints(repository)).rejects.toMatchObject({
        code: "REGISTRY_BLOCKED",
        message: expect.stringContaining(path) as string,
      });
      expect(await shown("good.example/x")).toEqual(["https good.example/x"]);
    },
  );

  it("leads nowhere that another rule blocks", async () => {
    await configure(`
[[registry]]
location = "evil.example"
blocked = true
[[registry]]
prefix = "a.example"
location = "evil.example/a"
[[registry]]
location = "b.example"
[[registry.mirror]]
location = "evil.example/b"
`);
    await expect(endpoints("a.example/x")).rejects.toMatchObject({ code: "REGISTRY_BLOCKED" });
    expect(await shown("b.example/x")).toEqual(["https b.example/x"]);
  });

  it.each(["user:secret@internal.net", "internal.net/UPPER", "no-host", "internal.net:port"])(
    "that makes no repository of a name is told: %s",
    async (location) => {
      const path = await configure(`[[registry]]\nprefix = "a.example"\nlocation = "${location}"`);
      await expect(endpoints("a.example/x")).rejects.toMatchObject({
        code: "CONFIG_INVALID",
        message: `${path} has a rule for "a.example" that makes "a.example/x" no repository of a registry`,
      });
    },
  );

  it("may lack all that is not readable", async () => {
    const source = systemEndpoints({ variables: {}, home: "/dev/null", etc: "/dev/null" });
    expect(await source.endpoints("quay.io/x")).toEqual([
      { registry: "quay.io", repository: "x", scheme: "https", tls: {} },
    ]);
  });

  it("is read once", async () => {
    await configure('[[registry]]\nprefix = "a.example"\nlocation = "b.example"');
    const source = systemEndpoints(places);
    await source.endpoints("a.example/x");
    await configure("no TOML");
    expect((await source.endpoints("a.example/x"))[0].registry).toBe("b.example");
  });
});
