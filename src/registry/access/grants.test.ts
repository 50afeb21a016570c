import { describe, expect, it } from "vitest";

import { GrantTable, type Grants } from "./grants.ts";

const GRANTS: Grants = {
  "": { reader: ["@anyone"], author: ["@users"], admin: ["root"] },
  myorg: { reader: ["@anyone"], author: ["alice"], approver: ["@group:leads"], mirror: ["robot+sync"] },
  "myorg/secret": { reader: ["@users"], admin: ["alice"] },
};
const table = new GrantTable(GRANTS, { anonymous: true });
const roles = (name: string | undefined, repository: string, ...groups: string[]) =>
  [...table.rolesOf({ name, groups }, repository)].toSorted();

describe("roles", () => {
  it("are those of the longest namespace, alone", () => {
    expect(roles("alice", "other/skill")).toEqual(["author", "reader"]);
    expect(roles("bob", "myorg/skill")).toEqual(["reader"]);
    expect(roles("alice", "myorg/skill")).toEqual(["author", "reader"]);
    expect(roles("root", "myorg/skill")).toEqual(["reader"]);
    expect(roles("root", "myorg/secret/deep/skill")).toEqual(["reader"]);
  });

  it("end at a slash: a name that begins alike is another namespace", () => {
    expect(roles("bob", "myorganic/skill")).toEqual(["author", "reader"]);
    expect(roles("bob", "myorg")).toEqual(["reader"]);
    expect(roles("bob", "myorg/secretary")).toEqual(["reader"]);
    expect(roles(undefined, "myorg/secretary")).toEqual(["reader"]);
    expect(roles(undefined, "myorg/secret")).toEqual([]);
  });

  it("come with groups, and include others; nothing includes mirror", () => {
    expect(roles("oidc+carol", "myorg/skill", "leads")).toEqual(["approver", "reader"]);
    expect(roles("robot+sync", "myorg/skill")).toEqual(["mirror", "reader"]);
    expect(roles("alice", "myorg/secret")).toEqual(["admin", "approver", "author", "reader"]);
  });

  it("are that of a reader at most without a login, and none where reading is not open", () => {
    expect(roles(undefined, "other/skill")).toEqual(["reader"]);
    const open = new GrantTable({ "": { author: ["@anyone"] } }, { anonymous: true });
    expect([...open.rolesOf({ name: undefined, groups: ["leads"] }, "a")]).toEqual([]);
    const closed = new GrantTable(GRANTS, { anonymous: false });
    expect([...closed.rolesOf({ name: undefined, groups: [] }, "other/skill")]).toEqual([]);
  });

  it("are not had by a token of a public identity provider alone: it vouches for the whole world", () => {
    const stranger = { name: "github+mallory", groups: [], provider: "github" };
    const closed = new GrantTable(GRANTS, { anonymous: false });
    for (const repository of ["other/skill", "myorg/skill", "myorg/secret"])
      expect([...closed.rolesOf(stranger, repository)]).toEqual([]);
    expect([...table.rolesOf(stranger, "other/skill")]).toEqual(["reader"]);
    const corp = new GrantTable({ "": { author: ["@provider:corp"] } }, { anonymous: false });
    expect([...corp.rolesOf({ name: "corp+ann", groups: [], provider: "corp" }, "a")]).toEqual(["author", "reader"]);
    expect([...corp.rolesOf(stranger, "a")]).toEqual([]);
  });

  it("are none where no namespace is named", () => {
    const table = new GrantTable({ myorg: { reader: ["@users"] } }, { anonymous: false });
    expect([...table.rolesOf({ name: "alice", groups: [] }, "other")]).toEqual([]);
  });

  it.each<[string, Record<string, Record<string, string[]>>]>([
    ["a namespace that ends in a slash", { "myorg/": {} }],
    ["a role that there is not", { myorg: { owner: ["alice"] } }],
    ["a role of every object", { myorg: { constructor: ["alice"] } }],
    ["a mark that there is not", { myorg: { reader: ["@user"] } }],
    ["a group without a name", { myorg: { reader: ["@group:"] } }],
    ["nobody", { myorg: { reader: [""] } }],
  ])("are refused for %s", (_, grants) => {
    expect(() => new GrantTable(grants, { anonymous: false })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });
});
