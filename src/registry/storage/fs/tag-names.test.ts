import fc from "fast-check";
import { expect, it } from "vitest";

import { fileNameToTag, tagToFileName } from "./tag-names.ts";

const TAG = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);

it("gives every tag a file name of its own, in lower case and short enough", () => {
  fc.assert(
    fc.property(TAG, TAG, (one, other) => {
      const name = tagToFileName(one);
      expect(name).toBe(name.toLowerCase());
      expect(name.length).toBeLessThanOrEqual(255);
      expect(fileNameToTag(name)).toBe(one);
      expect(tagToFileName(other) === name).toBe(one === other);
    }),
  );
});

it("keeps tags readable that have no capitals", () => {
  expect(tagToFileName("1.0.0-draft")).toBe("1.0.0-draft");
  expect(tagToFileName("Latest")).toBe("latest=1");
  expect(tagToFileName("LATEST")).toBe("latest=3f");
  expect(tagToFileName("Z".repeat(128))).toBe(`${"z".repeat(128)}=${"f".repeat(32)}`);
});

it.each(["", ".", "..", "a=", "a=0", "a=2", "1=1", "A", "a=1=1", "a=01", ".tmp", "a/b", "latest=g"])(
  "takes %j for no tag's file",
  (name) => expect(fileNameToTag(name)).toBeUndefined(),
);
