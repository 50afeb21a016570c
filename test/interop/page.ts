/** A page of the documentation, run as it stands: its `sh` blocks, and the `text` blocks that say what those print. */
import { readFileSync } from "node:fs";

import { expect } from "vitest";
import { parse } from "yaml";

import type { Workspace } from "./workspace.ts";

/** A block of commands. */
export interface Step {
  readonly script: string;
  /** What the script prints, `…` standing for anything; `undefined` when the page does not show it. */
  readonly prints: string | undefined;
}

/** A page of docs/how-to. */
export function readText(name: string): string {
  return readFileSync(new URL(`../../docs/how-to/${name}`, import.meta.url), "utf8");
}

/** The sections that hold commands, by heading, of a page of docs/how-to. */
export function readPage(name: string): Readonly<Record<string, readonly Step[]>> {
  const sections: Record<string, readonly Step[]> = {};
  for (const section of readText(name).split(/^## /m).slice(1)) {
    const heading = section.slice(0, section.indexOf("\n"));
    const blocks = section.matchAll(/^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/gms);
    const steps = Array.from(blocks, ([, script = "", prints]) => ({ script, prints }));
    if (steps.length > 0) sections[heading] = steps;
  }
  return sections;
}

/** The blocks of a language on a page of docs/how-to. */
export function readBlocks(name: string, language: string): readonly string[] {
  const blocks = readText(name).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"));
  return Array.from(blocks, ([, text = ""]) => text);
}

/** What the `yaml` blocks of a page say together: each adds to the sections of those above it. */
export function readSettings(name: string): Settings {
  return readBlocks(name, "yaml").reduce<Settings>((all, text) => merge(all, parse(text) as Settings), {});
}

/** A configuration, or a section of it. */
export type Settings = Readonly<Record<string, unknown>>;

/** What both say; where they differ, what `other` says. */
export function merge(one: Settings, other: Settings): Settings {
  const merged = { ...one };
  for (const [key, value] of Object.entries(other)) {
    const before = one[key];
    merged[key] = isSection(before) && isSection(value) ? merge(before, value) : value;
  }
  return merged;
}

function isSection(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The steps with other words, as where the names of a page lead to something on this machine. */
export function reworded(steps: readonly Step[], here: (text: string) => string): readonly Step[] {
  return steps.map(({ script, prints }) => ({
    script: here(script),
    prints: prints === undefined ? undefined : here(prints),
  }));
}

/** What programs say when something fails, as the rows of a page's last table quote it, cut where it leaves something out. */
export function readMessages(name: string): readonly (readonly string[])[] {
  return Array.from(readText(name).matchAll(/^\| `(.*?)`[^|]*\|/gm), ([, message = ""]) => message.split("…"));
}

/** Runs the scripts one after the other: each must succeed, and print what the page says. Returns what they print. */
export async function perform(workspace: Pick<Workspace, "output">, steps: readonly Step[]): Promise<string> {
  let all = "";
  for (const { script, prints } of steps) {
    const printed = await workspace.output("bash", "-euo", "pipefail", "-c", script);
    if (prints !== undefined) expect(printed, script).toMatch(pattern(prints));
    all += printed;
  }
  return all;
}

/**
 * A pattern for the whole of an output, but for the newline at its end. A line of `…` alone stands for any lines, two
 * spaces or more for what lies between columns, whose widths depend on what is in them.
 */
function pattern(prints: string): RegExp {
  const literal = prints.trimEnd().replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return new RegExp(`^${literal.replaceAll(/ {2,}/g, " {2,}").replaceAll("…", "[^]*?")}\\n?$`);
}
