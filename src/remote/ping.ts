/**
 * Whether it is a registry that answers: to whoever greets it, a web server may answer 200 as well.
 *
 * The header that says so is optional (OCI distribution-spec, "Legacy Docker support HTTP headers"), and nothing is said of the body,
 * so the judgement is mild. Without the header, nothing and JSON are a registry's: distribution and Harbor say `{}`, Zot and olareg
 * nothing, Quay `true`, which it calls text/html. What is neither is some page.
 */
import { isSkillError, SkillError } from "../errors.ts";
import type { OperationOptions } from "../store/types.ts";
import type { RegistryClient } from "./client-types.ts";
import { readBounded, type HttpResponse } from "./http/index.ts";

/** In bytes; pages are longer, greetings are not. */
const MAX_GREETING = 64 * 1024;

/**
 * Asks a registry whether it is there and takes the credentials that there are for it. Rejects with `RESPONSE_INVALID` when what
 * answers is no registry, and with what every request rejects with. Implements OCI distribution-spec "Determining Support".
 */
export async function ping(client: RegistryClient, { signal }: OperationOptions): Promise<void> {
  const request = { method: "GET", path: "", access: "pull", doing: "sign in", expect: [200] } as const;
  const response = await client.request({ ...request, ...(signal && { signal }) });
  if (response.headers["docker-distribution-api-version"] !== undefined) return response.discard();
  if (await isGreeting(response)) return undefined;
  throw new SkillError(
    "RESPONSE_INVALID",
    `${client.registry} is no registry: it answers ${response.url.pathname} with a page`,
    {
      hint: "Check the host and the port; a registry may have others than its web page.",
    },
  );
}

async function isGreeting(response: HttpResponse): Promise<boolean> {
  const tooLong = (): SkillError => new SkillError("RESPONSE_INVALID", "longer than a greeting");
  try {
    const text = Buffer.from(await readBounded(response, MAX_GREETING, tooLong)).toString();
    if (text.trim() !== "") JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError || isSkillError(error, "RESPONSE_INVALID")) return false;
    throw error;
  }
}
