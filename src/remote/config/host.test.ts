import { expect, it } from "vitest";

import { apiHost, normalizeName } from "./host.ts";

it.each([
  ["docker.io", "alpine", "docker.io", "library/alpine"],
  ["Index.Docker.io", "alpine", "docker.io", "library/alpine"],
  ["docker.io", "myorg/x", "docker.io", "myorg/x"],
  ["Quay.io", "x", "quay.io", "x"],
])("%s/%s is %s/%s", (host, path, ...expected) => {
  expect(Object.values(normalizeName({ host, path }))).toEqual(expected);
});

it("Docker Hub is spoken to at another host", () => {
  expect([apiHost("docker.io"), apiHost("quay.io")]).toEqual(["registry-1.docker.io", "quay.io"]);
});
