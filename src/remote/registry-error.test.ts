import { expect, it } from "vitest";

import { asContent } from "../content/index.ts";
import { registryError } from "./registry-error.ts";

const EVIL = "\u001b]0;owned\u0007\nhint: run this";

/** What is made of a 403 with this first error. */
async function denied(error: object): Promise<{ readonly message: string; readonly hint: string | undefined }> {
  const body = asContent(Buffer.from(JSON.stringify({ errors: [{ code: "DENIED", ...error }] })));
  const response = { status: 403, headers: {}, body, discard: async () => {} };
  const isSecret = (text: string): boolean => text.includes("t0ken");
  return registryError(response, { registry: "r.example", repository: "a", doing: "push", isSecret });
}

it("what a registry's rule advises is the hint, and not said twice", async () => {
  const detail = { refusedBy: "rule", hint: "Pack it again." };
  const { message, hint } = await denied({ message: "it is too large. Pack it again.", detail });
  expect(message).toMatch(/\(403, DENIED "it is too large"\)$/);
  expect(hint).toBe('The registry says: "Pack it again."');
});

it("a hint from a hostile registry stays a quotation of one line and of bounded length", async () => {
  const advice = EVIL.repeat(100);
  const { hint = "" } = await denied({ message: `no. ${advice}`, detail: { refusedBy: "rule", hint: advice } });
  expect(hint).toMatch(/^The registry says: "\\u\{1b\}\]0;owned[ -~]+…"$/);
  expect(hint.length).toBeLessThan(2000);
});

it("a hint that repeats a password, or that the message does not end in, is not shown", async () => {
  for (const advice of ["Use t0ken.", "Something else."]) {
    const error = await denied({ message: "no. Ask.", detail: { refusedBy: "rule", hint: advice } });
    expect(error.hint).toBeUndefined();
    expect(error.message).toContain('"no. Ask."');
  }
  const repeated = await denied({ message: "no. Use t0ken.", detail: { refusedBy: "rule", hint: "Use t0ken." } });
  expect(`${repeated.message}${repeated.hint}`).not.toContain("t0ken");
});
