/** The contract of a store, kept by `RemoteStore` over real registries: what each of them cannot do is named with its reason. */
import { RemoteStore } from "../../src/remote/index.ts";
import { describeStore } from "../../src/store/testing/contract.ts";
import { describeWith, dockerRegistry, olareg, type Tool } from "../tools.ts";
import { startDockerRegistry, startReferrersRegistry, type Registry } from "./registries.ts";

const NO_TAG_REMOVAL = "distribution 2.8 removes manifests, but no tags";
const NO_CATALOG = "olareg does not list its repositories";

describeRegistry(dockerRegistry, () => startDockerRegistry(), {
  "keeps two tags of one digest apart": NO_TAG_REMOVAL,
  "says NOT_FOUND when there is no tag to remove": NO_TAG_REMOVAL,
  "changes several tags at once": NO_TAG_REMOVAL,
  "keeps a manifest that has only its digest as a name": NO_TAG_REMOVAL,
  "keeps repositories apart and lists them": "its catalog goes on listing a repository that was emptied",
});

describeRegistry(olareg, () => startReferrersRegistry(), {
  "keeps a manifest that has only its digest as a name": NO_CATALOG,
  "keeps repositories apart and lists them": NO_CATALOG,
});

function describeRegistry(
  program: Tool,
  start: () => Promise<Registry>,
  skips: Readonly<Record<string, string>>,
): void {
  const factory = async () => {
    const registry = await start();
    return {
      store: new RemoteStore({ registry: registry.host }),
      prefix: `${registry.host}/`,
      dispose: async () => registry.close(),
    };
  };
  describeWith([program], program.name, () => describeStore("RemoteStore", factory, { skips }));
}
