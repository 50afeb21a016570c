/** What a hostile registry can make skillctl print: neither a secret, nor anything that a terminal would obey. */
import { beforeAll, describe, expect, it } from "vitest";

import { describeManifest, digestOf, MediaType, type Digest } from "../../src/oci/index.ts";
import { HostileWorld, PASSWORD } from "./hostile.ts";
import { createWorkspace, type Workspace } from "./skillctl.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
});

const ALWAYS = { times: 1000 } as const;
/** A link, a cleared screen, an overwritten line, reversed text, a C1 sequence and tag characters, in one. */
const EVIL = "\u001b]8;;http://evil.example\u0007click\u001b[2J\rsafe\u202egnp\u2066\u009b31m\u200b\u{e0041}\u0000";
// oxlint-disable-next-line no-control-regex -- these are what must not come through
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/u;

/** The manifest of the world's skill. */
function manifestOf({ registry }: HostileWorld): {
  readonly digest: Digest;
  readonly document: Record<string, unknown>;
} {
  const repository = registry.content.repository("team/hello");
  const digest = repository.tags.get("1.0.0") as Digest;
  const bytes = repository.manifests.get(digest)?.bytes ?? new Uint8Array();
  return { digest, document: JSON.parse(Buffer.from(bytes).toString()) as Record<string, unknown> };
}

/** Puts a manifest into the registry, past every check. */
function plant({ registry }: HostileWorld, document: object, tag?: string): Digest {
  const { bytes } = describeManifest(document as Parameters<typeof describeManifest>[0], MediaType.manifest);
  const repository = registry.content.repository("team/hello");
  repository.manifests.set(digestOf(bytes), { mediaType: MediaType.manifest, bytes });
  if (tag !== undefined) repository.tags.set(tag, digestOf(bytes));
  return digestOf(bytes);
}

/** Runs commands in all ways in which they print. */
async function obeysNothing(world: HostileWorld, ...commands: readonly (readonly string[])[]): Promise<string> {
  let all = "";
  for (const command of commands) {
    for (const flags of [[], ["--json"], ["--quiet"]]) {
      const { stdout, stderr } = await world.run(...command, ...flags);
      world.keepsSecret(stdout, stderr);
      expect((stdout + stderr).match(OBEYED), `${command.join(" ")} ${flags.join(" ")}`).toBeNull();
      all += stdout + stderr;
    }
  }
  return all;
}

describe("a terminal does not obey", () => {
  it("what a skill says of itself, of its end and of who promoted it", async () => {
    const world = await HostileWorld.create(user);
    const { document } = manifestOf(world);
    const known = document["annotations"] as Record<string, string>;
    const annotations = {
      ...Object.fromEntries(Object.keys(known).map((key) => [key, EVIL])),
      "io.skillimage.name": known["io.skillimage.name"] ?? "",
      "org.opencontainers.image.version": "1.0.0",
      "io.skillimage.status": "deprecated",
      "io.skillimage.tags": JSON.stringify([EVIL]),
      "io.skillimage.deprecation.reason": EVIL,
      "io.skillimage.deprecation.replaced-by": EVIL,
      [EVIL]: EVIL,
    };
    const digest = plant(world, { ...document, annotations }, "1.0.0");
    const { config, layers } = document as { config: object; layers: object[] };
    plant(world, {
      schemaVersion: 2,
      mediaType: MediaType.manifest,
      artifactType: MediaType.promotion,
      config: { ...config, mediaType: MediaType.promotion },
      layers,
      subject: { mediaType: MediaType.manifest, digest, size: 1000 },
      annotations: Object.fromEntries(
        ["from", "to", "from-digest", "to-digest", "layer-digest", "time", "actor", "reason"].map((key) => [
          `io.skillimage.promotion.${key}`,
          { from: "published", to: "deprecated", "from-digest": digest, "to-digest": digest }[key] ?? EVIL,
        ]),
      ),
    });
    const repository = world.skill.replace(/:[^:]*$/, "");
    const printed = await obeysNothing(
      world,
      ["inspect", world.skill],
      ["list", repository],
      ["history", world.skill],
      ["history", world.skill, "--no-trunc"],
      ["pull", "--force", world.skill],
      ["promote", world.skill, "--to", "published"],
      ["diff", world.skill, `${repository}@${digest}`],
    );
    expect(printed).toContain("\\u{1b}]8;;http://evil.example\\u{7}click");
  });

  it("names in lists, words in errors, warnings, and where a redirect leads", async () => {
    const world = await HostileWorld.create(user);
    const error = JSON.stringify({
      errors: [
        { code: EVIL, message: EVIL },
        { code: "DENIED", message: EVIL },
      ],
    });
    const headers = { warning: '299 - "\\u001b[31m"', "x-evil": "\u009b31m" };
    const escaped = encodeURIComponent(EVIL);
    world.registry.fail({ times: 3, path: "/tags/list", status: 200, body: JSON.stringify({ tags: [EVIL] }), headers });
    world.registry.fail({ times: 3, path: "_catalog", status: 200, body: JSON.stringify({ repositories: [EVIL] }) });
    const location = `/${escaped}?${escaped}=${escaped}&n=${escaped}`;
    world.registry.fail({ times: 3, method: "GET", path: "/manifests/", status: 307, headers: { location } });
    world.registry.fail({ ...ALWAYS, status: 418, body: error, headers });
    const repository = world.skill.replace(/:[^:]*$/, "");
    await obeysNothing(
      world,
      ["list", repository],
      ["inspect", world.skill],
      ["push", world.skill],
      ["pull", world.skill],
    );
  });
});

describe("a password is not printed", () => {
  it("by a registry that repeats it in its error, nor by Node when it is told to say all", async () => {
    const world = await HostileWorld.create(user);
    const basic = Buffer.from(`ada:${PASSWORD}`).toString("base64");
    for (const repeated of [PASSWORD, `authorization: Basic ${basic}`, `Basic ${basic.replace(/=+$/, "")}`]) {
      const body = JSON.stringify({ errors: [{ code: "DENIED", message: `you sent ${repeated}` }] });
      // The first request is the one in nobody's name, which is to be challenged.
      world.registry.fail({ method: "GET", status: 401, headers: { "www-authenticate": "Basic realm=x" } });
      world.registry.fail({ method: "GET", status: 403, body });
      const { status, stdout, stderr } = await world.user.run(["inspect", world.skill, "--verbose"], {
        env: { REGISTRY_AUTH_FILE: user.path("auth.json"), NODE_DEBUG: "http,https,net,tls,stream", DEBUG: "*" },
      });
      world.keepsSecret(stdout, stderr);
      expect([status, stderr.includes("(403, DENIED)")], stderr.slice(-2000)).toEqual([1, true]);
    }
  });

  it.each([
    ["inspect", "ada:Canary-4711@quay.io/a/b:1"],
    ["pull", "https://ada:Canary-4711@quay.io/a/b:1"],
    ["list", "https://ada:Canary-4711@quay.io/a/b"],
    ["login", "--get-login", "ada:Canary-4711@quay.io"],
    ["logout", "https://ada:Canary-4711@quay.io"],
    ["config", "set", "registry", "https://ada:Canary-4711@quay.io"],
    ["push", "--all", "--to", "ada:Canary-4711@quay.io"],
    ["tag", "a:1", "ada:Canary-4711@quay.io/a/b:1"],
  ])("by %s %s, whoever wrote it into a name", async (...args) => {
    const env = { HOME: user.directory, SKILLCTL_REGISTRY: "https://ada:Canary-4711@quay.io" };
    for (const flags of [[], ["--json"], ["--verbose"]]) {
      const { stdout, stderr } = await user.run([...args, ...flags], { env });
      expect(stdout + stderr).not.toContain(PASSWORD);
    }
  });
});
