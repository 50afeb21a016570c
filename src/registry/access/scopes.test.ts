import { describe, expect, it } from "vitest";

import { formatScope, parseScopes } from "./scopes.ts";

describe("scopes", () => {
  it("are read from one value or several, and joined", () => {
    expect(parseScopes(["repository:a/b:pull repository:c:push,pull", "repository:a/b:push"])).toEqual([
      { type: "repository", name: "a/b", actions: ["pull", "push"] },
      { type: "repository", name: "c", actions: ["pull", "push"] },
    ]);
    expect(parseScopes(["repository(plugin):a:*"])).toEqual([
      { type: "repository", name: "a", actions: ["pull", "push", "delete"] },
    ]);
    expect(parseScopes(["registry:catalog:*"])).toEqual([{ type: "registry", name: "catalog", actions: ["*"] }]);
    expect(parseScopes([formatScope("a/b", "push")])?.[0]?.actions).toEqual(["pull", "push"]);
  });

  it.each([
    "",
    "repository",
    "repository:a",
    "repository:../a:pull",
    "repository:A:pull",
    "registry:all:*",
    "x:y:z",
    "repository:a:admin",
  ])("give nothing for %j", (text) => {
    expect(parseScopes([text])).toEqual([]);
  });

  it("are refused when there are more than a client needs", () => {
    expect(parseScopes([Array.from({ length: 101 }, (_, at) => `repository:r${at}:pull`).join(" ")])).toBeUndefined();
    expect(parseScopes(Array.from({ length: 101 }, (_, at) => `repository:r${at}:pull`))).toBeUndefined();
  });
});
