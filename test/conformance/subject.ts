/**
 * What the rules of OCI distribution-spec 1.1 are held against: our registry, over each of its storages, asked over HTTP as
 * any client asks.
 */
import { createHash } from "node:crypto";

import { afterAll, beforeAll, describe, expect } from "vitest";

import { MediaType, type Descriptor, type Digest } from "../../src/oci/index.ts";
import { startRegistry, type RunningRegistry } from "../../src/registry/http/testing/running-registry.ts";
import { createFsStorage } from "../../src/registry/storage/fs/index.ts";
import { createMemoryStorage } from "../../src/registry/storage/memory/index.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

/** A registry under test, with the requests that most rules begin with. */
export class Subject {
  #running: RunningRegistry | undefined;
  #count = 0;

  async start(kind: "memory" | "fs"): Promise<void> {
    if (kind === "memory") {
      this.#running = await startRegistry({ storage: createMemoryStorage() });
      return;
    }
    const { path, remove } = await temporaryDirectory();
    const running = await startRegistry({ storage: await createFsStorage(path) });
    this.#running = {
      ...running,
      close: async () => {
        await running.close();
        await remove();
      },
    };
  }

  async stop(): Promise<void> {
    await this.#running?.close();
  }

  /** A repository that no other test uses. */
  repository(): string {
    this.#count += 1;
    return `conformance/repository-${this.#count}`;
  }

  /** Asks; `location` is a path, or what a `Location` or `Link` said. */
  async ask(method: string, location: string, init: RequestInit = {}): Promise<Response> {
    if (this.#running === undefined) throw new Error("the registry has not been started");
    return fetch(new URL(location, this.#running.url), { method, redirect: "manual", ...init });
  }

  /** Begins an upload and returns where it goes on. */
  async beginUpload(repository: string): Promise<string> {
    const response = await this.ask("POST", `/v2/${repository}/blobs/uploads/`);
    expect(response.status).toBe(202);
    return locationOf(response);
  }

  async pushBlob(repository: string, content: string | Uint8Array): Promise<Descriptor> {
    const descriptor = describeContent(content);
    const location = await this.beginUpload(repository);
    const response = await this.ask("PUT", withDigest(location, descriptor.digest), { body: bodyOf(content) });
    expect(response.status).toBe(201);
    return descriptor;
  }

  /** Pushes config, layer and manifest; the manifest under `tag`, else under its digest. */
  async pushImage(repository: string, text: string, options: ImageOptions = {}): Promise<Image> {
    const config = { ...(await this.pushBlob(repository, `{"text":"${text}"}`)), mediaType: MediaType.config };
    const layer = { ...(await this.pushBlob(repository, `layer of ${text}`)), mediaType: MediaType.layerGzip };
    const { tag, ...more } = options;
    const document = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers: [layer], ...more };
    const { response, ...manifest } = await this.pushManifest(repository, document, tag);
    expect(response.status).toBe(201);
    return { ...manifest, config, layer };
  }

  async pushManifest(
    repository: string,
    document: Readonly<Record<string, unknown>>,
    reference?: string,
  ): Promise<{ readonly response: Response; readonly bytes: string; readonly descriptor: Descriptor }> {
    const bytes = JSON.stringify(document);
    const mediaType = typeof document["mediaType"] === "string" ? document["mediaType"] : MediaType.manifest;
    const descriptor = { ...describeContent(bytes), mediaType };
    const response = await this.ask("PUT", `/v2/${repository}/manifests/${reference ?? descriptor.digest}`, {
      headers: { "content-type": mediaType },
      body: bytes,
    });
    return { response, bytes, descriptor };
  }
}

export interface ImageOptions {
  readonly tag?: string;
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Image {
  readonly descriptor: Descriptor;
  readonly bytes: string;
  readonly config: Descriptor;
  readonly layer: Descriptor;
}

/** The rules of one section of the specification, over each storage. */
export function describeSection(section: string, rules: (subject: Subject) => void): void {
  describe.each(["memory", "fs"] as const)(`${section}, over the %s storage`, (kind) => {
    const subject = new Subject();
    beforeAll(async () => subject.start(kind));
    afterAll(async () => subject.stop());
    rules(subject);
  });
}

export function describeContent(content: string | Uint8Array, algorithm: "sha256" | "sha512" = "sha256"): Descriptor {
  const digest = `${algorithm}:${createHash(algorithm).update(content).digest("hex")}` as Digest;
  return { mediaType: "application/octet-stream", digest, size: Buffer.byteLength(content) };
}

/** What `Location` says. */
export function locationOf(response: Response): string {
  const location = response.headers.get("location");
  if (location === null) throw new Error("the answer has no Location");
  return location;
}

export function withDigest(location: string, digest: string): string {
  return `${location}${location.includes("?") ? "&" : "?"}digest=${digest}`;
}

export function bodyOf(content: string | Uint8Array): string | Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? content : new Uint8Array(content);
}

/** The codes of an error's body, whose form is checked. OCI distribution-spec "Error Codes". */
export async function errorCodes(response: Response): Promise<string[]> {
  expect(response.headers.get("content-type")).toBe("application/json");
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  expect(errors.length).toBeGreaterThan(0);
  for (const { code } of errors) expect(SPECIFIED).toContain(code);
  return errors.map(({ code }) => code);
}

const SPECIFIED = [
  "BLOB_UNKNOWN",
  "BLOB_UPLOAD_INVALID",
  "BLOB_UPLOAD_UNKNOWN",
  "DIGEST_INVALID",
  "MANIFEST_BLOB_UNKNOWN",
  "MANIFEST_INVALID",
  "MANIFEST_UNKNOWN",
  "NAME_INVALID",
  "NAME_UNKNOWN",
  "SIZE_INVALID",
  "UNAUTHORIZED",
  "DENIED",
  "UNSUPPORTED",
  "TOOMANYREQUESTS",
];
