/**
 * Order of versions, as semver 2.0.0 section 11 defines it.
 *
 * `latest` must mean the same to everyone who computes it, so the order is total: where semver calls two versions equal
 * (they differ in build metadata only), the metadata decides.
 */
import compareBuild from "semver/functions/compare-build.js";
import parse from "semver/functions/parse.js";
import type SemVer from "semver/classes/semver.js";

import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";

/** Tells whether `text` is a strict semver 2.0.0 version: no leading `v`, no missing part, no white space. */
export function isVersion(text: string): boolean {
  return strictParse(text) !== undefined;
}

/** Tells whether a version is a pre-release, such as `2.0.0-rc.1`. Throws `VERSION_INVALID`. */
export function isPrerelease(version: string): boolean {
  return parseVersion(version).prerelease.length > 0;
}

/** Orders two versions for `sort`: negative when `a` comes first. Throws `VERSION_INVALID`. */
export function compareVersions(a: string, b: string): number {
  return compareBuild(parseVersion(a), parseVersion(b));
}

/** Sorts items by their versions, newest first; those without a semantic version stay in their order at the end. */
export function newestFirst<T>(items: readonly T[], versionOf: (item: T) => string | undefined): readonly T[] {
  if (items.length < 2) return items;
  const releases = items.map((item) => ({ item, numbers: releaseNumbers(versionOf(item)) }));
  if (releases.every(isRelease)) return releases.sort((a, b) => newer(a.numbers, b.numbers)).map(({ item }) => item);
  const parsed = items.map((item) => ({ item, version: strictParse(versionOf(item) ?? "") }));
  parsed.sort((a, b) =>
    a.version !== undefined && b.version !== undefined
      ? compareBuild(b.version, a.version)
      : Number(b.version !== undefined) - Number(a.version !== undefined),
  );
  return parsed.map(({ item }) => item);
}

/** Three numbers and nothing more, as most versions are: to sort ten thousand of them is then no work for the package. */
const RELEASE = /^(0|[1-9][0-9]{0,14})\.(0|[1-9][0-9]{0,14})\.(0|[1-9][0-9]{0,14})$/;
type Release = readonly [major: number, minor: number, patch: number];

function releaseNumbers(version: string | undefined): Release | undefined {
  const [whole, major, minor, patch] = RELEASE.exec(version ?? "") ?? [];
  return whole === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

function isRelease<T>(item: T & { readonly numbers: Release | undefined }): item is T & { readonly numbers: Release } {
  return item.numbers !== undefined;
}

function newer(a: Release, b: Release): number {
  return b[0] - a[0] || b[1] - a[1] || b[2] - a[2];
}

function parseVersion(text: string): SemVer {
  const version = strictParse(text);
  if (version !== undefined) return version;
  throw new SkillError("VERSION_INVALID", `${quote(text)} is not a semantic version`, {
    hint: "Write major.minor.patch, as in 1.0.0 or 2.1.0-rc.1.",
  });
}

/** The package forgives a leading `v` and white space; what it understood must be what was written. */
function strictParse(text: string): SemVer | undefined {
  const version = parse(text);
  if (version === null) return undefined;
  const build = version.build.length > 0 ? `+${version.build.join(".")}` : "";
  return version.version + build === text ? version : undefined;
}
