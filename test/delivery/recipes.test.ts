/** What is generated from a release's data for those who distribute it: bill of materials, Homebrew formula, Scoop manifest, changelog. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { describe, expect, it } from "vitest";

import { describeWith, ruby } from "../tools.ts";
import { manifest, output, RELEASE, ROOT, run, temporaryDirectory, VERSION } from "./release.ts";

type Release = Readonly<Record<"version" | "home" | "download" | "description" | "license", string>>;
type Recipe = (release: Release, digests: ReadonlyMap<string, string>) => string;

/** A module of the release's scripts. */
const script = async (name: string): Promise<unknown> => import(`${ROOT}scripts/release/${name}.mjs`);
const { formula } = (await script("homebrew")) as { formula: Recipe };
const { scoopManifest } = (await script("scoop")) as { scoopManifest: Recipe };
const { TARGETS } = (await script("targets")) as { TARGETS: Readonly<Record<"os" | "arch" | "archive", string>>[] };

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses: readonly unknown[];
  readonly hashes: readonly unknown[];
}

describe("the bill of materials", () => {
  const text = readFileSync(join(RELEASE, `skillctl_${VERSION}_sbom.cdx.json`), "utf8");
  const { components, metadata } = JSON.parse(text) as {
    components: Component[];
    metadata: { component: { version: string } };
  };

  it("is valid CycloneDX", async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(text)).toBeNull();
  });

  it("names what is inside with version, license and checksum, the runtime and the bundled drivers too", () => {
    expect(metadata.component.version).toBe(VERSION);
    const names = components.map(({ purl }) => purl.replace(/@[^@]*$/, ""));
    for (const name of ["bun", "yaml", "pako", "commander", "pg", "%40aws-sdk/client-s3", "spdx-license-ids"]) {
      expect(names).toContain(`pkg:npm/${name}`);
    }
    expect(names).not.toContain("pkg:npm/vitest");
    for (const { name, licenses, hashes } of components) {
      expect(licenses, name).toHaveLength(1);
      expect(hashes, name).toHaveLength(1);
    }
  });
});

const release = {
  version: "1.2.3",
  home: "https://example.com/skillimage",
  download: "https://example.com/skillimage/releases/download/v1.2.3",
  description: 'Pack "skills"',
  license: "Apache-2.0",
};
const digests = new Map(
  TARGETS.map(({ os, arch, archive }, index) => [
    `skillctl_1.2.3_${os}_${arch}.${archive}`,
    String(index).repeat(64).slice(0, 64),
  ]),
);

describeWith([ruby], "the Homebrew formula", () => {
  const text = formula(release, digests);

  it("is Ruby", async () => {
    const file = join(temporaryDirectory(), "skillctl.rb");
    writeFileSync(file, text);
    expect(await output("ruby", ["-c", file])).toBe("Syntax OK\n");
  });

  it("gives each system its archive, when Homebrew evaluates it", async () => {
    const file = join(temporaryDirectory(), "evaluate.rb");
    // As much of Homebrew's language as a formula of executables uses.
    const language = `
      class Formula
        class << self
          %w[desc homepage version license test].each { |word| define_method(word) { |*| } }
          %w[macos linux].each { |os| define_method("on_#{os}") { |&block| block.call if ARGV[0] == os } }
          %w[arm intel].each { |arch| define_method("on_#{arch}") { |&block| block.call if ARGV[1] == arch } }
          def url(text) = puts(text)
          def sha256(text) = puts(text)
        end
      end
    `;
    writeFileSync(file, `${language}\n${text}`);
    for (const [os, brewOs] of Object.entries({ darwin: "macos", linux: "linux" })) {
      for (const [arch, brewArch] of Object.entries({ arm64: "arm", amd64: "intel" })) {
        const name = `skillctl_1.2.3_${os}_${arch}.tar.gz`;
        const said = await output("ruby", [file, brewOs, brewArch]);
        expect(said).toBe(`${release.download}/${name}\n${digests.get(name)}\n`);
      }
    }
  });

  it("is not made of a release that lacks an archive", () => {
    expect(() => formula(release, new Map())).toThrow("the release has no skillctl_1.2.3_darwin_arm64.tar.gz");
  });
});

describe("the Scoop manifest", () => {
  const scoop = JSON.parse(scoopManifest(release, digests)) as Record<string, unknown>;

  it("has the fields that Scoop asks for, in their forms, and no others", async () => {
    const { Ajv2020 } = await import("ajv/dist/2020.js");
    const place = {
      type: "object",
      required: ["url", "hash"],
      additionalProperties: false,
      properties: { url: { pattern: "^https://[^ ]+\\.zip$" }, hash: { pattern: "^[0-9a-f]{64}$" } },
    };
    const both = (schema: object): object => ({
      type: "object",
      required: ["64bit", "arm64"],
      additionalProperties: false,
      properties: { "64bit": schema, arm64: schema },
    });
    const url = { type: "object", required: ["url"], properties: { url: { pattern: "\\$version.*\\$version" } } };
    const schema = {
      type: "object",
      required: ["version", "description", "homepage", "license", "architecture", "bin"],
      additionalProperties: false,
      properties: {
        $schema: { type: "string" },
        version: { const: "1.2.3" },
        description: { type: "string" },
        homepage: { pattern: "^https://" },
        license: { const: "Apache-2.0" },
        bin: { const: "skillctl.exe" },
        architecture: both(place),
        checkver: { type: "object" },
        autoupdate: {
          type: "object",
          required: ["architecture", "hash"],
          properties: { architecture: both(url), hash: { type: "object", required: ["url"] } },
        },
      },
    };
    const ajv = new Ajv2020({ strict: false });
    expect(ajv.validate(schema, scoop), JSON.stringify(ajv.errors)).toBe(true);
  });
});

describe("changesets", () => {
  it("become a version, in both packages, and its part of the changelog", async () => {
    const clone = temporaryDirectory();
    for (const name of ["package.json", "CHANGELOG.md", ".changeset", "packages", "scripts/release"]) {
      cpSync(join(ROOT, name), join(clone, name), { recursive: true });
    }
    mkdirSync(join(clone, "node_modules"));
    for (const name of readdirSync(join(clone, ".changeset")).filter(
      (each) => !/^(?:README\.md|config\.json)$/.test(each),
    )) {
      await output("rm", [join(clone, ".changeset", name)]);
    }
    writeFileSync(join(clone, ".changeset/one.md"), '---\n"skillimage": minor\n---\n\nSkills can fly.\n');
    await output("git", ["init", "-q", "-b", "main"], { cwd: clone });
    const changesets = await run(process.execPath, [`${ROOT}node_modules/@changesets/cli/bin.js`, "version"], {
      cwd: clone,
    });
    expect(changesets.status, changesets.stdout + changesets.stderr).toBe(0);
    await output(process.execPath, ["scripts/release/align-versions.mjs"], { cwd: clone });

    const [major = 0, minor = 0] = VERSION.split(".").map(Number);
    const next = `${major}.${minor + 1}.0`;
    expect(readFileSync(join(clone, "CHANGELOG.md"), "utf8")).toMatch(
      new RegExp(`^## ${next}\\n\\n### Minor Changes\\n\\n- .*Skills can fly\\.`, "m"),
    );
    for (const name of ["package.json", "packages/skillctl/package.json"]) {
      expect(JSON.parse(readFileSync(join(clone, name), "utf8"))).toMatchObject({ version: next });
    }
    const small = JSON.parse(readFileSync(join(clone, "packages/skillctl/package.json"), "utf8")) as object;
    expect(small).toMatchObject({ dependencies: { skillimage: next } });
  });

  it("have both packages at one version and address now", () => {
    expect(JSON.parse(readFileSync(`${ROOT}packages/skillctl/package.json`, "utf8"))).toMatchObject({
      repository: manifest.repository,
      version: VERSION,
      dependencies: { skillimage: VERSION },
    });
  });
});
