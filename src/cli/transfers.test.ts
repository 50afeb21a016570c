import { describe, expect, it } from "vitest";

import { createContext } from "./context.ts";
import { MediaType } from "../oci/media-types.ts";
import type { Descriptor, Digest } from "../oci/index.ts";
import type { GlobalFlags } from "./flags.ts";
import { recordingEnvironment, type Recorded } from "./testing/environment.ts";
import { showTransfers } from "./transfers.ts";

const digest = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
const layer: Descriptor = { mediaType: MediaType.layerGzip, digest: digest("a"), size: 2_000_000 };
const config: Descriptor = { mediaType: MediaType.config, digest: digest("b"), size: 672 };

function watched(terminal: boolean, flags: GlobalFlags = {}): Recorded & { report: ReturnType<typeof showTransfers> } {
  let time = 0;
  const environment = recordingEnvironment({ terminal, now: () => new Date((time += 100)) });
  return { ...environment, report: showTransfers(createContext(environment, flags)) };
}

function move({ report }: ReturnType<typeof watched>): void {
  report({ descriptor: layer, bytes: 0, total: layer.size });
  report({ descriptor: config, bytes: 0, total: config.size, outcome: "present" });
  report({ descriptor: layer, bytes: 1_000_000, total: layer.size });
  report({ descriptor: layer, bytes: layer.size, total: layer.size, outcome: "copied" });
}

describe("what moves", () => {
  it("has a bar on a terminal for as long as it is on its way", () => {
    const watcher = watched(true);
    move(watcher);
    const frames = watcher.written.stderr.split("\r\u001b[K");
    expect(frames[3]).toMatch(/^layer a{12} {2}\[=+> +\] {3}50% {2}1 MB of 2 MB *$/);
    expect(frames.at(-1)).toBe("");
    expect(watcher.written.stderr).not.toContain("config");
  });

  it("is a line elsewhere, once it is there", () => {
    const watcher = watched(false);
    move(watcher);
    expect(watcher.written.stderr).toBe(
      `present ${config.digest} (config, 672 B)\ncopied  ${layer.digest} (layer, 2 MB)\n`,
    );
  });

  it.each([{ quiet: true }, { json: true }])("is not spoken of with %j", (flags) => {
    for (const terminal of [true, false]) {
      const watcher = watched(terminal, flags);
      move(watcher);
      expect(watcher.written.stderr).toBe("");
    }
  });
});
