import type { SkillCard } from "../skillcard/index.ts";

/** A field of the card that differs; the side that does not have it leaves its value out. */
export interface FieldChange {
  /** As in `metadata.version`. */
  readonly field: string;
  readonly before?: string;
  readonly after?: string;
}

/** Compares two cards field by field; lists and records are compared, and shown, as JSON. */
export function compareCards(before: SkillCard, after: SkillCard): readonly FieldChange[] {
  const [left, right] = [flatten(before), flatten(after)];
  const fields = new Set([...left.keys(), ...right.keys()]);
  return [...fields].filter((field) => left.get(field) !== right.get(field)).map((field) => change(field, left, right));
}

function change(field: string, left: ReadonlyMap<string, string>, right: ReadonlyMap<string, string>): FieldChange {
  const [before, after] = [left.get(field), right.get(field)];
  return { field, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

/** Two levels deep, as cards are: `metadata.tags` is one field. */
function flatten(card: SkillCard): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const [section, value] of Object.entries(card)) {
    if (typeof value !== "object" || value === null) fields.set(section, String(value));
    else for (const [key, item] of Object.entries(value)) fields.set(`${section}.${key}`, show(item));
  }
  return fields;
}

function show(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
