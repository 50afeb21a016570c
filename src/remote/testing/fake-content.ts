/** What a fake registry holds: repositories of blobs, manifests, tags and unfinished uploads, in memory. */
import { randomUUID } from "node:crypto";

import { digestOf } from "../../oci/index.ts";

export interface FakeManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** An upload that was begun: the bytes that arrived so far. */
export class FakeUpload {
  readonly id = randomUUID();
  readonly #chunks: Uint8Array[] = [];
  size = 0;
  /** Whether the last chunk was shorter than chunks may be, so that none may follow. */
  isShort = false;

  append(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.size += chunk.byteLength;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }
}

export class FakeRepository {
  readonly blobs = new Map<string, Uint8Array>();
  readonly manifests = new Map<string, FakeManifest>();
  readonly tags = new Map<string, string>();
  readonly uploads = new Map<string, FakeUpload>();

  /** The digest that a tag or digest names, if there is such a manifest. */
  digest(reference: string): string | undefined {
    const digest = this.tags.get(reference) ?? reference;
    return this.manifests.has(digest) ? digest : undefined;
  }

  putBlob(bytes: Uint8Array): string {
    const digest = digestOf(bytes);
    this.blobs.set(digest, bytes);
    return digest;
  }

  deleteManifest(digest: string): void {
    this.manifests.delete(digest);
    for (const [tag, named] of this.tags) if (named === digest) this.tags.delete(tag);
  }
}

/** The repositories of a registry, each made when it is first asked for. */
export class FakeContent {
  readonly repositories = new Map<string, FakeRepository>();

  repository(name: string): FakeRepository {
    const repository = this.repositories.get(name) ?? new FakeRepository();
    this.repositories.set(name, repository);
    return repository;
  }

  /** Names of the repositories that hold a manifest, in lexical order. */
  names(): string[] {
    return [...this.repositories.keys()].filter((name) => this.repository(name).manifests.size > 0).toSorted();
  }
}
