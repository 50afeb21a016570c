import { expect, it } from "vitest";

import { RemoteStore, type Credential } from "./index.ts";

const NAME = "registry.example.com/team/skill";
const storeWith = (credential: Credential | undefined): RemoteStore =>
  new RemoteStore({ credentials: { find: async (name) => (name === NAME ? credential : undefined) } });
const basic = (username: string): Credential => ({ kind: "basic", username, password: "secret" });

it.each([
  ["a user", basic("ada"), "ada"],
  ["a robot", basic("myorg+robot"), "myorg+robot"],
  ["what ECR calls everybody", basic("AWS"), undefined],
  ["what stands for a token", basic("<token>"), undefined],
  ["no user name", basic(""), undefined],
  ["a token", { kind: "identity-token", token: "secret" } as const, undefined],
  ["nobody", undefined, undefined],
])("names %s as a registry knows it", async (_, credential, name) => {
  const store = storeWith(credential);
  expect(await store.loginName(NAME)).toBe(name);
  expect(await store.loginName("registry.example.com/other/skill")).toBeUndefined();
});

it("asks for the credential of the place that a repository is at", async () => {
  const asked: string[] = [];
  const store = new RemoteStore({
    credentials: { find: async (name) => void asked.push(name) },
    endpoints: {
      endpoints: async () => [
        { scheme: "https", registry: "mirror.example.com", repository: "m/skill", tls: {}, mirror: { pull: "all" } },
        { scheme: "https", registry: "elsewhere.example.com", repository: "moved/skill", tls: {} },
      ],
    },
  });
  await store.loginName(NAME);
  expect(asked).toEqual(["elsewhere.example.com/moved/skill"]);
});
