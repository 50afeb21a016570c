/** Quay tells those who may only pull nothing of a repository that is not there, and makes it for those who may push. */
import { expect, it } from "vitest";

import { digestOf, parseReference } from "../oci/index.ts";
import { setUpRemote } from "../remote/testing/remote-fixture.ts";
import { MemoryStore } from "../store/index.ts";
import { bytesOf, listOf } from "../store/testing/images.ts";
import { copyAll, promote, push } from "./index.ts";
import { release } from "./testing/release.ts";

const USER = { username: "ada", password: "s3cret" };
const credentials = { find: async () => ({ kind: "basic", ...USER }) as const };
const setUp = async () => setUpRemote({ auth: { scheme: "bearer", ...USER, hidesAbsent: true } }, { credentials });

it("a push makes a repository, with one token", async () => {
  const { registry, store, repository } = await setUp();
  const local = new MemoryStore();
  const source = parseReference(await release(local, { version: "1.0.0" }, "draft"));
  await push(local, store, source, parseReference(`${repository.name}:1.0.0-draft`));
  expect(registry.takeLog().filter((request) => request.includes("/token"))).toHaveLength(1);
  expect(await listOf(repository.tags())).toEqual(["1.0.0-draft"]);
});

it("so does a copy of all tags", async () => {
  const { store, repository } = await setUp();
  const local = new MemoryStore();
  await release(local, { version: "1.0.0" }, "draft");
  await listOf(copyAll(local, store, parseReference("examples/greeter"), parseReference(repository.name)));
  expect(await listOf(repository.tags())).toEqual(["1.0.0-draft"]);
});

it("so does a blob", async () => {
  const { registry, repository } = await setUp();
  const bytes = bytesOf("blob");
  const blob = { mediaType: "application/octet-stream", digest: digestOf(bytes), size: bytes.byteLength };
  await repository.push(blob, bytes);
  expect([...registry.content.repository("examples/hello").blobs.keys()]).toEqual([blob.digest]);
});

it("a promotion of what is not there makes none", async () => {
  const { registry, store, repository } = await setUp();
  const promoted = promote(store, parseReference(`${repository.name}:1.0.0-draft`), "testing");
  await expect(promoted).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });
  expect(registry.takeLog().filter((request) => /scope=[^ ]*push/.test(request))).toEqual([]);
});
