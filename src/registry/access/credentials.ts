/** What an `Authorization` header says. RFC 7617, RFC 6750. */

export type Credentials =
  | { readonly kind: "none" }
  | { readonly kind: "basic"; readonly user: string; readonly password: string }
  | { readonly kind: "bearer"; readonly token: string }
  | { readonly kind: "malformed" };

const HEADER = /^([A-Za-z]+) +([A-Za-z0-9._~+/=-]+)$/;
const MAX_HEADER = 16 * 1024;

/** Reads the header; empty Basic credentials, which some clients send, are none. */
export function readCredentials(header: string | undefined): Credentials {
  if (header === undefined || header === "") return { kind: "none" };
  const [, scheme = "", value = ""] = header.length > MAX_HEADER ? [] : (HEADER.exec(header) ?? []);
  if (scheme.toLowerCase() === "bearer") return { kind: "bearer", token: value };
  if (scheme.toLowerCase() !== "basic") return { kind: "malformed" };
  const text = Buffer.from(value, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) return { kind: "malformed" };
  const [user, password] = [text.slice(0, colon), text.slice(colon + 1)];
  if (user === "" && password === "") return { kind: "none" };
  return user === "" || /[\0\r\n]/.test(text) ? { kind: "malformed" } : { kind: "basic", user, password };
}
