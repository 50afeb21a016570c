import { expect, it } from "vitest";

import { digestOf } from "../oci/index.ts";
import { bytesOf } from "../store/testing/images.ts";
import { setUpRemote } from "./testing/remote-fixture.ts";

const bytes = bytesOf("blob");
const blob = { mediaType: "application/octet-stream", digest: digestOf(bytes), size: bytes.byteLength };

it("a mount that is answered with an upload of no address is none, and the bytes are sent", async () => {
  const { registry, repository } = await setUpRemote();
  registry.fail({ method: "POST", path: "mount=", status: 202 });
  await repository.push(blob, bytes, { mountFrom: `${registry.host}/examples/other` });
  expect(await repository.exists(blob)).toBe(true);
});

it("an upload that a registry began in place of a mount is given up when the push fails before it", async () => {
  const { registry, repository } = await setUpRemote();
  registry.fail({ method: "HEAD", path: "/blobs/", status: 403 });
  const pushed = repository.push(blob, bytes, { mountFrom: `${registry.host}/examples/other` });
  await expect(pushed).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
  expect(registry.content.repository("examples/hello").uploads.size).toBe(0);
});
