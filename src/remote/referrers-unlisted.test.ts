/** Registries that do not list referrers say so in their own ways. */
import { describe, expect, it } from "vitest";

import { listOf, makeImage, pushImage } from "../store/testing/images.ts";
import { RemoteStore } from "./index.ts";
import { NO_WAIT, setUpRemote } from "./testing/remote-fixture.ts";

async function withReferrer() {
  const { registry, repository } = await setUpRemote({ referrers: false });
  const { manifest: subject } = await pushImage(repository, "skill");
  const referrer = await pushImage(repository, "signature", { subject });
  // Somebody who does not know the registry yet.
  const user = new RemoteStore({ retry: NO_WAIT }).repository(repository.name);
  return { registry, repository, subject, referrer, user };
}

describe("what refers to an image is found by its tag", () => {
  it.each([400, 405, 406, 501])("where the list is refused with %i", async (status) => {
    const { registry, subject, referrer, user } = await withReferrer();
    // Also when it is asked again because a 400 may be about TLS.
    registry.fail({ path: "/referrers/", status, times: 2 });
    expect(await listOf(user.referrers(subject))).toMatchObject([{ digest: referrer.manifest.digest }]);
  });

  it("where every path that is not known gives a page for people", async () => {
    const { registry, subject, referrer, user } = await withReferrer();
    const headers = { "content-type": "text/html; charset=utf-8" };
    registry.fail({ path: "/referrers/", status: 200, headers, body: "<html></html>" });
    expect(await listOf(user.referrers(subject))).toMatchObject([{ digest: referrer.manifest.digest }]);
  });
});

it.each([500, 503])("a registry that fails with %i has not said that it has no list", async (status) => {
  const { registry, subject, user } = await withReferrer();
  registry.fail({ path: "/referrers/", status, times: 4 });
  await expect(listOf(user.referrers(subject))).rejects.toMatchObject({ code: "REGISTRY_ERROR" });
});

it.each([400, 401])("the last referrer can be removed where tags cannot, which is refused with %i", async (status) => {
  const { registry, repository, subject, referrer } = await withReferrer();
  registry.fail({ method: "DELETE", path: /manifests\/sha256-/, status });
  await repository.delete(referrer.manifest);
  expect(await listOf(repository.referrers(subject))).toEqual([]);
});

it("a referrer that is there and not in the list is entered by a push, also when it was just read", async () => {
  const { registry, repository } = await setUpRemote({ referrers: false });
  const { manifest: subject } = await pushImage(repository, "skill");
  await pushImage(repository, "signature");
  const { manifest, manifestBytes } = makeImage("signature", { subject });
  const { manifests } = registry.content.repository("examples/hello");
  manifests.set(manifest.digest, { mediaType: manifest.mediaType, bytes: manifestBytes });
  await repository.resolve(manifest.digest);
  await repository.push(manifest, manifestBytes);
  expect(await listOf(repository.referrers(subject))).toMatchObject([{ digest: manifest.digest }]);
});
