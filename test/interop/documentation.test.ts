/** docs/how-to/use-with-container-tools.md, run as it stands: each section is a test, each `text` block what it prints. */
import { readFileSync } from "node:fs";

import { expect, it } from "vitest";

import { buildBusybox } from "./container.ts";
import { busybox, describeWith, podman, runc, skopeo, umoci } from "../tools.ts";
import { createWorkspace } from "./workspace.ts";
import type { Workspace } from "./workspace.ts";

const DOCUMENT = new URL("../../docs/how-to/use-with-container-tools.md", import.meta.url);
const PREPARATION = "Before you begin";

interface Step {
  readonly script: string;
  /** What the script prints, `…` standing for anything; `undefined` when the page does not show it. */
  readonly prints: string | undefined;
}

/** The page's sections that hold commands, by heading. */
function readSections(markdown: string): Readonly<Record<string, readonly Step[]>> {
  const sections: Record<string, readonly Step[]> = {};
  for (const section of markdown.split(/^## /m).slice(1)) {
    const heading = section.slice(0, section.indexOf("\n"));
    const blocks = section.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms);
    const steps = Array.from(blocks, ([, script = "", prints]) => ({ script, prints }));
    if (steps.length > 0) sections[heading] = steps;
  }
  return sections;
}

/** A pattern for the whole of an output, but for the newline at its end. A line of `…` alone stands for any lines. */
function pattern(prints: string): RegExp {
  const literal = prints.trimEnd().replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll("…", "[^]*?")}\\n?$`);
}

describeWith([skopeo, umoci, podman, runc, busybox], "the how-to on container tools", () => {
  const { [PREPARATION]: preparation = [], ...others } = readSections(readFileSync(DOCUMENT, "utf8"));

  it("tells the tools where the store really is", () =>
    inWorkspace(async (workspace) => {
      const exported = preparation.map((step) => /^export .*$/m.exec(step.script)?.[0]).join("");
      expect(await workspace.output("sh", "-c", `${exported}\nprintf %s "$STORE"`)).toBe(workspace.store);
    }));

  it.each(Object.entries(others))("%s", (_, steps) =>
    inWorkspace(async (workspace) => {
      await buildBusybox(workspace);
      await perform(workspace, preparation);
      await perform(workspace, steps);
    }),
  );
});

/** Gives every section a store of its own, so that it holds whatever the others do. */
async function inWorkspace(work: (workspace: Workspace) => Promise<void>): Promise<void> {
  const workspace = createWorkspace();
  try {
    await work(workspace);
  } finally {
    workspace.remove();
  }
}

async function perform(workspace: Workspace, steps: readonly Step[]): Promise<void> {
  for (const { script, prints } of steps) {
    const printed = await workspace.output("bash", "-euo", "pipefail", "-c", script);
    if (prints !== undefined) expect(printed).toMatch(pattern(prints));
  }
}
