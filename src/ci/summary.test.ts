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
});
