import { expect, it } from "vitest";

import { copy, MemoryStore } from "../store/index.ts";
import { listOf, pushImage } from "../store/testing/images.ts";
import { RemoteStore, type RemoteRepository } from "./index.ts";
import { referrersTag } from "./referrers-tag.ts";
import { setUpRemote } from "./testing/remote-fixture.ts";

it("a copy lists the referrer that one before it was cut off from listing, and then sends nothing more", async () => {
  const from = new MemoryStore().repository("examples/hello");
  const image = await pushImage(from, "skill");
  const record = await pushImage(from, "record", { subject: image.manifest });
  await from.tag(image.manifest, "1.0.0");
  const { registry, repository } = await setUpRemote({ referrers: false });
  const options = { referrers: true, trustTarget: true };
  await copy(from, repository, "1.0.0", options);
  registry.content.repository("examples/hello").tags.delete(referrersTag(image.manifest.digest));
  expect(await listOf(repository.referrers(image.manifest))).toEqual([]);

  const later = (): RemoteRepository => new RemoteStore().repository(repository.name);
  await copy(from, later(), "1.0.0", options);
  expect(await listOf(later().referrers(image.manifest))).toMatchObject([{ digest: record.manifest.digest }]);
  registry.takeLog();
  await copy(from, later(), "1.0.0", options);
  expect(registry.takeLog().filter((request) => !/^(?:GET|HEAD) /.test(request))).toEqual([]);
});
