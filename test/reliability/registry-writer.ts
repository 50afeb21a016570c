/** Somebody who pushes to a registry with our own client, and knows what was acknowledged. */
import { createHash } from "node:crypto";

import { isSkillError } from "../../src/errors.ts";
import { digestOf, type Descriptor, type Digest } from "../../src/oci/index.ts";
import { RemoteStore } from "../../src/remote/index.ts";
import { pushImage } from "../../src/store/testing/images.ts";

/** So many tags has each writer at most. */
const TAGS = 6;
/** A layer of some size, so that a kill may fall into it. */
const LARGE = 200_000;

export class RegistryWriter {
  readonly name: string;
  /** What the tags name, by what was acknowledged. */
  readonly tags = new Map<string, Digest>();
  acknowledged = 0;
  /** What was under way when the server died: either it is done, or nothing is. */
  #pending: { readonly tag: string; readonly to: Digest | undefined } | undefined;
  readonly #random: () => number;
  /** What was pushed and not deleted, so that the registry does not grow for as long as somebody writes. */
  readonly #pushed = new Map<Digest, Descriptor>();
  #count = 0;

  constructor(name: string, random: () => number) {
    this.name = name;
    this.#random = random;
  }

  /** Pushes, moves and removes tags, and deletes what none names any more, until the server fails or `isOver`. Resolves to the failure. */
  async work(host: string, isOver: () => boolean): Promise<unknown> {
    const store = new RemoteStore({ registry: host, retry: { attempts: 1 } });
    const repository = store.repository(`${host}/${this.name}`);
    try {
      while (!isOver()) {
        const tag = `v${Math.floor(this.#random() * TAGS)}`;
        const named = [...this.tags.values()];
        for (const [digest, descriptor] of this.#pushed) {
          if (named.includes(digest)) continue;
          // The server may have died after it.
          await repository.delete(descriptor).catch(unlessAbsent);
          this.#pushed.delete(digest);
        }
        if (this.tags.has(tag) && this.#random() < 0.2) {
          await this.#change(tag, undefined, async () => repository.untag(tag));
          continue;
        }
        const text = `${this.name} ${this.#count++}`;
        if (this.#random() < 0.3) {
          const large = Buffer.alloc(LARGE, text);
          await repository.push({ mediaType: "application/octet-stream", digest: digestOf(large), size: LARGE }, large);
        }
        const { manifest } = await pushImage(repository, text);
        this.#pushed.set(manifest.digest, manifest);
        await this.#change(tag, manifest.digest, async () => repository.tag(manifest, tag));
      }
      return undefined;
    } catch (error) {
      return error;
    } finally {
      await store.close();
    }
  }

  /** What a server has that differs from what was acknowledged; and every blob that is missing or has other bytes. */
  async violations({ url }: { readonly url: string }): Promise<string[]> {
    await this.#settle(url);
    const found: string[] = [];
    const { tags = [] } = (await getJson(`${url}/v2/${this.name}/tags/list`)) as { readonly tags?: readonly string[] };
    for (const tag of tags) if (!this.tags.has(tag)) found.push(`${this.name}:${tag} was removed, and is there`);
    for (const [tag, digest] of this.tags) {
      const manifest = await get(`${url}/v2/${this.name}/manifests/${tag}`);
      if (manifest === undefined) found.push(`${this.name}:${tag} is lost`);
      else if (hashOf(manifest) !== digest) found.push(`${this.name}:${tag} is ${hashOf(manifest)}, not ${digest}`);
      else found.push(...(await this.#partsOf(url, tag, manifest)));
    }
    return found;
  }

  async #partsOf(url: string, tag: string, bytes: Uint8Array): Promise<string[]> {
    const { config, layers } = JSON.parse(Buffer.from(bytes).toString()) as {
      readonly config: Descriptor;
      readonly layers: readonly Descriptor[];
    };
    const found: string[] = [];
    for (const { digest } of [config, ...layers]) {
      const blob = await get(`${url}/v2/${this.name}/blobs/${digest}`);
      if (blob === undefined) found.push(`${this.name}:${tag} lacks ${digest}`);
      else if (hashOf(blob) !== digest) found.push(`${this.name}:${tag} has other bytes under ${digest}`);
    }
    return found;
  }

  async #change(tag: string, to: Digest | undefined, change: () => Promise<unknown>): Promise<void> {
    this.#pending = { tag, to };
    await change();
    this.#pending = undefined;
    this.#set(tag, to);
    this.acknowledged += 1;
  }

  #set(tag: string, to: Digest | undefined): void {
    if (to === undefined) this.tags.delete(tag);
    else this.tags.set(tag, to);
  }

  /** Finds out whether what was under way was done. */
  async #settle(url: string): Promise<void> {
    if (this.#pending === undefined) return;
    const { tag, to } = this.#pending;
    this.#pending = undefined;
    const bytes = await get(`${url}/v2/${this.name}/manifests/${tag}`);
    if ((bytes === undefined ? undefined : hashOf(bytes)) === to) this.#set(tag, to);
  }
}

function unlessAbsent(error: unknown): void {
  if (!isSkillError(error, "NOT_FOUND")) throw error;
}

/** The bytes there; `undefined` for a 404. */
async function get(url: string): Promise<Uint8Array | undefined> {
  const response = await fetch(url);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (response.status === 404) return undefined;
  if (response.status === 200) return bytes;
  throw new Error(`${url}: ${response.status} ${Buffer.from(bytes).toString()}`);
}

async function getJson(url: string): Promise<unknown> {
  const bytes = await get(url);
  return bytes === undefined ? {} : JSON.parse(Buffer.from(bytes).toString());
}

function hashOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}` as Digest;
}
