import { expect, it } from "vitest";

import { parseReference } from "../oci/index.ts";
import { setUpRemote } from "../remote/testing/remote-fixture.ts";
import { MemoryStore } from "../store/index.ts";
import { listOf, pushImage } from "../store/testing/images.ts";
import { copyAll } from "./index.ts";
import { release } from "./testing/release.ts";

it.each([
  [false, "CONFLICT"],
  [true, undefined],
])("a copy of all tags does not replace what is published while it copies; force: %s", async (force, code) => {
  const local = new MemoryStore();
  await release(local, { version: "1.0.0" }, "published");
  const { registry, store, repository } = await setUpRemote();
  const { manifest } = await pushImage(repository, "somebody else's 1.0.0");
  const rival = (): void => void registry.content.repository("examples/hello").tags.set("1.0.0", manifest.digest);
  registry.fail({ method: "POST", path: "/blobs/uploads/", seen: rival });
  const copying = copyAll(local, store, parseReference("examples/greeter"), parseReference(repository.name), { force });
  const [outcome] = await listOf(copying);
  expect(outcome !== undefined && "error" in outcome ? outcome.error.code : undefined).toBe(code);
  expect((await repository.resolve("1.0.0")).digest === manifest.digest).toBe(!force);
});
