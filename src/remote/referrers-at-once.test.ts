import { expect, it } from "vitest";

import { makeImage, pushImage } from "../store/testing/images.ts";
import { setUpRemote } from "./testing/remote-fixture.ts";

it("referrers are written one by one, so that a registry which cannot take two at once loses none", async () => {
  const { registry, repository } = await setUpRemote();
  const { manifest: subject } = await pushImage(repository, "skill");
  let [atOnce, most] = [0, 0];
  const names = ["one", "two", "three"];
  for (const name of names) {
    const { digest } = makeImage(name, { subject }).manifest;
    let release = (): void => undefined;
    const hold = new Promise<void>((resolve) => (release = resolve));
    const seen = (): void => {
      most = Math.max(most, ++atOnce);
      setTimeout(() => {
        atOnce -= 1;
        release();
      }, 30);
    };
    registry.fail({ method: "PUT", path: digest, hold, seen });
  }
  await Promise.all(names.map((name) => pushImage(repository, name, { subject })));
  expect(most).toBe(1);
});
