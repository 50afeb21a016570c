import { describe, expect, it } from "vitest";

import { authFileLocations, loginLocation, type CredentialEnvironment } from "./locations.ts";

const LINUX = { platform: "linux", home: "/home/me", uid: 1000, variables: {} } as const;
const paths = (environment: CredentialEnvironment) => authFileLocations(environment).map(({ path }) => path);

describe("the files that may hold credentials", () => {
  it("are those of podman, then those of docker", () => {
    expect(paths({ ...LINUX, variables: { XDG_RUNTIME_DIR: "/run/user/1000" } })).toEqual([
      "/run/user/1000/containers/auth.json",
      "/home/me/.config/containers/auth.json",
      "/home/me/.docker/config.json",
      "/home/me/.dockercfg",
    ]);
  });

  it("are below /run for a user without a session", () => {
    expect(paths(LINUX)[0]).toBe("/run/containers/1000/auth.json");
  });

  it("are no runtime files where the system has none", () => {
    for (const platform of ["darwin", "win32"] as const) {
      expect(paths({ ...LINUX, platform, variables: { XDG_RUNTIME_DIR: "/run/user/1000" } })).toEqual([
        "/home/me/.config/containers/auth.json",
        "/home/me/.docker/config.json",
        "/home/me/.dockercfg",
      ]);
    }
  });

  it("follow XDG_CONFIG_HOME if that is a path from the root", () => {
    expect(paths({ ...LINUX, variables: { XDG_CONFIG_HOME: "/cfg" } })[1]).toBe("/cfg/containers/auth.json");
    expect(paths({ ...LINUX, variables: { XDG_CONFIG_HOME: "cfg" } })[1]).toBe("/home/me/.config/containers/auth.json");
  });

  it("begin with DOCKER_CONFIG, as a person sets it or Kubernetes mounts it", () => {
    expect(paths({ ...LINUX, variables: { DOCKER_CONFIG: "/secret" } })).toEqual([
      "/secret/config.json",
      "/secret/.dockerconfigjson",
      "/secret/.dockercfg",
      "/run/containers/1000/auth.json",
      "/home/me/.config/containers/auth.json",
      "/home/me/.dockercfg",
    ]);
  });

  it("are only the one that is named", () => {
    const variables = { REGISTRY_AUTH_FILE: "/named.json", DOCKER_CONFIG: "/secret" };
    expect(authFileLocations({ ...LINUX, variables })).toEqual([{ path: "/named.json", required: true }]);
    expect(authFileLocations({ ...LINUX, variables, authFile: "/mine.json" })).toEqual([
      { path: "/mine.json", required: true },
    ]);
  });

  it("are few, and no error, without a home, a session or a user that anybody knows", () => {
    expect(paths({ platform: "linux", variables: { REGISTRY_AUTH_FILE: "", DOCKER_CONFIG: "" } })).toEqual([]);
    expect(paths({ platform: "linux", home: "", variables: {} })).toEqual([]);
    expect(paths({ platform: "linux", variables: { HOME: "/" }, uid: 1000650000 })[0]).toBe(
      "/run/containers/1000650000/auth.json",
    );
  });
});

describe("the file that a login writes", () => {
  it("is the one that docker and podman both read", () => {
    expect(loginLocation(LINUX)).toBe("/home/me/.docker/config.json");
    expect(loginLocation({ ...LINUX, variables: { DOCKER_CONFIG: "/d" } })).toBe("/d/config.json");
    expect(loginLocation({ ...LINUX, variables: { DOCKER_CONFIG: "/d", REGISTRY_AUTH_FILE: "/r" } })).toBe("/r");
    expect(loginLocation({ platform: "linux", variables: {} })).toBeUndefined();
  });

  it("is always among those that are asked", () => {
    for (const variables of [{}, { DOCKER_CONFIG: "/d/" }, { REGISTRY_AUTH_FILE: "r.json" }]) {
      expect(paths({ ...LINUX, variables })).toContain(loginLocation({ ...LINUX, variables }));
    }
  });
});
