import { describe, expect, it } from "vitest";

import { processorTime } from "../../test/fixtures/processor-time.ts";
import { changedSkills, skillDirectories } from "./skills.ts";

describe("skillDirectories", () => {
  it("are those with a card, the outermost of them", () => {
    const files = ["a/SKILL.md", "a/examples/b/SKILL.md", "deep/er/c/skill.yaml", "docs/README.md", "a.txt"];
    expect(skillDirectories(files)).toEqual(["a", "deep/er/c"]);
  });

  it("is the whole repository when its top has a card", () => {
    expect(skillDirectories(["SKILL.md", "references/x/SKILL.md"])).toEqual(["."]);
  });

  it("leave out what is a tool's, unless it is named", () => {
    const files = [".agents/skills/a/SKILL.md", "b/.hidden/c/SKILL.md", "d/SKILL.md"];
    expect(skillDirectories(files)).toEqual(["d"]);
    expect(skillDirectories(files, [".agents/skills"])).toEqual([".agents/skills/a"]);
  });
});

describe("changedSkills", () => {
  it("is about a skill, not about one whose name begins alike", () => {
    const changes = [{ kind: "modified", path: "skills/a-b/SKILL.md" }] as const;
    expect(changedSkills(["skills/a", "skills/a-b"], ["skills/a", "skills/a-b"], changes)).toEqual([
      { directory: "skills/a", change: "unchanged" },
      { directory: "skills/a-b", change: "modified" },
    ]);
  });

  it("knows a file that moved from one skill to another as a change of both", () => {
    const changes = [{ kind: "renamed", path: "b/x.txt", previous: "a/x.txt" }] as const;
    expect(changedSkills(["a", "b"], ["a", "b"], changes).map(({ change }) => change)).toEqual([
      "modified",
      "modified",
    ]);
  });

  it("knows a skill that moved by its card, and one that merely began with a copy as new", () => {
    const moved = [{ kind: "renamed", path: "new/SKILL.md", previous: "old/SKILL.md" }] as const;
    expect(changedSkills(["old"], ["new"], moved)).toEqual([{ directory: "new", change: "renamed", previous: "old" }]);
    const file = [{ kind: "renamed", path: "new/data.csv", previous: "old/data.csv" }] as const;
    expect(changedSkills(["old"], ["new"], file)).toEqual([
      { directory: "new", change: "added" },
      { directory: "old", change: "deleted" },
    ]);
  });
});

describe("a large repository", () => {
  it("of 20,000 skills, all of them moved, is looked through at once", () => {
    const cards = (group: string) => Array.from({ length: 20_000 }, (_, at) => `${group}/s${at}/SKILL.md`);
    const [before, after] = [cards("old"), cards("new")];
    const files = after.map((path, at) => ({ kind: "renamed", path, previous: before[at] ?? "" }) as const);
    const start = processorTime();
    const changes = changedSkills(skillDirectories(before), skillDirectories(after), files);
    expect(changes.every(({ change }) => change === "renamed")).toBe(true);
    expect(processorTime() - start).toBeLessThan(2000);
  });

  it("of files that lie deep is looked through at once", () => {
    const files = Array.from({ length: 5000 }, (_, at) => `${"d/".repeat(500)}${at}`);
    const start = processorTime();
    const changes = changedSkills(
      ["d/d", "e"],
      ["d/d", "e"],
      files.map((path) => ({ kind: "added", path })),
    );
    expect(changes.map(({ change }) => change)).toEqual(["modified", "unchanged"]);
    expect(processorTime() - start).toBeLessThan(2000);
  });
});
