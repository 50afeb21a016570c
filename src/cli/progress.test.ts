import { describe, expect, it } from "vitest";

import { createProgress } from "./progress.ts";
import { recordingEnvironment } from "./testing/environment.ts";

function steppingClock(step: number): () => Date {
  let time = 0;
  return () => new Date((time += step));
}

describe("progress", () => {
  it("draws on one line and goes away without a trace", () => {
    const environment = recordingEnvironment({ terminal: true, now: steppingClock(100) });
    const progress = createProgress(environment, true);
    progress.update("one");
    progress.update(`two\n${"x".repeat(200)}`);
    progress.clear();
    progress.clear();
    expect(environment.written.stderr).toBe(
      `\r\u001b[Kone\r\u001b[K${`two\\u{a}${"x".repeat(200)}`.slice(0, 79)}\r\u001b[K`,
    );
  });

  it("does not redraw more often than eyes can follow", () => {
    const environment = recordingEnvironment({ terminal: true, now: steppingClock(10) });
    const progress = createProgress(environment, true);
    for (let step = 0; step < 17; step++) progress.update("x");
    expect(environment.written.stderr.split("x")).toHaveLength(4);
  });

  it("draws several lines over those before, and takes all of them away", () => {
    const environment = recordingEnvironment({ terminal: true, now: steppingClock(100) });
    const progress = createProgress(environment, true);
    progress.draw(() => ["a", "b", "c"]);
    progress.draw((columns) => ["x".repeat(columns + 9), "y"]);
    progress.clear();
    expect(environment.written.stderr).toBe(
      `\r\u001b[Ka\nb\nc\r\u001b[2A\u001b[J${"x".repeat(79)}\ny\r\u001b[1A\u001b[J`,
    );
  });

  it("never draws more lines than the terminal has, which could not be erased", () => {
    const environment = recordingEnvironment({ terminal: true });
    const progress = createProgress(environment, true);
    progress.draw(() => Array.from({ length: 30 }, () => "x"));
    expect(environment.written.stderr.split("\n")).toHaveLength(23);
  });

  it("is silent where nobody watches", () => {
    const [piped, quiet] = [recordingEnvironment(), recordingEnvironment({ terminal: true })];
    createProgress(piped, true).update("one");
    createProgress(quiet, false).update("one");
    expect(piped.written.stderr + quiet.written.stderr).toBe("");
  });
});
