import { describe, expect, it } from "vitest";

import { describeManifest, MediaType, type EncodedManifest } from "../oci/index.ts";
import { bytesOf, listOf, makeImage, pushImage } from "../store/testing/images.ts";
import { RemoteStore, type RemoteRepository } from "./index.ts";
import { setUpRemote } from "./testing/remote-fixture.ts";

/** The same image with another annotation, as a promotion makes it. */
function promoted(text: string, status: string): EncodedManifest {
  const { manifestBytes } = makeImage(text);
  const document = JSON.parse(new TextDecoder().decode(manifestBytes)) as object;
  return describeManifest({ ...document, annotations: { status } }, MediaType.manifest);
}

function promotion(text: string, status = "testing") {
  const before = makeImage(text).manifest;
  const { descriptor, bytes } = promoted(text, status);
  return [
    { name: "1.0.0-testing", to: descriptor, content: bytes, expect: null },
    { name: "1.0.0-draft", to: undefined, expect: before.digest },
  ];
}

async function pushDraft(repository: RemoteRepository) {
  const image = await pushImage(repository, "skill");
  await repository.tag(image.manifest, "1.0.0-draft");
  return image;
}

describe("promoting in a registry", () => {
  it("takes six requests with the record of it, the one that finds the image among them", async () => {
    const { registry, repository } = await setUpRemote();
    await pushDraft(repository);
    registry.takeLog();
    const user = new RemoteStore().repository(repository.name);
    await user.resolve("1.0.0-draft");
    await user.retag(promotion("skill"));
    const { config, layer } = makeImage("skill");
    const subject = promoted("skill", "testing").descriptor;
    const record = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers: [layer], subject };
    const { descriptor, bytes } = describeManifest(record, MediaType.manifest);
    await user.push(descriptor, bytes);
    const log = registry.takeLog();
    expect(log.toSorted()).toEqual([
      "DELETE /v2/examples/hello/manifests/1.0.0-draft 202",
      "GET /v2/examples/hello/manifests/1.0.0-draft 200",
      "HEAD /v2/examples/hello/manifests/1.0.0-draft 200",
      "HEAD /v2/examples/hello/manifests/1.0.0-testing 404",
      "PUT /v2/examples/hello/manifests/1.0.0-testing 201",
      `PUT /v2/examples/hello/manifests/${descriptor.digest} 201`,
    ]);
  });

  it("conflicts for the second of two who do it at once, on different machines", async () => {
    const { registry, repository } = await setUpRemote();
    await pushDraft(repository);
    const users = ["by A", "by B"].map((status) => ({
      changes: promotion("skill", status),
      repository: new RemoteStore().repository(repository.name),
    }));
    // Both have looked before either writes.
    let seen = 0;
    let release = (): void => undefined;
    const bothLooked = new Promise<void>((resolve) => (release = resolve));
    const look = (): void => void (++seen === 2 && release());
    registry.fail({ method: "PUT", path: "1.0.0-testing", times: 2, hold: bothLooked, seen: look });
    const outcomes = await Promise.allSettled(users.map(async (user) => user.repository.retag(user.changes)));
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(outcomes.find((outcome) => outcome.status === "rejected")).toMatchObject({ reason: { code: "CONFLICT" } });
    expect(await listOf(repository.tags())).toEqual(["1.0.0-testing"]);
  });

  it("is refused at once by a registry that knows conditions, before anything is overwritten", async () => {
    const { registry, repository } = await setUpRemote({ conditional: true });
    await pushDraft(repository);
    const other = promoted("skill", "by somebody else");
    await repository.push(other.descriptor, other.bytes);
    const winner = (): void =>
      void registry.content.repository("examples/hello").tags.set("1.0.0-testing", other.descriptor.digest);
    registry.fail({ method: "PUT", path: "1.0.0-testing", hold: Promise.resolve(), seen: winner });
    await expect(repository.retag(promotion("skill"))).rejects.toMatchObject({ code: "CONFLICT" });
    expect((await repository.resolve("1.0.0-testing")).digest).toBe(other.descriptor.digest);
    expect(await listOf(repository.tags())).toEqual(["1.0.0-draft", "1.0.0-testing"]);
  });
});

describe("setting a tag that was expected to be free", () => {
  it("conflicts when somebody else set it in the same moment", async () => {
    const { registry, repository } = await setUpRemote();
    const one = await pushImage(repository, "one");
    const two = await pushImage(repository, "two");
    const rival = (): void => void registry.content.repository("examples/hello").tags.set("1.0.0", two.manifest.digest);
    registry.fail({ method: "HEAD", path: "/manifests/1.0.0", status: 404, headers: { "x-first": "look" } });
    registry.fail({ method: "HEAD", path: "/manifests/1.0.0", hold: Promise.resolve(), seen: rival });
    const retag = repository.retag([{ name: "1.0.0", to: one.manifest, expect: null }]);
    await expect(retag).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(retag).rejects.toThrow("somebody else set it, too");
  });

  it("writes nothing when it names the image already", async () => {
    const { registry, repository } = await setUpRemote();
    const { manifest } = await pushDraft(repository);
    registry.takeLog();
    await repository.retag([{ name: "1.0.0-draft", to: manifest, expect: manifest.digest }]);
    expect(registry.takeLog()).toEqual(["HEAD /v2/examples/hello/manifests/1.0.0-draft 200"]);
  });

  it("works out when the answer was lost and the request repeated", async () => {
    const { registry, repository } = await setUpRemote({ conditional: true });
    const { manifest } = await pushImage(repository, "one");
    registry.fail({ method: "PUT", path: "/manifests/1.0.0", loseResponse: true });
    await repository.retag([{ name: "1.0.0", to: manifest, expect: null }]);
    expect((await repository.resolve("1.0.0")).digest).toBe(manifest.digest);
  });
});

describe("removing tags", () => {
  it("that a registry does not remove leaves them, does all else, and says which they are", async () => {
    const { repository } = await setUpRemote({ deletes: "digests" });
    const { manifest } = await pushDraft(repository);
    await repository.tag(manifest, "nightly");
    const retag = repository.retag([...promotion("skill"), { name: "nightly", to: undefined }]);
    await expect(retag).rejects.toMatchObject({
      code: "REGISTRY_UNSUPPORTED",
      remaining: ["1.0.0-draft", "nightly"],
    });
    expect(await listOf(repository.tags())).toEqual(["1.0.0-draft", "1.0.0-testing", "nightly"]);
    await expect(repository.untag("nightly")).rejects.toMatchObject({ remaining: ["nightly"] });
  });

  it("never removes the manifest instead", async () => {
    const { repository } = await setUpRemote();
    const { manifest } = await pushDraft(repository);
    await repository.retag([{ name: manifest.digest, to: undefined }]);
    await expect(repository.untag(manifest.digest)).rejects.toMatchObject({ code: "REFERENCE_INVALID" });
    expect(await repository.resolve(manifest.digest)).toEqual(manifest);
  });

  it("that one may not remove leaves them, too", async () => {
    const { registry, repository } = await setUpRemote();
    await pushDraft(repository);
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "delete: not for you" }] });
    registry.fail({ method: "DELETE", status: 403, body });
    const retag = repository.retag(promotion("skill"));
    await expect(retag).rejects.toMatchObject({ remaining: ["1.0.0-draft"], cause: { code: "REGISTRY_DENIED" } });
  });

  it("that one may not remove gives the registry's own words the first say", async () => {
    const { registry, repository } = await setUpRemote();
    await pushDraft(repository);
    const errors = [{ code: "DENIED", message: "delete: not on Sundays" }];
    registry.fail({ method: "DELETE", status: 403, body: JSON.stringify({ errors }) });
    await expect(repository.untag("1.0.0-draft")).rejects.toMatchObject({
      cause: { hint: expect.stringMatching(/^If that is a matter of rights, log in/) as unknown },
    });
    registry.fail({ method: "DELETE", status: 403, body: "<html>" });
    await expect(repository.untag("1.0.0-draft")).rejects.toMatchObject({
      cause: { hint: expect.stringMatching(/^Ask for the right/) as unknown },
    });
  });

  it.each([{}, { conditional: true }])("spares one that was given to another image meanwhile: %j", async (options) => {
    const { registry, repository } = await setUpRemote(options);
    await pushDraft(repository);
    const other = await pushImage(repository, "another draft");
    await repository.resolve("1.0.0-draft");
    const put = { method: "PUT", path: "/manifests/1.0.0-testing" };
    const { tags } = registry.content.repository("examples/hello");
    registry.fail({ ...put, seen: () => tags.set("1.0.0-draft", other.manifest.digest) });
    await repository.retag(promotion("skill"));
    expect(await listOf(repository.tags())).toEqual(["1.0.0-draft", "1.0.0-testing"]);
    expect((await repository.resolve("1.0.0-draft")).digest).toBe(other.manifest.digest);
  });

  it("is no conflict when the answer was lost and the request repeated", async () => {
    const { registry, repository } = await setUpRemote();
    await pushDraft(repository);
    registry.fail({ method: "DELETE", loseResponse: true });
    await repository.retag(promotion("skill"));
    expect(await listOf(repository.tags())).toEqual(["1.0.0-testing"]);
    registry.fail({ method: "DELETE", loseResponse: true });
    await repository.untag("1.0.0-testing");
  });
});

describe("tagging", () => {
  it("what was just pushed asks for nothing", async () => {
    const { registry, repository } = await setUpRemote();
    const { manifest } = await pushImage(repository, "one");
    registry.takeLog();
    await repository.tag(manifest, "1.0.0");
    expect(registry.takeLog()).toEqual(["PUT /v2/examples/hello/manifests/1.0.0 201"]);
  });

  it("what lies elsewhere in memory of another store is fetched first", async () => {
    const { registry, repository } = await setUpRemote();
    const { manifest } = await pushImage(repository, "one");
    registry.takeLog();
    await new RemoteStore().repository(repository.name).tag(manifest, "1.0.0");
    expect(registry.takeLog()).toEqual([
      `GET /v2/examples/hello/manifests/${manifest.digest} 200`,
      "PUT /v2/examples/hello/manifests/1.0.0 201",
    ]);
  });

  it("refuses bytes that are not what the change says", async () => {
    const { repository } = await setUpRemote();
    const { manifest } = await pushImage(repository, "one");
    const content = bytesOf("x".repeat(manifest.size));
    const retag = repository.retag([{ name: "1.0.0", to: manifest, content }]);
    await expect(retag).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect(await listOf(repository.tags())).toEqual([]);
  });
});
