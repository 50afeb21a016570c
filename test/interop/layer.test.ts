import { join } from "node:path";

import { afterAll, beforeAll, expect, it } from "vitest";

import { FILES, packSkill, REFERENCE, skillctlJson } from "./skill.ts";
import { describeWith, python, tar } from "../tools.ts";
import { createWorkspace } from "./workspace.ts";

/** Prints a layer as `tar --list --verbose --numeric-owner --full-time` does, columns separated by one space. */
const PYTHON_LISTING = `
import datetime, sys, tarfile
for entry in tarfile.open(sys.argv[1]):
    kind = "d" if entry.isdir() else "-" if entry.isreg() else "?"
    bits = "".join(c if entry.mode >> (8 - i) & 1 else "-" for i, c in enumerate("rwxrwxrwx"))
    time = datetime.datetime.fromtimestamp(entry.mtime, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    name = entry.name + ("/" if entry.isdir() else "")
    print(f"{kind}{bits} {entry.uid}/{entry.gid} {entry.size} {time} {name}")
`;

describeWith([tar, python], "a layer", () => {
  const workspace = createWorkspace();
  let layer = "";

  beforeAll(async () => {
    await packSkill(workspace);
    type Inspection = { image: { layers: { digest: string }[] } };
    const { image } = await skillctlJson<Inspection>(workspace, "inspect", REFERENCE);
    layer = join(workspace.store, "blobs", image.layers[0]?.digest.replace(":", "/") ?? "");
  });
  afterAll(() => {
    workspace.remove();
  });

  it("is listed alike by GNU tar and Python's tarfile, every file once, in order, without an owner or a time", async () => {
    const options = ["--numeric-owner", "--full-time", "--quoting-style=literal", "-tvzf"];
    const gnu = await workspace.output("tar", ...options, layer);
    const listing = gnu.replaceAll(/^(\S+) +(\S+) +(\d+)/gm, "$1 $2 $3");
    expect(await workspace.output("python3", "-c", PYTHON_LISTING, layer)).toBe(listing);

    const files = listing.split("\n").filter((line) => line.startsWith("-"));
    expect(files.map((line) => line.split(" ").slice(5).join(" "))).toEqual(Object.keys(FILES));
    for (const line of files) expect(line).toMatch(/^-rw(-r--r--|xr-xr-x) 0\/0 \d+ 1970-01-01 00:00:00 /);
  });

  it("is one gzip member without name or time, which gzip itself accepts", async () => {
    await workspace.output("sh", "-c", `gzip -t < '${layer}'`);
    expect(await workspace.output("od", "-An", "-tx1", "-N8", layer)).toBe(" 1f 8b 08 00 00 00 00 00\n");
  });
});
