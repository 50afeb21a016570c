import { describeRegistryStorage } from "../testing/contract.ts";
import { createMemoryStorage } from "./index.ts";

describeRegistryStorage("memory", async ({ now }) => ({ storage: createMemoryStorage({ now }) }));
