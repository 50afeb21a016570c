import { refuseMethod, type Exchange } from "./exchange.ts";

/** "Is this a registry, and are my credentials good?" OCI distribution-spec "Determining Support" (end-1). */
export async function answerBase(exchange: Exchange): Promise<void> {
  if (exchange.method !== "GET" && exchange.method !== "HEAD") return refuseMethod(exchange, "GET", "HEAD");
  exchange.json(200, {});
}
