import { expect, it, onTestFinished } from "vitest";

import { parseReference } from "../oci/index.ts";
import { RemoteStore } from "../remote/index.ts";
import { NO_WAIT, setUpRemote } from "../remote/testing/remote-fixture.ts";
import { MemoryStore } from "../store/index.ts";
import { listOf } from "../store/testing/images.ts";
import { promote, push } from "./index.ts";
import { release } from "./testing/release.ts";

it("whoever cannot know whether they or somebody else removed the old tag is told of them", async () => {
  const { registry, store, repository } = await setUpRemote();
  const local = new MemoryStore();
  const draft = parseReference(`${repository.name}:1.0.0-draft`);
  await push(local, store, parseReference(await release(local, { version: "1.0.0" }, "draft")), draft);
  const other = new RemoteStore({ retry: NO_WAIT });
  onTestFinished(async () => other.close());

  let arrived = (): void => undefined;
  let goOn = (): void => undefined;
  const removing = new Promise<void>((resolve) => (arrived = resolve));
  const otherIsDone = new Promise<void>((resolve) => (goOn = resolve));
  // Ann's removal fails for a moment; when it is repeated, Bob has promoted.
  registry.fail({ method: "DELETE", path: "1.0.0-draft", status: 503, hold: otherIsDone, seen: arrived });
  const anns = promote(store, draft, "testing", { actor: "ann" });
  await removing;
  const bobs = await promote(other, draft, "testing", { actor: "bob" });
  goOn();
  const { digest, warnings } = await anns;
  expect(digest).toBe(bobs.digest);
  expect(warnings).toEqual([expect.stringContaining("bob promoted it too")]);
  expect(await listOf(repository.tags())).toEqual(["1.0.0-testing"]);
});
