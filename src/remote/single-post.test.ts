import { expect, it } from "vitest";

import { bytesOf, describeBytes } from "../store/testing/images.ts";
import type { RemoteRepository } from "./repository.ts";
import type { FakeRegistry } from "./testing/fake-registry.ts";
import { setUpRemote } from "./testing/remote-fixture.ts";

/** Pushes a blob; resolves to the methods of the requests that it took. */
async function pushOne(
  registry: FakeRegistry,
  repository: RemoteRepository,
  text: string,
  options = {},
): Promise<string> {
  registry.takeLog();
  const bytes = bytesOf(text);
  await repository.push(describeBytes(bytes), bytes, options);
  return registry
    .takeLog()
    .map((line) => line.split(" ", 1)[0])
    .join(" ");
}

/** Pushes as many blobs as are pushed in the usual way before the registry is tried. */
async function pushThree(registry: FakeRegistry, repository: RemoteRepository): Promise<void> {
  for (const text of ["a", "b", "c"]) expect(await pushOne(registry, repository, text)).toBe("HEAD POST PUT");
}

function openUploads(registry: FakeRegistry): number {
  return [...registry.content.repositories.values()].flatMap(({ uploads }) => [...uploads.keys()]).length;
}

it("many small blobs go up in one request each, after a question, and those that are there in none", async () => {
  const { registry, repository } = await setUpRemote();
  await pushThree(registry, repository);
  expect(await pushOne(registry, repository, "d")).toBe("HEAD POST HEAD");
  expect(await pushOne(registry, repository, "e")).toBe("HEAD POST");
  expect(await pushOne(registry, repository, "a")).toBe("HEAD");
  expect(await pushOne(registry, repository, "x".repeat(256 * 1024 + 1))).toBe("HEAD POST PUT");
});

it("a registry that begins an upload instead is pushed to in the usual way, and left no upload", async () => {
  const { registry, repository } = await setUpRemote({ singlePost: false, mounts: false });
  await pushThree(registry, repository);
  expect(await pushOne(registry, repository, "d")).toBe("HEAD POST DELETE POST PUT POST DELETE");
  expect(await pushOne(registry, repository, "e")).toBe("HEAD POST PUT");
  expect(openUploads(registry)).toBe(0);
});

it.each([400, 404, 405, 413, 500])("so is one that answers %s", async (status) => {
  const { registry, repository } = await setUpRemote({ mounts: false });
  await pushThree(registry, repository);
  registry.fail({ method: "POST", path: "?digest=", status, times: 10 });
  await pushOne(registry, repository, "d");
  expect(await pushOne(registry, repository, "e")).toBe("HEAD POST PUT");
  const bytes = bytesOf("d");
  expect(await repository.exists(describeBytes(bytes))).toBe(true);
});

it("one that says 201 and keeps nothing is sent the blob again", async () => {
  const { registry, repository } = await setUpRemote({ mounts: false });
  await pushThree(registry, repository);
  registry.fail({ method: "POST", path: "?digest=", status: 201, times: 10 });
  expect(await pushOne(registry, repository, "d")).toMatch(/^HEAD POST HEAD POST PUT/);
  expect(await pushOne(registry, repository, "e")).toBe("HEAD POST PUT");
});

it.each([400, 403, 404, 413, 500, 501])(
  "a registry that answers %s to what it took before is pushed to in the usual way",
  async (status) => {
    const { registry, repository } = await setUpRemote({ mounts: false });
    await pushThree(registry, repository);
    await pushOne(registry, repository, "d");
    registry.fail({ method: "POST", path: "?digest=", status, times: 10 });
    expect(await pushOne(registry, repository, "e")).toMatch(/^HEAD POST.* POST PUT/);
    expect(await repository.exists(describeBytes(bytesOf("e")))).toBe(true);
  },
);

it("a blob without bytes goes up in the usual way: some registries take its body for none", async () => {
  const { registry, repository } = await setUpRemote();
  await pushThree(registry, repository);
  await pushOne(registry, repository, "d");
  expect(await pushOne(registry, repository, "")).toBe("HEAD POST PUT");
});

it("a request that a registry failed at for a moment is repeated: it can be done twice", async () => {
  const { registry, repository } = await setUpRemote();
  await pushThree(registry, repository);
  await pushOne(registry, repository, "d");
  registry.fail({ method: "POST", status: 503 });
  expect(await pushOne(registry, repository, "e")).toBe("HEAD POST POST");
});

it("a push that is cancelled while the registry is tried ends", async () => {
  const { registry, repository } = await setUpRemote();
  await pushThree(registry, repository);
  const cancel = new AbortController();
  const hold = new Promise((resolve) => cancel.signal.addEventListener("abort", resolve));
  registry.fail({ method: "POST", path: "?digest=", hold, seen: () => cancel.abort() });
  await expect(pushOne(registry, repository, "d", { signal: cancel.signal })).rejects.toMatchObject({
    code: "ABORTED",
  });
});
