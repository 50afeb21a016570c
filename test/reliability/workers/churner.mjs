// churner.mjs DIST DIRECTORY NAME SECONDS: pushes, tags, reads back and untags a few images over and over, so that their
// blobs are garbage at one moment and needed at the next. Says `read n` for every image that it read back whole.
import { openStore, pushImage, say } from "./store.mjs";

const [dist, directory, name, seconds] = process.argv.slice(2);
const repository = (await openStore(dist, directory)).repository("examples/churned");
const until = Date.now() + Number(seconds) * 1000;
for (let at = 0; Date.now() < until; at += 1) {
  // The images are those of every churner, so one finds present what another has dropped.
  const manifest = await pushImage(repository, `image ${at % 17}`);
  await repository.tag(manifest, `${name}-${at % 5}`);
  await readWhole(await repository.resolve(`${name}-${at % 5}`));
  say("read", at);
  if (at % 5 === 4) for (let tag = 0; tag < 5; tag += 1) await repository.untag(`${name}-${tag}`);
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
