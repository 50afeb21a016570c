// What every worker does: opens the built library, makes small images, and says what was acknowledged.
import { createHash } from "node:crypto";
import { writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Milliseconds to wait for the lock: fifty writers on a slow disk may need minutes for what is no failure. */
const lockTimeout = 300_000;

/** The `LayoutStore` of the build in `dist`, opened on a directory. */
export async function openStore(dist, directory) {
  const { LayoutStore } = await import(pathToFileURL(`${dist}/store/index.js`).href);
  return LayoutStore.open(directory, { lockTimeout });
}

export function describe(bytes, mediaType) {
  return { mediaType, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, size: bytes.byteLength };
}

/** Pushes an image made of `text` with a layer of `size` bytes; resolves to the manifest's descriptor. */
export async function pushImage(repository, text, size = 2000) {
  const layerBytes = Buffer.alloc(size, text);
  const layer = describe(layerBytes, "application/vnd.oci.image.layer.v1.tar+gzip");
  const configBytes = Buffer.from(JSON.stringify({ text }));
  const config = describe(configBytes, "application/vnd.oci.image.config.v1+json");
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] }));
  const manifest = describe(bytes, mediaType);
  await repository.push(layer, layerBytes);
  await repository.push(config, configBytes);
  await repository.push(manifest, bytes);
  return manifest;
}

/** Tells the parent, at once: a process that is killed a moment later has said it all the same. */
export function say(...words) {
  writeSync(1, `${words.join(" ")}\n`);
}
