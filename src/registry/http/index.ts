/** OCI Distribution 1.1 over node:http. */
export { errorBody, refusalOf } from "./answer-errors.ts";
export { continueWhenRead } from "./expect-continue.ts";
export { DEFAULT_LIMITS, type RegistryLimits } from "./limits.ts";
export type { RegistryOptions, RegistryProblem } from "./options.ts";
export { endWithConnection, refuseOneTooMany } from "./waiting-answers.ts";
export { createRegistry, type ExchangeReport, type Registry } from "./registry.ts";
