import { expect, it } from "vitest";

import { formatReference, parseReference } from "../../oci/reference.ts";
import { expandName, resolveShortName, type NameExpansion } from "./short-names.ts";

const aliases = new Map([
  ["hello", "quay.io/myorg/hello"],
  ["tools/hello", "quay.io/tools/hello"],
]);
const expand = (text: string, expansion: NameExpansion): string =>
  formatReference(expandName(parseReference(text), expansion));

it("an alias names a repository, tag and digest stay", () => {
  expect(expand("hello:1.0.0", { aliases })).toBe("quay.io/myorg/hello:1.0.0");
  expect(expand("tools/hello:1.0.0", { aliases })).toBe("quay.io/tools/hello:1.0.0");
  const digest = `sha256:${"0".repeat(64)}`;
  expect(expand(`hello@${digest}`, { aliases })).toBe(`quay.io/myorg/hello@${digest}`);
});

it("the default registry comes before an alias, most of which nobody here has written", () => {
  expect(expand("hello:1.0.0", { aliases, defaultRegistry: "ghcr.io/acme" })).toBe("ghcr.io/acme/hello:1.0.0");
  expect(expand("a/b", { defaultRegistry: "localhost:5000" })).toBe("localhost:5000/a/b");
});

it("a name that says where it is, or that nobody knows, stays as it is", () => {
  expect(expand("quay.io/x/hello:1", { aliases, defaultRegistry: "ghcr.io/acme" })).toBe("quay.io/x/hello:1");
  expect(expand("other:1", { aliases })).toBe("other:1");
  expect(resolveShortName("__proto__", aliases)).toBeUndefined();
});

it("a default registry without a host is told", () => {
  expect(() => expand("hello", { defaultRegistry: "myorg" })).toThrow(
    '"myorg/hello" does not say which registry is meant',
  );
});
