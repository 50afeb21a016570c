// s3-writer.mjs DIST PLACE: pushes one image into a registry in S3, whose layer comes as an upload in three pieces: parts
// of a multipart upload, and a tail. Then deletes it, and collects everything at once. PLACE is JSON. Says each step when it
// is done.
import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";

const [dist, place] = process.argv.slice(2);
const { createS3Storage, gc } = await import(pathToFileURL(`${dist}/registry/index.js`).href);
const say = (line) => process.stdout.write(`${line}\n`);
const digestOf = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

const NAME = "examples/killed";
const storage = await createS3Storage(JSON.parse(place));
const repository = storage.metadata.repository(NAME);
const mediaType = "application/vnd.oci.image.manifest.v1+json";
const layer = Buffer.alloc(12 * 1024 * 1024, "layer");
const config = Buffer.from("{}");
say("open");

await upload(layer, [7, 1, 4]);
await upload(config, [1]);
const manifest = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType,
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: digestOf(config), size: config.length },
    layers: [{ mediaType: "application/octet-stream", digest: digestOf(layer), size: layer.length }],
  }),
);
const digest = digestOf(manifest);
await storage.blobs.put(digest, manifest);
const descriptor = { mediaType, digest, size: manifest.length };
const references = [digestOf(config), digestOf(layer)];
await repository.putManifest({ descriptor, references }, { tag: "1.0.0", to: digest });
say("pushed");

await repository.deleteManifest(digest);
say("deleted");
// Once for rows, once more for what the rows named.
for (let round = 0; round < 2; round += 1) await gc(storage, { grace: 0, now: () => Date.now() + 60_000 });
say("collected");
await storage.close();

/** Pieces are so many MiB. */
async function upload(bytes, pieces) {
  const { id } = await storage.blobs.uploads.begin(NAME);
  let at = 0;
  for (const size of pieces) {
    const piece = bytes.subarray(at, at + size * 1024 * 1024);
    await storage.blobs.uploads.append(id, at, chunksOf(piece));
    at += piece.length;
  }
  await storage.blobs.uploads.finish(id, digestOf(bytes));
  await repository.linkBlob(digestOf(bytes));
}

async function* chunksOf(bytes) {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
