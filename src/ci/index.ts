/** A pipeline over a repository of skills, as one verb: which skills a change concerns, and what is to be done with them. */
export { ci } from "./ci.ts";
export type { CiOptions } from "./ci.ts";
export { plan } from "./plan.ts";
export type { Plan, PlanOptions } from "./plan.ts";
export type { CiReport, SkillReport } from "./report.ts";
export type { SkillChange } from "./skills.ts";
export { stageFor } from "./stage.ts";
export type { Stage, StageWish } from "./stage.ts";
export { summarize } from "./summary.ts";
export { readPipeline } from "../source/index.ts";
export type { Pipeline } from "../source/index.ts";
