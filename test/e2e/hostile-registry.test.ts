/** What a hostile registry can do to whoever runs skillctl: nothing but fail, with a clear message, and learn no password. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";

import { beforeAll, describe, expect, it } from "vitest";

import { digestOf } from "../../src/oci/index.ts";
import type { Fault } from "../../src/remote/testing/fake-faults.ts";
import { HostileWorld } from "./hostile.ts";
import { createWorkspace, type Workspace } from "./skillctl.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
});

const ALWAYS = { times: 1000 } as const;
const MANIFEST = { ...ALWAYS, method: "GET", path: "/manifests/" } satisfies Fault;
const BLOB = { ...ALWAYS, method: "GET", path: "/blobs/sha256" } satisfies Fault;
const TAGS = { ...ALWAYS, path: "/tags/list" } satisfies Fault;
const IMAGE = "application/vnd.oci.image.manifest.v1+json";

/** A fault that the registry commits, what is asked of it then, and how that ends. `EVIL` in headers is the stranger. */
const ATTACKS: readonly (readonly [title: string, fault: Fault, args: readonly string[], code: string])[] = [
  ["asks for the password again and again", { ...ALWAYS, status: 401 }, ["pull", "SKILL"], "REGISTRY_UNAUTHORIZED"],
  [
    "leads a reader of layers to a stranger, who has other bytes",
    { ...BLOB, status: 307, headers: { location: "http://EVIL/blob" } },
    ["pull", "SKILL", "-o", "out"],
    "SIZE_MISMATCH",
  ],
  [
    "leads a reader of manifests in a circle",
    { ...MANIFEST, status: 302, headers: { location: "/v2/team/hello/manifests/1.0.0" } },
    ["inspect", "SKILL"],
    "RESPONSE_INVALID",
  ],
  [
    "continues its list at a stranger's",
    { ...TAGS, status: 200, body: '{"tags":["1.0.0"]}', headers: { link: '<http://EVIL/tags>; rel="next"' } },
    ["list", "REPOSITORY"],
    "RESPONSE_INVALID",
  ],
  [
    "continues its list where it began",
    {
      ...TAGS,
      status: 200,
      body: '{"tags":["1.0.0"]}',
      headers: { link: "</v2/team/hello/tags/list?n=1000>; rel=next" },
    },
    ["list", "REPOSITORY"],
    "RESPONSE_INVALID",
  ],
  [
    "announces another digest than that of what it sends",
    {
      ...MANIFEST,
      status: 200,
      body: "{}",
      headers: { "content-type": IMAGE, "docker-content-digest": `sha256:${"0".repeat(64)}` },
    },
    ["inspect", "SKILL"],
    "DIGEST_MISMATCH",
  ],
  [
    "sends a manifest of more than 4 MiB",
    { ...MANIFEST, status: 200, body: Buffer.alloc(5 << 20, 32), headers: { "content-type": IMAGE } },
    ["inspect", "SKILL"],
    "MANIFEST_TOO_LARGE",
  ],
  [
    "sends a manifest with a key twice",
    { ...MANIFEST, status: 200, body: '{"schemaVersion":2,"schemaVersion":2}', headers: { "content-type": IMAGE } },
    ["inspect", "SKILL"],
    "JSON_INVALID",
  ],
  [
    "sends a manifest that is nested without end",
    {
      ...MANIFEST,
      status: 200,
      body: '{"a":'.repeat(50_000) + "1" + "}".repeat(50_000),
      headers: { "content-type": IMAGE },
    },
    ["inspect", "SKILL"],
    "JSON_INVALID",
  ],
  [
    "sends layers that were changed",
    { ...BLOB, status: 200, body: Buffer.alloc(400, 7) },
    ["pull", "SKILL", "-o", "out"],
    "SIZE_MISMATCH",
  ],
  [
    "asks to wait for a day",
    { ...ALWAYS, status: 429, headers: { "retry-after": "86400" } },
    ["pull", "SKILL"],
    "REGISTRY_RATE_LIMITED",
  ],
  [
    "answers with a page of somebody else",
    { ...ALWAYS, status: 200, body: "<html>Please log in</html>", headers: { "content-type": "text/html" } },
    ["inspect", "SKILL"],
    "MEDIA_TYPE_UNSUPPORTED",
  ],
];

/** Characters that a terminal, or a reader, would take for something else than text. */
function controlsIn(text: string): string[] {
  const isControl = (code: number): boolean =>
    (code < 0x20 && code !== 0x0a) ||
    (code >= 0x7f && code < 0xa0) ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0xe0000 && code < 0xe0080);
  return Array.from(text).filter((character) => isControl(character.codePointAt(0) ?? 0));
}

describe("a registry that", () => {
  it.each(ATTACKS)("%s", async (_title, fault, args, code) => {
    const world = await HostileWorld.create(user);
    const evil = (text: string): string => text.replace("EVIL", world.stranger.host);
    const headers = Object.fromEntries(Object.entries(fault.headers ?? {}).map(([key, value]) => [key, evil(value)]));
    world.registry.fail({ ...fault, headers });
    const repository = world.skill.replace(/:[^:]*$/, "");
    await world.fails(code, ...args.map((arg) => arg.replace("SKILL", world.skill).replace("REPOSITORY", repository)));
    expect(world.registry.log.length).toBeLessThan(40);
    expect(existsSync(user.path("out"))).toBe(false);
  });

  it("sends uploads to a stranger hands it no password with them", async () => {
    let evil = "";
    const world = await HostileWorld.create(user, {
      location: (path) => (evil === "" ? path : `http://${evil}${path}`),
    });
    evil = world.stranger.host;
    await user.write({ "hello/more.txt": "More.\n" });
    await world.run("pack", "hello");
    await world.fails(
      "NOT_FOUND",
      "push",
      "examples/hello:1.0.0-draft",
      `${world.registry.host}/team/other:1.0.0-draft`,
    );
    expect(world.stranger.seen.length).toBeGreaterThan(0);
  });

  it("sends an error, a list or a manifest without an end is cut short", async () => {
    const endless = Buffer.alloc(1 << 16, "x");
    const sent = { bytes: 0 };
    const world = await HostileWorld.create(user, {
      listener: (request, response) => {
        response.writeHead(request.url === "/error" ? 500 : 200, { "content-type": IMAGE });
        const more = (): void => {
          do sent.bytes += endless.byteLength;
          while (response.write(endless) && sent.bytes < 1 << 30);
        };
        response.on("drain", more);
        more();
      },
    });
    for (const [path, method, args] of [
      ["/manifests/", "manifest", ["inspect", world.skill]],
      ["/tags/list", "error", ["list", world.skill.replace(/:[^:]*$/, "")]],
    ] as const) {
      const location = `http://${world.stranger.host}/${method}`;
      world.registry.fail({ ...ALWAYS, path, status: 307, headers: { location } });
      const { status, stdout, stderr } = await world.run(...args);
      expect([status, /^error: /m.test(stderr)]).toEqual([1, true]);
      world.keepsSecret(stdout, stderr);
    }
    // Four attempts at the failing list; beyond what was read, only what the connection itself takes ahead.
    expect(sent.bytes).toBeLessThan(64 << 20);
  });

  it("speaks to the terminal is shown, not obeyed", async () => {
    const world = await HostileWorld.create(user);
    const message = "\u001b]8;;http://x\u0007click\u001b[2J\r\u202egnp\u009b31m\u{e0041}";
    world.registry.fail({ ...MANIFEST, status: 400, body: JSON.stringify({ errors: [{ code: "DENIED", message }] }) });
    world.registry.fail({ ...TAGS, status: 200, body: JSON.stringify({ tags: [message] }) });
    for (const args of [
      ["inspect", world.skill],
      ["list", world.skill.replace(/:[^:]*$/, "")],
    ]) {
      for (const flags of [[], ["--json"]]) {
        const { stdout, stderr } = await world.run(...args, ...flags);
        expect(controlsIn(stdout + stderr)).toEqual([]);
      }
    }
  });

  it("names a skill after another place does not get there", async () => {
    const world = await HostileWorld.create(user);
    const repository = world.registry.content.repository("team/hello");
    const published = repository.manifests.get(repository.tags.get("1.0.0") ?? "");
    if (published === undefined) throw new Error("the world has no skill");
    for (const name of ["../../evil", "/tmp/evil", "evil", ".."]) {
      const manifest = JSON.parse(Buffer.from(published.bytes).toString()) as { annotations: Record<string, string> };
      manifest.annotations["io.skillimage.name"] = name;
      const forged = Buffer.from(JSON.stringify(manifest));
      repository.manifests.set(digestOf(forged), { ...published, bytes: forged });
      repository.tags.set("forged", digestOf(forged));
      const { status, stderr } = await world.run(
        "pull",
        "--force",
        world.skill.replace("1.0.0", "forged"),
        "-o",
        "a/b",
      );
      expect([status, /^error: /m.test(stderr)], stderr).toEqual([1, true]);
      expect(existsSync(user.path("evil"))).toBe(false);
      expect(await readdir(user.path("a/b")).catch(() => [])).toEqual([]);
    }
  });
});
