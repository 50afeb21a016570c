import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  assertTransition,
  canTransition,
  compareVersions,
  isVersion,
  latestVersion,
  LIFECYCLE_STATES,
  newestFirst,
  nextState,
  parseLifecycleState,
  planTags,
  statesOfTag,
  tagFor,
} from "./index.ts";
import type { LifecycleState, VersionState } from "./index.ts";

const state = fc.constantFrom(...LIFECYCLE_STATES);
const number = fc.nat({ max: 20 });
const release = fc.tuple(number, number, number).map((parts) => parts.join("."));
const prerelease = fc
  .tuple(release, fc.constantFrom("alpha", "alpha.1", "beta", "rc.2", "rc.10", "0"))
  .map(([core, pre]) => `${core}-${pre}`);
const version = fc.oneof(release, prerelease);
const versions = fc.uniqueArray(fc.record({ version, state }), { selector: (item) => item.version, maxLength: 12 });

describe("states", () => {
  it("go one step at a time and never back", () => {
    fc.assert(
      fc.property(state, state, (from, to) => {
        const step = LIFECYCLE_STATES.indexOf(to) - LIFECYCLE_STATES.indexOf(from);
        expect(canTransition(from, to)).toBe(step === 1);
      }),
    );
    expect(nextState("archived")).toBeUndefined();
  });

  it("say which step is possible when another is asked for", () => {
    expect(() => assertTransition("draft", "published")).toThrow(
      expect.objectContaining({
        code: "LIFECYCLE_TRANSITION_INVALID",
        message: "the skill cannot go from draft to published",
        hint: "From draft the next step is testing.",
      }),
    );
    expect(() => assertTransition("published", "published")).toThrow("the skill is published already");
    expect(() => assertTransition("archived", "draft")).toThrow(
      expect.objectContaining({ hint: "archived is the last state." }),
    );
  });

  it("are refused when unknown", () => {
    expect(() => parseLifecycleState("Published")).toThrow(
      expect.objectContaining({ code: "LIFECYCLE_STATE_UNKNOWN" }),
    );
  });
});

describe("versions", () => {
  it("order as semver 2.0.0 section 11 says", () => {
    const ordered =
      "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.10.0 2.0.0";
    const expected = ordered.split(" ");
    expect([...expected].reverse().sort(compareVersions)).toEqual(expected);
  });

  it("sort newest first, what has none last, equal ones as they stood", () => {
    const items = [
      ["a", "1.0.0"],
      ["b", undefined],
      ["c", "1.10.0"],
      ["d", "latest"],
      ["e", "1.9.0"],
      ["f", "1.10.0"],
    ] as const;
    expect(
      newestFirst(items, ([, version]) => version)
        .map(([name]) => name)
        .join(""),
    ).toBe("cfeabd");
  });

  it("sort newest first as they are ordered, releases only as well as mixed", () => {
    const release = fc.tuple(fc.nat(12), fc.nat(12), fc.maxSafeNat()).map((numbers) => numbers.join("."));
    const lists = fc.oneof(fc.array(release), fc.array(fc.oneof(release, version)));
    fc.assert(
      fc.property(lists, (versions) => {
        const sorted = newestFirst(versions, (text) => text);
        expect(sorted).toEqual([...versions].sort((a, b) => compareVersions(b, a)));
      }),
    );
  });

  it("order totally: build metadata breaks ties", () => {
    expect(Math.sign(compareVersions("1.0.0+a", "1.0.0+b"))).toBe(-1);
    fc.assert(
      fc.property(version, version, (a, b) => Math.sign(compareVersions(a, b)) === -Math.sign(compareVersions(b, a))),
    );
  });

  it.each(["v1.0.0", "1.0", "1.0.0 ", "01.0.0", "1.0.0-01", "1.0.0-", "", "latest", "1.0.0\n"])("refuse %j", (text) => {
    expect(isVersion(text)).toBe(false);
  });

  it.each(["1.0.0", "0.0.0", "1.2.3-rc.1+build.5", "1.0.0+001"])("accept %j", (text) => {
    expect(isVersion(text)).toBe(true);
  });
});

describe("tags", () => {
  it("follow the state", () => {
    const tags = LIFECYCLE_STATES.map((each) => tagFor("1.2.3", each));
    expect(tags).toEqual(["1.2.3-draft", "1.2.3-testing", "1.2.3", "1.2.3", undefined]);
  });

  it("stand for states, or for none", () => {
    expect(statesOfTag("1.0.0", "1.0.0")).toEqual(["published", "deprecated"]);
    expect(statesOfTag("1.0.0", "1.0.0-testing")).toEqual(["testing"]);
    expect(statesOfTag("1.0.0", "latest")).toEqual(["published"]);
    expect(statesOfTag("1.0.0", "2.0.0")).toEqual([]);
    expect(statesOfTag("1.0.0", "stable")).toEqual([]);
  });

  it("write build metadata without the plus that tags cannot have", () => {
    expect(tagFor("1.0.0+linux", "draft")).toBe("1.0.0_linux-draft");
  });

  it("move from the old state to the new one", () => {
    expect(planTags("1.0.0", "draft", "testing", [])).toEqual({
      set: "1.0.0-testing",
      remove: "1.0.0-draft",
      latest: undefined,
    });
    expect(planTags("1.0.0", "testing", "published", [])).toEqual({
      set: "1.0.0",
      remove: "1.0.0-testing",
      latest: "1.0.0",
    });
    expect(planTags("1.0.0", "published", "deprecated", [])).toEqual({
      set: "1.0.0",
      remove: undefined,
      latest: undefined,
    });
    expect(planTags("1.0.0", "deprecated", "archived", [])).toEqual({
      set: undefined,
      remove: "1.0.0",
      latest: undefined,
    });
  });
});

describe("latest", () => {
  const published = (text: string): VersionState => ({ version: text, state: "published" });

  it("never moves back when an older version is published", () => {
    expect(planTags("1.0.0", "testing", "published", [published("2.0.0")]).latest).toBe("2.0.0");
  });

  it("is not taken from a release by a pre-release", () => {
    expect(planTags("2.0.0-rc.1", "testing", "published", [published("1.0.0")]).latest).toBe("1.0.0");
  });

  it("falls back to the highest version still published when the newest is deprecated", () => {
    const others = [published("1.0.0"), published("1.5.0"), published("2.0.0")];
    expect(planTags("2.0.0", "published", "deprecated", others).latest).toBe("1.5.0");
  });

  it("names a published version, and none outranks it", () => {
    fc.assert(
      fc.property(versions, (all) => {
        const latest = latestVersion(all);
        const candidates = all.filter((item) => item.state === "published").map((item) => item.version);
        if (latest === undefined) return candidates.length === 0;
        const releases = candidates.filter((item) => !item.includes("-"));
        const rivals = releases.length > 0 ? releases : candidates;
        return rivals.includes(latest) && rivals.every((rival) => compareVersions(rival, latest) <= 0);
      }),
    );
  });

  it("does not depend on the order in which versions are seen", () => {
    fc.assert(fc.property(versions, (all) => latestVersion(all) === latestVersion([...all].reverse())));
  });

  it("is what it would be after every step, however a repository came to its state", () => {
    fc.assert(
      fc.property(versions, fc.nat(), (all, at) => {
        const chosen = all[at % Math.max(all.length, 1)];
        const to: LifecycleState | undefined = chosen === undefined ? undefined : nextState(chosen.state);
        if (chosen === undefined || to === undefined) return true;
        const after = all.map((item) => (item === chosen ? { ...item, state: to } : item));
        return planTags(chosen.version, chosen.state, to, all).latest === latestVersion(after);
      }),
    );
  });
});
