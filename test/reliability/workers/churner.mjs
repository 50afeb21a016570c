// churner.mjs DIST DIRECTORY NAME SECONDS GRACE: pushes, tags, reads back and untags a few images over and over, so that
// their blobs are garbage at one moment and needed at the next. Says `read n` for every image that it read back whole,
// and `late n` for a push that took GRACE milliseconds or longer: collections wait no longer, so it is done again.
import { openStore, pushImage, say } from "./store.mjs";

const [dist, directory, name, seconds, grace] = process.argv.slice(2);
const repository = (await openStore(dist, directory)).repository("examples/churned");
const until = Date.now() + Number(seconds) * 1000;
for (let at = 0; Date.now() < until; at += 1) {
  while (!(await publish(at))) say("late", at);
  await readWhole(await repository.resolve(`${name}-${at % 5}`));
  say("read", at);
  if (at % 5 !== 4) continue;
  for (let tag = 0; tag < 5; tag += 1) await repository.untag(`${name}-${tag}`);
  // What nobody ever names: on a quick machine the others are needed again before they are old enough to go.
  await pushImage(repository, `image of ${name} in round ${at}`);
}

/** Pushes and tags an image. Resolves to whether that took less than the grace period, so that it must have worked. */
async function publish(at) {
  const started = performance.now();
  const isInTime = () => performance.now() - started < Number(grace);
  try {
    // The images are those of every churner, so one finds present what another has dropped.
    const manifest = await pushImage(repository, `image ${at % 17}`);
    await repository.tag(manifest, `${name}-${at % 5}`);
    return isInTime();
  } catch (error) {
    if (error.code === "BLOB_MISSING" && !isInTime()) return false;
    throw error;
  }
}

async function readWhole(descriptor) {
  const { config, layers } = JSON.parse(Buffer.concat(await chunks(descriptor)));
  for (const child of [config, ...layers]) await chunks(child);
}

async function chunks(descriptor) {
  const all = [];
  for await (const chunk of repository.fetch(descriptor)) all.push(chunk);
  return all;
}
