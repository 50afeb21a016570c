import { expect, it } from "vitest";

import { AuthFile } from "./auth-file.ts";

const kept = (document: string): string =>
  new AuthFile("/auth.json", document).textWithout("quay.io").replaceAll(/\s+/g, "");

it.each(["9007199254740993", "123456789012345678901234567890", "1.0", "1e400", "-0", "0.10", "1E5"])(
  "a login writes the number %s of another tool's setting as it was",
  (number) => {
    expect(kept(`{"auths":{},"detachKeys":{"a":[${number}],"b":2}}`)).toBe(
      `{"auths":{},"detachKeys":{"a":[${number}],"b":2}}`,
    );
  },
);

it("numbers in texts are texts", () => {
  const document = `{"auths":{},"note":"9007199254740993\\"1.0\\\\"}`;
  expect(kept(document)).toBe(document);
});

it("what is no number makes the file invalid, as before", () => {
  for (const token of ["01", "1.", "-", "1-2", "+1"]) {
    expect(() => new AuthFile("/auth.json", `{"a":${token}}`).textWithout("quay.io")).toThrow(/it is not JSON/);
  }
});
