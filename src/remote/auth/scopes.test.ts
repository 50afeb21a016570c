import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { namedScopes, plainScopes, Scopes, scopesFor } from "./scopes.ts";

const REPOSITORY = "myorg/hello-world";

describe("the scopes of a request", () => {
  it("allow what it is about to do, and what goes with it", () => {
    const texts = (access: "pull" | "push" | "delete") => scopesFor({ repository: REPOSITORY, access }).texts;
    expect(texts("pull")).toEqual([`repository:${REPOSITORY}:pull`]);
    expect(texts("push")).toEqual([`repository:${REPOSITORY}:pull,push`]);
    expect(texts("delete")).toEqual([`repository:${REPOSITORY}:pull,push,delete`]);
  });

  it("allow to read where content is mounted from", () => {
    const scope = { repository: REPOSITORY, access: "push", mountFrom: "myorg/other" } as const;
    expect(scopesFor(scope).texts).toEqual([`repository:${REPOSITORY}:pull,push`, "repository:myorg/other:pull"]);
    expect(scopesFor({ ...scope, mountFrom: REPOSITORY }).texts).toEqual([`repository:${REPOSITORY}:pull,push`]);
  });

  it("are none without a repository", () => {
    expect(scopesFor({ repository: undefined, access: "pull" }).texts).toEqual([]);
  });
});

describe("scopes", () => {
  it("are compared by what they allow", () => {
    const push = new Scopes(["repository:a:pull,push"]);
    expect(push.includes(new Scopes(["repository:a:pull"]))).toBe(true);
    expect(push.includes(new Scopes(["repository:a:push,pull"]))).toBe(true);
    expect(push.includes(new Scopes(["repository:a:delete"]))).toBe(false);
    expect(push.includes(new Scopes(["repository:b:pull"]))).toBe(false);
    expect(new Scopes(["repository:a:*"]).includes(push)).toBe(true);
    expect(push.includes(new Scopes(["aws"]))).toBe(false);
  });

  it("that are joined include both", () => {
    const scope = fc
      .tuple(fc.constantFrom("repository:a", "repository:h:5000/b", "registry:catalog"), fc.string())
      .map(([resource, action]) => `${resource}:${action.replaceAll(/[:,]/g, "")}`);
    fc.assert(
      fc.property(fc.array(scope), fc.array(scope), (left, right) => {
        const [a, b] = [new Scopes(left), new Scopes(right)];
        expect(a.with(b).includes(a)).toBe(true);
        expect(a.with(b).includes(b)).toBe(true);
      }),
    );
  });

  it("of a challenge are read one by one, whatever else is in there", () => {
    expect(namedScopes("repository:a:pull  repository:h:5000/b:push aws").texts).toEqual([
      "repository:a:pull",
      "repository:h:5000/b:push",
      "aws",
    ]);
    expect(namedScopes("repository:a:pull\r\nX-Evil:1 ok").texts).toEqual(["ok"]);
    expect(namedScopes(undefined).texts).toEqual([]);
    expect(namedScopes(Array.from({ length: 1000 }, (_, at) => `repository:r${at}:pull`).join(" ")).texts).toHaveLength(
      32,
    );
  });

  it("can be reduced to what the simplest token server understands", () => {
    const scopes = new Scopes(["repository:a:pull,push,delete", "repository:b:pull", "registry:catalog:*"]);
    expect(plainScopes(scopes).texts).toEqual(["repository:a:pull,push", "repository:b:pull"]);
  });
});
