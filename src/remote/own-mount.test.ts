import { expect, it } from "vitest";

import { bytesOf, describeBytes } from "../store/testing/images.ts";
import type { RemoteRepository } from "./repository.ts";
import type { FakeRegistry } from "./testing/fake-registry.ts";
import { setUpRemote } from "./testing/remote-fixture.ts";

/** Pushes a blob made of `text`; resolves to the methods of the requests that it took. */
async function pushOne(registry: FakeRegistry, repository: RemoteRepository, text: string): Promise<string> {
  registry.takeLog();
  const bytes = bytesOf(text);
  await repository.push(describeBytes(bytes), bytes);
  return registry
    .takeLog()
    .map((line) => line.split(" ", 1)[0])
    .join(" ");
}

it("many blobs cost two requests each, and those that are there one", async () => {
  const { registry, repository } = await setUpRemote({ singlePost: false });
  for (const text of ["a", "b", "c"]) expect(await pushOne(registry, repository, text)).toBe("HEAD POST PUT");
  expect(await pushOne(registry, repository, "d")).toBe("HEAD POST DELETE POST PUT POST");
  expect(await pushOne(registry, repository, "e")).toBe("POST PUT");
  expect(await pushOne(registry, repository, "a")).toBe("POST");
});

it("a registry that never mounts is not sent what it has, and is left no upload", async () => {
  const { registry, repository } = await setUpRemote({ singlePost: false, mounts: false });
  for (const text of ["a", "b", "c", "d"]) await pushOne(registry, repository, text);
  expect(await pushOne(registry, repository, "a")).toBe("HEAD");
  expect(await pushOne(registry, repository, "e")).toBe("HEAD POST PUT");
  expect([...registry.content.repositories.values()].flatMap(({ uploads }) => [...uploads.keys()])).toEqual([]);
});

it("a registry that says of every blob that it is mounted is sent what it lacks", async () => {
  const { registry, repository } = await setUpRemote({ singlePost: false, mounts: "all" });
  for (const text of ["a", "b", "c", "d"]) await pushOne(registry, repository, text);
  expect(await pushOne(registry, repository, "e")).toBe("POST HEAD POST PUT");
  expect(await pushOne(registry, repository, "f")).toBe("HEAD POST PUT");
});

it.each([400, 404, 405, 500])(
  "a registry that answers a mount with %s is pushed to in the usual way",
  async (status) => {
    const { registry, repository } = await setUpRemote({ singlePost: false });
    registry.fail({ method: "POST", path: "mount=", status, times: 10 });
    for (const text of ["a", "b", "c", "d"]) await pushOne(registry, repository, text);
    expect(await pushOne(registry, repository, "e")).toBe("HEAD POST PUT");
  },
);

it.each([500, 502, 503])(
  "an upload that ends in %s is not begun again, as there may be one already",
  async (status) => {
    const { registry, repository } = await setUpRemote({ singlePost: false });
    registry.fail({ method: "POST", status });
    await expect(pushOne(registry, repository, "a")).rejects.toMatchObject({ code: "REGISTRY_ERROR", status });
    expect(registry.takeLog().filter((line) => line.startsWith("POST"))).toHaveLength(1);
  },
);

it("an upload that a registry had no time to begin is begun later", async () => {
  const { registry, repository } = await setUpRemote({ singlePost: false });
  registry.fail({ method: "POST", status: 429, headers: { "retry-after": "0" } });
  expect(await pushOne(registry, repository, "a")).toBe("HEAD POST POST PUT");
});
