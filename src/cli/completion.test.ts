import { describe, expect, it } from "vitest";

import { complete, type Completion } from "./completion.ts";
import { COMMANDS } from "./program.ts";

const references = ["examples/hello:1.0.0", "examples/hello:2.0.0-draft", "acme/review:1.0.0"];

function completing(...words: string[]): Promise<Completion> {
  return complete(words, COMMANDS, { references: async () => references.map((value) => ({ value })) });
}

async function values(...words: string[]): Promise<string[]> {
  return (await completing(...words)).candidates.map(({ value }) => value);
}

describe("completion", () => {
  it("offers commands, but none that is hidden", async () => {
    expect(await values("")).toEqual(expect.arrayContaining(["pack", "list", "help"]));
    expect(await values("")).not.toContain("__complete");
    expect(await values("pro")).toEqual(["promote"]);
    expect(await values("--store", "/s", "pro")).toEqual(["promote"]);
    expect(await values("help", "ins")).toEqual(["inspect"]);
  });

  it("offers flags, those of the command and those of all", async () => {
    expect(await values("promote", "--")).toEqual(
      expect.arrayContaining(["--to", "--local", "--json", "--store", "--help"]),
    );
    expect(await values("--st")).toEqual(["--store"]);
    expect(await values("list", "--no-t")).toEqual(["--no-trunc"]);
  });

  it("offers states after their flag, in both spellings", async () => {
    expect(await values("promote", "x", "--to", "te")).toEqual(["testing"]);
    expect(await values("promote", "x", "--to=te")).toEqual(["--to=testing"]);
    expect(await values("list", "--status", "d")).toEqual(["draft", "deprecated"]);
  });

  it("offers local references where one is wanted", async () => {
    expect(await values("promote", "")).toEqual(references);
    expect(await values("ls", "")).toEqual([]);
    expect(await values("rm", "acme/review:1.0.0", "examples/hello:1")).toEqual(["examples/hello:1.0.0"]);
    expect(await values("promote", "--to", "testing", "acme")).toEqual(["acme/review:1.0.0"]);
    expect(await values("promote", "acme/review:1.0.0", "ex")).toEqual([]);
  });

  it("leaves files and directories to the shell", async () => {
    expect(await completing("pack", "")).toEqual({ candidates: [], files: "directory" });
    expect(await completing("--store", "")).toEqual({ candidates: [], files: "directory" });
    expect(await completing("import", "")).toEqual({ candidates: [], files: "file" });
  });

  it("has nothing to say of a command that there is not", async () => {
    expect(await values("nonsense", "")).toEqual([]);
  });
});
