// tagger.mjs DIST DIRECTORY NAME COUNT: pushes COUNT images, tags each NAME-<n>, says `tag digest` after each.
import { openStore, pushImage, say } from "./store.mjs";

const [dist, directory, name, count] = process.argv.slice(2);
const repository = (await openStore(dist, directory)).repository("examples/tagged");
for (let at = 0; at < Number(count); at += 1) {
  const manifest = await pushImage(repository, `${name} ${at} ${process.pid}`);
  await repository.tag(manifest, `${name}-${at}`);
  say(`${name}-${at}`, manifest.digest);
}
