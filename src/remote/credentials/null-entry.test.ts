import { expect, it } from "vitest";

import { AuthFile } from "./auth-file.ts";

it("an entry that is null holds nothing, as for docker and podman, and hides no less specific one", () => {
  const auth = Buffer.from("ada:s3cret").toString("base64");
  const file = new AuthFile("auth.json", JSON.stringify({ auths: { "quay.io/myorg": null, "quay.io": { auth } } }));
  expect([...file.candidates("quay.io/myorg/hello-world")]).toEqual([
    { kind: "basic", username: "ada", password: "s3cret" },
  ]);
});
