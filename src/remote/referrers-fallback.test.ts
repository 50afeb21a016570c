import { expect, it } from "vitest";

import { listOf, pushImage } from "../store/testing/images.ts";
import { referrersTag } from "./referrers-tag.ts";
import { setUpRemote } from "./testing/remote-fixture.ts";

it("a referrer is not lost to another writer who had read the index before, and writes it a little later", async () => {
  const { registry, repository } = await setUpRemote({ referrers: false });
  const { manifest: subject } = await pushImage(repository, "skill");
  const tag = referrersTag(subject.digest);
  const { tags } = registry.content.repository("examples/hello");
  const other = await pushImage(repository, "other", { subject });
  const written = tags.get(tag);
  if (written === undefined) throw new Error("there is no index of referrers");
  tags.delete(tag);

  // Both found no index. Ours takes 40 ms to be written; the other's arrives 20 ms after it.
  let release = (): void => undefined;
  const hold = new Promise<void>((resolve) => (release = resolve));
  const seen = (): void => {
    setTimeout(release, 40);
    setTimeout(() => tags.set(tag, written), 60);
  };
  registry.fail({ method: "PUT", path: `/manifests/${tag}`, hold, seen });
  const own = await pushImage(repository, "own", { subject });

  const found = (await listOf(repository.referrers(subject))).map(({ digest }) => digest);
  expect(found.toSorted()).toEqual([own.manifest.digest, other.manifest.digest].toSorted());
});
