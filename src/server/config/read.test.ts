import { describe, expect, it } from "vitest";

import { parseServerConfig } from "./read.ts";

/** The message of the error that a text causes. */
function refusal(text: string): string {
  try {
    parseServerConfig(text, "/etc/skillctl/registry.yaml");
  } catch (error) {
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    return (error as Error).message;
  }
  throw new Error("it was accepted");
}

describe("the configuration of a server", () => {
  it("may be empty", () => {
    expect(parseServerConfig("", "/c.yaml")).toEqual({});
    expect(parseServerConfig("# nothing yet\nlog:\n", "/c.yaml")).toEqual({});
  });
  it("has sizes, times and paths in the units of the library", () => {
    const text = `
listen: 0.0.0.0:443
root: data
tls: { certificate: /c.pem, key: k.pem }
access:
  anonymousPull: true
  grants: { "": { reader: ["@anyone"] }, team/a: { admin: [ada] } }
  oidc: [{ issuer: "https://ci.example.com", audience: skills, groups: [{ group: ci, claims: { ref: main } }] }]
quota: { "": { bytes: 1GiB }, team/a: { manifests: 0 } }
limits: { blobSize: 2GiB, manifestSize: 4194304, idleTimeout: 90s }
gc: { every: 30m, grace: 2h, uploads: 7d }
webhooks: [{ url: "https://example.com/hook", secretFile: hook.key, events: [push, promote] }]
log: { level: warn, requests: false }
`;
    expect(parseServerConfig(text, "/etc/skillctl/registry.yaml")).toMatchObject({
      root: "/etc/skillctl/data",
      tls: { certificate: "/c.pem", key: "/etc/skillctl/k.pem" },
      access: { anonymousPull: true, grants: { "team/a": { admin: ["ada"] } } },
      quota: { "": { bytes: 1024 ** 3 }, "team/a": { manifests: 0 } },
      limits: { blobSize: 2 * 1024 ** 3, manifestSize: 4194304, idleTimeout: 90_000 },
      gc: { every: 1_800_000, grace: 7_200_000, uploads: 604_800_000 },
      webhooks: [{ secretFile: "/etc/skillctl/hook.key", events: ["push", "promote"] }],
    });
  });
  it("says of every problem where it is", () => {
    const message = refusal("listen: 5000\nlimits:\n  blobSize: lots\n  blobsize: 1\ntls:\n  key: a\n");
    expect(message).toContain("/etc/skillctl/registry.yaml:1:9: listen must be text");
    expect(message).toContain("registry.yaml:3:13: limits.blobSize must be a size");
    expect(message).toContain('registry.yaml:4:3: the key "blobsize" is not known');
    expect(message).toMatch(/registry\.yaml:[56]:\d+: tls lacks the key certificate/);
  });
  it("takes no time that a timer cannot wait, for which it would not wait at all", () => {
    const message = refusal(
      "gc: { every: 30d, grace: 90d }\nlimits: { idleTimeout: 0s }\nshutdownTimeout: 1000h\naccess: { limits: { loginWindow: 2592000 } }\n",
    );
    expect(message).toContain("yaml:1:14: gc.every must be a length of time from 1s to 24d");
    expect(message).toContain("yaml:2:24: limits.idleTimeout must be a length of time from 1s to 24d");
    expect(message).toContain("yaml:3:18: shutdownTimeout must be a length of time from 0s to 24d");
    expect(message).toContain("yaml:4:34: access.limits.loginWindow must be a whole number from 1 to 2147483");
    expect(message).not.toContain("grace");
    expect(parseServerConfig("gc: { every: 24d }\nshutdownTimeout: 0s\n", "/c.yaml")).toMatchObject({
      gc: { every: 24 * 86_400_000 },
      shutdownTimeout: 0,
    });
  });
  it("says where a rule, a namespace or a subject is that there cannot be", () => {
    const message = refusal(`admission:
  rules: { lifecycle: true, imutable-versions: true }
quota:
  team/: { bytes: 1GiB }
access:
  grants:
    /team: { reader: ["@everyone"], approver: [ada] }
`);
    expect(message).toContain('registry.yaml:2:29: the key "imutable-versions" is not a rule');
    expect(message).toContain('registry.yaml:4:3: the key "team/" is not a namespace');
    expect(message).toContain('registry.yaml:7:5: the key "/team" is not a namespace');
    expect(message).toMatch(/registry\.yaml:7:23: \S+ is wrong: "@everyone" is nobody who can have a role/);
    expect(() => parseServerConfig("admission: { rules: { imutable-versions: true } }", "/c.yaml")).toThrow(
      expect.objectContaining({ hint: "Did you mean immutable-versions?" }),
    );
  });
  it("says where a webhook would be told of nothing, as no repository's name begins so", () => {
    const webhook = (namespace: string): string =>
      `webhooks: [{ url: "https://example.com/", secretFile: k, namespace: ${namespace} }]`;
    for (const namespace of ["myorg/", "/myorg", "MyOrg", "myorg/*"]) {
      expect(refusal(webhook(`"${namespace}"`))).toContain(
        `yaml:1:69: webhooks[0].namespace is wrong: "${namespace}" is not a namespace`,
      );
    }
    expect(parseServerConfig(webhook("myorg/team"), "/c.yaml").webhooks?.[0]?.namespace).toBe("myorg/team");
  });
  it("says where a public URL is none, also where nobody logs in", () => {
    for (const url of ["registry.example.com", "ftp://registry.example.com", "https://"]) {
      expect(refusal(`publicUrl: ${url}`)).toContain(
        "yaml:1:12: publicUrl is wrong: the public URL is not a URL of http or https",
      );
    }
    const given = "https://registry.example.com:8443/skills";
    expect(parseServerConfig(`publicUrl: ${given}`, "/c.yaml").publicUrl).toBe(given);
  });
  it("suggests what an unknown key may have been meant to be", () => {
    expect(() => parseServerConfig("acess: {}", "/c.yaml")).toThrow(
      expect.objectContaining({ hint: "Did you mean access?" }),
    );
  });
  it.each([
    ["a list", "- listen", "must be a mapping"],
    ["a key twice", "root: a\nroot: b", "stands here twice"],
    ["an alias", "root: &a x\nlisten: *a", "is not supported"],
    ["broken YAML", "listen: [", "not valid YAML"],
    ["a level that there is not", "log: { level: loud }", "must be one of debug, info"],
    ["a time without a unit", "gc: { every: 60 }", "must be a length of time"],
    ["a number below its least", "access: { tokenLifetime: 1 }", "from 60 to 3600"],
    ["an event that there is not", "webhooks: [{ url: x, secretFile: y, events: [sneeze] }]", "must be one of push"],
  ])("refuses %s", (_, text, problem) => {
    expect(refusal(text)).toContain(problem);
  });
});
