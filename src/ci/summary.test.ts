import { describe, expect, it } from "vitest";

import { SkillError } from "../errors.ts";
import { summarize } from "./summary.ts";

describe("a summary", () => {
  it("holds text from elsewhere as text: no HTML, link, image, mention, or cell of its own", () => {
    const hostile = "<img src=x> ![a](b) [c](javascript:d) https://e.example www.f.example @g #1 | h `i`\n## j";
    const summary = summarize({
      stage: "push",
      head: "1".repeat(40),
      ok: false,
      skills: [
        {
          directory: `skills/${hostile}`,
          change: "added",
          outcome: "failed",
          issues: [],
          warnings: [hostile],
          error: new SkillError("REGISTRY_ERROR", hostile, { hint: hostile }),
        },
      ],
    });
    const outside = summary.replaceAll(/`[^`\n]*`/g, "");
    expect(outside).not.toMatch(/<|\]\(|:\/\/|www\.|@|^## /m);
    // The row keeps its five cells.
    const row = summary.split("\n").find((line) => line.startsWith("| `skills/"));
    expect(row?.match(/(?<!\\)\|/g)).toHaveLength(6);
  });

  it("says why a skill failed also where its card is doubtful, and not twice what its issues say", () => {
    const issue = { severity: "warning", path: "", file: "a/skill.yaml", line: 1, column: 1, length: 1 } as const;
    const failed = (error: SkillError) =>
      summarize({
        stage: "push",
        head: "1".repeat(40),
        ok: false,
        skills: [
          {
            directory: "a",
            change: "added",
            outcome: "failed",
            issues: [{ ...issue, message: "doubtful" }],
            warnings: [],
            error,
          },
        ],
      });
    const published = failed(new SkillError("PUBLISHED_IMMUTABLE", "it is out", { hint: "Raise the version." }));
    expect(published).toContain(
      "- `a`: it is out\n- `a`: Raise the version.\n- `a`: warning in `a/skill.yaml:1:1`: doubtful",
    );
    expect(failed(new SkillError("SKILLCARD_INVALID", "not valid: doubtful"))).not.toContain("not valid");
  });
});
