/** Whoever waits for somebody else's request can be cancelled as long as that takes. */
import { expect, it } from "vitest";

import { makeImage, pushImage } from "../store/testing/images.ts";
import { setUpRemote } from "./testing/remote-fixture.ts";

interface Gate {
  readonly open: () => void;
  readonly opened: Promise<void>;
}

function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** Cancels what `start` begins after a turn of the event loop. */
async function cancelled(start: (signal: AbortSignal) => Promise<unknown>): Promise<unknown> {
  const cancel = new AbortController();
  const begun = start(cancel.signal);
  setImmediate(() => cancel.abort());
  return begun;
}

it("until it is known how a registry is spoken to", async () => {
  const { registry, repository } = await setUpRemote();
  const [held, seen] = [gate(), gate()];
  registry.fail({ hold: held.opened, seen: seen.open });
  const first = repository.resolve("1.0.0").catch(() => undefined);
  await seen.opened;
  const second = cancelled(async (signal) => repository.resolve("2.0.0", { signal }));
  await expect(second).rejects.toMatchObject({ code: "ABORTED" });
  held.open();
  await first;
});

it("for a change of tags of the same repository", async () => {
  const { registry, repository } = await setUpRemote();
  const { manifest } = await pushImage(repository, "one");
  const [held, seen] = [gate(), gate()];
  registry.fail({ method: "PUT", hold: held.opened, seen: seen.open });
  const first = repository.tag(manifest, "1.0.0");
  await seen.opened;
  const second = cancelled(async (signal) => repository.tag(manifest, "2.0.0", { signal }));
  await expect(second).rejects.toMatchObject({ code: "ABORTED" });
  held.open();
  await first;
  // Its turn comes, and passes.
  await repository.tag(manifest, "3.0.0");
  expect([...registry.content.repository("examples/hello").tags.keys()]).toEqual(["1.0.0", "3.0.0"]);
});

it("for another referrer of the same repository", async () => {
  const { registry, repository } = await setUpRemote();
  const { manifest: subject } = await pushImage(repository, "skill");
  for (const text of ["one", "two"]) await pushImage(repository, text);
  const [one, two] = [makeImage("one", { subject }), makeImage("two", { subject })];
  const [held, seen] = [gate(), gate()];
  registry.fail({ method: "PUT", hold: held.opened, seen: seen.open });
  const first = repository.push(one.manifest, one.manifestBytes);
  await seen.opened;
  const second = cancelled(async (signal) => repository.push(two.manifest, two.manifestBytes, { signal }));
  await expect(second).rejects.toMatchObject({ code: "ABORTED" });
  held.open();
  await first;
});
