import { describe, expect, it } from "vitest";

import { publicAddress } from "./provenance.ts";

describe("the address of a repository", () => {
  it.each([
    ["https://github.com/myorg/skills.git", "https://github.com/myorg/skills"],
    ["https://robot:s3cret@github.com/myorg/skills", "https://github.com/myorg/skills"],
    ["https://s3cret@git.example.com:8443/a/b.git?token=s3cret#s3cret", "https://git.example.com:8443/a/b"],
    ["git@github.com:myorg/skills.git", "https://github.com/myorg/skills"],
    ["ssh://git:s3cret@git.example.com:2222/a/b.git", "https://git.example.com/a/b"],
  ])("%s is told as %s", (remote, address) => {
    expect(publicAddress(remote)).toBe(address);
  });

  it.each(["/srv/git/skills.git", "file:///srv/git/skills.git", "../skills", "C:\\skills", "javascript:alert(1)", ""])(
    "%s is told to nobody",
    (remote) => {
      expect(publicAddress(remote)).toBeUndefined();
    },
  );
});
