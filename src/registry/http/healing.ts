/** Requests that meet what a disk has damaged. */
import { isSkillError } from "../../errors.ts";
import { RegistryRefusal } from "../refusal.ts";
import { healRepository } from "../storage/recover.ts";
import type { RepositoryMetadata } from "../storage/types.ts";
import type { Desk } from "./desk.ts";
import type { Exchange } from "./exchange.ts";

/** Does the work; once more, when it failed by damage of which something could be set right. */
export async function healing<T>(
  desk: Desk,
  held: RepositoryMetadata,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isSkillError(error, "STORE_CORRUPT") || !(await healRepository(desk.storage, held, { signal }))) throw error;
    return work();
  }
}

/** No rule can judge the removal of what nobody can read. */
export function requireAdmin(desk: Desk, { identity }: Exchange, repository: string, name: string): void {
  if (desk.options.admission === undefined || identity.roles(repository).has("admin")) return;
  throw new RegistryRefusal(403, "DENIED", `what this registry knew of ${name} is damaged`, {
    hint: "Push it again; only an admin removes it as it is.",
  });
}
