/**
 * A store of ten thousand images.
 *
 * skillctl packs one skill; its manifest and config are then written again under other names and versions, as ten
 * thousand packs would leave them, only that all share one layer. No row that uses the store reads layers.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const REF_NAME = "org.opencontainers.image.ref.name";
const VERSION = "org.opencontainers.image.version";
const NAME = "io.skillimage.name";
const TITLE = "org.opencontainers.image.title";

/** Grows a store that holds one packed skill to `count` more images, ten versions of each skill. */
export function growStore(store, count) {
  const blobs = join(store, "blobs/sha256");
  const indexFile = join(store, "index.json");
  const index = readJson(indexFile);
  const [template] = index.manifests;
  const manifest = readJson(blobPath(store, template.digest));
  const config = readJson(blobPath(store, manifest.config.digest));
  mkdirSync(blobs, { recursive: true });

  for (let image = 0; image < count; image++) {
    const name = `skill-${String(Math.floor(image / 10)).padStart(4, "0")}`;
    const facts = { [NAME]: name, [TITLE]: name, [VERSION]: `1.${image % 10}.0` };
    const labels = { ...config.config.Labels, ...facts };
    const itsConfig = writeBlob(store, { ...config, config: { ...config.config, Labels: labels } });
    const itsManifest = writeBlob(store, {
      ...manifest,
      config: { ...manifest.config, ...itsConfig },
      annotations: { ...manifest.annotations, ...facts },
    });
    const annotations = { ...template.annotations, [VERSION]: facts[VERSION] };
    annotations[REF_NAME] = `bench/${name}:${facts[VERSION]}-draft`;
    index.manifests.push({ ...template, ...itsManifest, annotations });
  }
  writeFileSync(indexFile, JSON.stringify(index));
}

function blobPath(store, digest) {
  return join(store, "blobs", digest.replace(":", "/"));
}

function readJson(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

function writeBlob(store, document) {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  writeFileSync(blobPath(store, digest), bytes);
  return { digest, size: bytes.byteLength };
}
