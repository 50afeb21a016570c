import { expect, it } from "vitest";

import type { Endpoint, EndpointSource } from "../config/types.ts";
import { HostTls } from "./host-tls.ts";

const endpoint = (registry: string, tls: Endpoint["tls"]): Endpoint => ({
  registry,
  repository: "x",
  scheme: "https",
  tls,
});

async function learn(hosts: HostTls, ...endpoints: readonly Endpoint[]): Promise<void> {
  for (const each of endpoints) {
    const source: EndpointSource = { endpoints: async () => [each] };
    expect(await hosts.learnFrom(source).endpoints("x")).toEqual([each]);
  }
}

it("a registry is spoken to as configured, with or without its port", async () => {
  const hosts = new HostTls(true);
  const certificate = { cert: "cert", key: "key" };
  await learn(
    hosts,
    endpoint("Quay.io", { ca: ["a"] }),
    endpoint("r.example.com:5000", { certificate }),
    endpoint("[::1]", {}),
  );
  expect(hosts.for("quay.io:443")).toEqual({ ca: ["a"] });
  expect(hosts.for("r.example.com:5000")).toEqual({ certificate });
  expect(hosts.for("[::1]:443")).toEqual({});
});

it("where registries send us their authorities are trusted, and our own certificate is not shown", async () => {
  const hosts = new HostTls(true);
  await learn(
    hosts,
    endpoint("a.com", { ca: ["a"], verify: false, certificate: { cert: "c", key: "k" } }),
    endpoint("b.com", { ca: ["b", "a"] }),
  );
  expect(hosts.for("auth.a.com:443")).toEqual({ verify: true, ca: ["a", "b"] });
});

it("what was said for the whole call holds for every host", () => {
  expect(new HostTls(false).for("cdn.example.com:443")).toEqual({ verify: false, ca: [] });
});

it("a host that is verified for one of its repositories is verified for all", async () => {
  const [insecure, secure] = [endpoint("a.com", { verify: false }), endpoint("a.com:443", { ca: ["a"] })];
  for (const order of [
    [insecure, secure],
    [secure, insecure],
  ]) {
    const hosts = new HostTls(true);
    await learn(hosts, ...order);
    expect(hosts.for("a.com:443").verify).not.toBe(false);
  }
});
