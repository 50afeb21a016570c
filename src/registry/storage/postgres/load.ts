import { SkillError } from "../../../errors.ts";

/** The driver, which only those install who use it. Throws `CONFIG_INVALID` when it is absent. */
export async function loadPg(): Promise<Pick<typeof import("pg"), "Pool">> {
  try {
    const { default: pg } = await import("pg");
    return pg;
  } catch (cause) {
    throw new SkillError("CONFIG_INVALID", "the package pg, which speaks with PostgreSQL, is not installed", {
      hint: "Install it beside skillimage: npm install pg",
      cause,
    });
  }
}
