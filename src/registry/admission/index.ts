/**
 * Rules for skills on a registry: what a plain registry cannot enforce. Pure but for what it reads of the repository that a change is
 * about; the registry asks while nobody else can change that repository, so what a rule sees is still so when it counts.
 */
export { allRules, createAdmission, type AdmissionConfig } from "./admission.ts";
export { Steps } from "./steps.ts";
export type { ReviewedPut, ReviewedRemoval, Rule } from "./rule.ts";
