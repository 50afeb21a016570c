import { describe, expect, it } from "vitest";
import { parse } from "yaml";

import {
  Annotation,
  describeManifest,
  parseDigest,
  parseReference,
  withAnnotations,
  type Digest,
} from "../oci/index.ts";
import { copy, MemoryStore, readManifest } from "../store/index.ts";
import { mount, mountable, MOUNT_FORMATS, mountText, type MountableSkill, type MountOptions } from "./index.ts";
import { release } from "./testing/release.ts";

const digest = (byte: string): Digest => parseDigest(`sha256:${byte.repeat(32)}`);
const NAME = "quay.io/acme/greeter";

const skill = (name: string, image = `quay.io/acme/${name}:1.0.0`): MountableSkill => ({
  name,
  image,
  digest: digest("ab"),
});
const AGENT = parseReference("registry.example.com/agent:1");

function written(format: Parameters<typeof mount>[0], options: MountOptions = {}, ...skills: MountableSkill[]): string {
  return mountText(mount(format, skills.length === 0 ? [skill("greeter")] : skills, options).documents);
}

/** A store that holds a published skill as if it had been pulled. */
async function pulled(card: Parameters<typeof release>[1] = {}, options?: Parameters<typeof release>[3]) {
  const store = new MemoryStore();
  const { tag = "" } = parseReference(await release(store, card, "published", options));
  const repository = store.repository(NAME);
  await copy(store.repository("examples/greeter"), repository, tag);
  return { store, repository, descriptor: await repository.resolve(tag) };
}

describe("mountable", () => {
  it("names the image by its tag, and by its digest alone when it is pinned", async () => {
    const { store, descriptor } = await pulled();
    const reference = parseReference(`${NAME}:1.0.0`);
    expect(await mountable(store, reference)).toEqual({
      name: "greeter",
      image: `${NAME}:1.0.0`,
      digest: descriptor.digest,
      status: "published",
    });
    expect(await mountable(store, reference, { pin: true })).toMatchObject({ image: `${NAME}@${descriptor.digest}` });
  });

  it("writes down the tag that was found for a name without one, as a runtime would take another", async () => {
    const { store } = await pulled();
    expect(await mountable(store, parseReference(NAME))).toMatchObject({ image: `${NAME}:1.0.0` });
  });

  it("keeps a digest that was given, without the tag beside it", async () => {
    const { store, descriptor } = await pulled();
    const reference = parseReference(`${NAME}:1.0.0@${descriptor.digest}`);
    expect(await mountable(store, reference)).toMatchObject({ image: `${NAME}@${descriptor.digest}` });
  });

  it("refuses a name that no other machine knows", async () => {
    const { store } = await pulled();
    await expect(mountable(store, parseReference("examples/greeter:1.0.0"))).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("names no registry") as string,
    });
  });

  it("refuses an image of the profile that no runtime mounts", async () => {
    const { store } = await pulled({}, { profile: "redhat" });
    await expect(mountable(store, parseReference(`${NAME}:1.0.0`))).rejects.toMatchObject({
      code: "MEDIA_TYPE_UNSUPPORTED",
    });
  });

  it.each(["../../etc", "a\nmalicious: true", "$(reboot)", "UPPER", "a,readonly=false", "%i", "x".repeat(65), ""])(
    "refuses an image that calls itself %j, whatever its reference says",
    async (name) => {
      const { store, repository, descriptor } = await pulled();
      const manifest = await readManifest(repository, descriptor);
      const forged = describeManifest(withAnnotations(manifest, { [Annotation.name]: name }), manifest.mediaType);
      await repository.push(forged.descriptor, forged.bytes);
      await repository.tag(forged.descriptor, "forged");
      await expect(mountable(store, parseReference(`${NAME}:forged`))).rejects.toMatchObject({ code: "NOT_A_SKILL" });
    },
  );
});

describe("mount", () => {
  it("gives podman and docker an option for each skill", () => {
    const skills = [skill("greeter"), skill("writer")];
    expect(written("podman", {}, ...skills)).toBe(
      "--mount type=image,source=quay.io/acme/greeter:1.0.0,destination=/skills/greeter\n" +
        "--mount type=image,source=quay.io/acme/writer:1.0.0,destination=/skills/writer\n",
    );
    expect(written("docker", {}, ...skills)).toBe(written("podman", {}, ...skills));
  });

  it("pulls before it runs an agent, as a mount does not", () => {
    expect(written("docker", { image: AGENT, root: "/opt/agent/skills" })).toBe(
      "docker pull quay.io/acme/greeter:1.0.0\n" +
        "docker run --rm \\\n" +
        "  --mount type=image,source=quay.io/acme/greeter:1.0.0,destination=/opt/agent/skills/greeter \\\n" +
        "  registry.example.com/agent:1\n",
    );
  });

  it("quotes the brackets of an address, which a shell takes for a pattern", () => {
    const there = skill("greeter", "[::1]:5000/acme/greeter:1.0.0");
    expect(written("podman", {}, there)).toBe(
      "--mount 'type=image,source=[::1]:5000/acme/greeter:1.0.0,destination=/skills/greeter'\n",
    );
    expect(parse(written("compose", {}, there))).toMatchObject({
      services: { agent: { volumes: [{ source: "[::1]:5000/acme/greeter:1.0.0" }] } },
    });
  });

  it("gives Kubernetes a pod whose node pulls with the secrets", () => {
    const options = { image: AGENT, namespace: "team", pullSecrets: ["quay", "other.example"] };
    expect(parse(written("kubernetes", options, skill("greeter"), skill("writer")))).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "agent", namespace: "team" },
      spec: {
        imagePullSecrets: [{ name: "quay" }, { name: "other.example" }],
        containers: [
          {
            name: "agent",
            image: "registry.example.com/agent:1",
            volumeMounts: [
              { name: "skill-greeter", mountPath: "/skills/greeter", readOnly: true },
              { name: "skill-writer", mountPath: "/skills/writer", readOnly: true },
            ],
          },
        ],
        volumes: [
          { name: "skill-greeter", image: { reference: "quay.io/acme/greeter:1.0.0" } },
          { name: "skill-writer", image: { reference: "quay.io/acme/writer:1.0.0" } },
        ],
      },
    });
  });

  it("patches a Deployment without touching its selector, which cannot change", () => {
    const patch = parse(written("kubernetes", { kind: "deployment" })) as { spec: object };
    expect(Object.keys(patch.spec)).toEqual(["template"]);
    const whole = parse(written("kubernetes", { kind: "deployment", image: AGENT })) as object;
    expect(whole).toMatchObject({
      kind: "Deployment",
      spec: {
        selector: { matchLabels: { "app.kubernetes.io/name": "agent" } },
        template: { metadata: { labels: { "app.kubernetes.io/name": "agent" } } },
      },
    });
  });

  it("gives volumes of long names that begin alike names of their own, short enough for a label", () => {
    const long = "a".repeat(60);
    const skills = [skill(`${long}-bb`), { ...skill(`${long}-cc`), digest: digest("cd") }];
    const { spec } = parse(written("kubernetes", {}, ...skills)) as { spec: { volumes: { name: string }[] } };
    const names = spec.volumes.map(({ name }) => name);
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(name).toMatch(/^[a-z0-9-]{1,63}$/);
  });

  it("keeps names that YAML could take for something else", () => {
    for (const name of ["on", "null", "1e3", "0x1f", "12"]) {
      const text = written("compose", { name }, skill(name));
      for (const version of ["1.1", "1.2"] as const) {
        const document = parse(text, { version, mapAsMap: true }) as ReadonlyMap<string, ReadonlyMap<unknown, unknown>>;
        expect([...(document.get("services")?.keys() ?? [])]).toEqual([name]);
      }
    }
  });

  it("gives Quadlet a unit that pulls for each skill, and one that waits for them", () => {
    const { documents } = mount("quadlet", [skill("greeter"), skill("writer")], { image: AGENT });
    expect(documents.map(({ file }) => file)).toEqual(["agent.container", "skill-greeter.image", "skill-writer.image"]);
    expect(documents[0].content).toContain(
      "Image=registry.example.com/agent:1\n" +
        "Mount=type=image,source=skill-greeter.image,destination=/skills/greeter\n" +
        "Mount=type=image,source=skill-writer.image,destination=/skills/writer\n",
    );
    expect(documents[1]?.content).toBe("[Image]\nImage=quay.io/acme/greeter:1.0.0\n");
  });

  it("gives Quadlet a drop-in for an agent that has a unit", () => {
    const [dropIn] = mount("quadlet", [skill("greeter")], { name: "helper" }).documents;
    expect(dropIn).toEqual({
      file: "helper.container.d/skills.conf",
      content: "[Container]\nMount=type=image,source=skill-greeter.image,destination=/skills/greeter\n",
    });
  });

  it("prints several units as one file of podman quadlet install", () => {
    expect(written("quadlet", { image: AGENT })).toMatch(
      /^# FileName=agent\n\[Unit\]\n[^]*\n---\n# FileName=skill-greeter\n\[Image\]\n/,
    );
  });

  it.each(MOUNT_FORMATS)("refuses two skills of one name for %s", (format) => {
    const skills = [skill("greeter"), skill("greeter", "quay.io/other/greeter:2.0.0")];
    expect(() => mount(format, skills)).toThrow(
      "quay.io/acme/greeter:1.0.0 and quay.io/other/greeter:2.0.0 would both be mounted as greeter",
    );
  });

  it.each<[string, MountOptions]>([
    ["skills", { root: "skills" }],
    ["/", { root: "/" }],
    ["/skills/../etc", { root: "/skills/../etc" }],
    ["/a,readonly=false", { root: "/a,readonly=false" }],
    ["/a b", { root: "/a b" }],
    ["/%h", { root: "/%h" }],
    ["/$HOME", { root: "/$HOME" }],
    ["/a\nImage=evil", { root: "/a\nImage=evil" }],
    ["a name of two lines", { name: "a\nb" }],
    ["a path for a name", { name: "../agent" }],
    ["no namespace", { namespace: "" }],
    ["a secret in capitals", { pullSecrets: ["Quay"] }],
  ])("refuses %j where it would have to be quoted", (_, options) => {
    expect(() => mount("kubernetes", [skill("greeter")], options)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  it.each<[Parameters<typeof mount>[0], MountOptions]>([
    ["podman", { name: "agent" }],
    ["docker", { kind: "pod" }],
    ["compose", { namespace: "team" }],
    ["quadlet", { pullSecrets: ["quay"] }],
  ])("refuses what %s has no place for: %j", (format, options) => {
    expect(() => mount(format, [skill("greeter")], options)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
});
