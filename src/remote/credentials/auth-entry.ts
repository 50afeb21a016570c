/** One entry of an auth file: a credential, or the mark of one that is kept elsewhere. */
import { SkillError } from "../../errors.ts";
import type { JsonObject } from "../../oci/index.ts";
import { quote } from "../../text/index.ts";
import type { Credential } from "./types.ts";

const SECRETS = ["auth", "username", "password", "identitytoken", "registrytoken"];
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const TOKEN = /^[\x21-\x7e]+$/;

/** Which entry of which file, for messages. */
export interface EntryPlace {
  readonly path: string;
  readonly key: string;
}

/** What an entry holds; `undefined` for an empty one. Throws `CREDENTIALS_INVALID`, which cites nothing of it. */
export function readEntry(entry: unknown, place: EntryPlace): Credential | undefined {
  // To docker and podman, null is an entry without fields.
  if (entry === null) return undefined;
  if (typeof entry !== "object" || Array.isArray(entry)) throw invalid(place, "it is not an object");
  const field = (name: string): string => textOf((entry as JsonObject)[name], name, place);
  const registryToken = field("registrytoken");
  if (registryToken !== "") return { kind: "registry-token", token: checkToken(registryToken, place) };
  const identityToken = field("identitytoken");
  if (identityToken !== "") return { kind: "identity-token", token: identityToken };
  const auth = field("auth");
  if (auth !== "") return decode(auth.trim(), place);
  const username = field("username");
  const password = field("password");
  return username === "" || password === "" ? undefined : { kind: "basic", username, password };
}

/** An entry for user and password, or with neither for what a helper keeps; what else an older entry said stays. */
export function writeEntry(older: unknown, credential: Extract<Credential, { kind: "basic" }> | undefined): JsonObject {
  const fields = typeof older === "object" && older !== null && !Array.isArray(older) ? Object.entries(older) : [];
  const kept = Object.fromEntries(fields.filter(([name]) => !SECRETS.includes(name)));
  if (credential === undefined) return kept;
  const { username, password } = credential;
  return { ...kept, auth: Buffer.from(`${username}:${password}`).toString("base64") };
}

/** User, colon, password, in base64. The password may hold further colons; old tools put zero bytes at its end. */
function decode(auth: string, place: EntryPlace): Credential {
  if (!BASE64.test(auth)) throw invalid(place, "its `auth` is not base64");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(auth, "base64"));
  } catch {
    throw invalid(place, "its `auth` is not UTF-8 text");
  }
  const colon = text.indexOf(":");
  if (colon < 0) throw invalid(place, "its `auth` is not a user, a colon and a password");
  return { kind: "basic", username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, "") };
}

function textOf(value: unknown, name: string, place: EntryPlace): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw invalid(place, `its \`${name}\` is not a text`);
  return value;
}

/** It becomes part of a header. */
function checkToken(token: string, place: EntryPlace): string {
  if (!TOKEN.test(token)) throw invalid(place, "its `registrytoken` holds characters that no token has");
  return token;
}

function invalid({ path, key }: EntryPlace, problem: string): SkillError {
  return new SkillError("CREDENTIALS_INVALID", `${path}: the entry ${quote(key)} cannot be used: ${problem}`, {
    hint: "Correct it, or log in again.",
  });
}
