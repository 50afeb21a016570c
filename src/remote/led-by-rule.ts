/** Failures to reach a host that nobody typed: a rule in registries.conf leads there, and is what there is to mend. */
import { isSkillError, SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";
import type { EndpointRule } from "./config/types.ts";

/** What `ask` resolves to; when its host cannot be reached, the hint begins with the rule that leads to it. */
export async function ledBy<T>(rule: EndpointRule | undefined, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw rule === undefined || !isSkillError(error, "REGISTRY_UNREACHABLE") ? error : withRule(error, rule);
  }
}

function withRule({ code, message, hint = "", cause }: SkillError, { prefix, file }: EndpointRule): SkillError {
  return new SkillError(code, message, {
    hint: `The rule for ${quote(prefix)} in ${file} leads there. ${hint}`.trimEnd(),
    cause,
  });
}
