/**
 * A service that issues the bearer tokens of the distribution project's token authentication: signed, short-lived, good
 * for the repository and the actions that were asked for. Anybody may pull; users, by Basic authentication, may do all.
 */
import { randomUUID, sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

import type { Certificates, KeyPair } from "./certificates.ts";
import type { TokenAuthority } from "./registries.ts";

const SERVICE = "registry.test";
const ISSUER = "tokens.test";
/** Seconds. */
const LIFETIME = 60;

/** A token service at work. */
export interface TokenService {
  /** What a registry has to know to believe its tokens. */
  readonly token: TokenAuthority;
  close(): Promise<void>;
}

/** What a token allows on one repository. */
interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/**
 * Starts the service on the loopback interface. `users` are passwords by user name; wrong ones are answered with 401.
 * `tls`: over https, with the server's certificate. Default: false. `anonymousPull`: as above. Default: true.
 */
export async function startTokenService(
  users: Readonly<Record<string, string>>,
  certificates: Certificates,
  { tls = false, anonymousPull = true }: { readonly tls?: boolean; readonly anonymousPull?: boolean } = {},
): Promise<TokenService> {
  const answer: RequestListener = (request, response) => {
    const scopes = new URL(request.url ?? "/", "http://localhost").searchParams.getAll("scope");
    const user = userOf(request.headers.authorization, users);
    if (user === undefined || (user === "" && !anonymousPull)) {
      response.writeHead(401, { "WWW-Authenticate": 'Basic realm="tokens"' }).end();
      return;
    }
    const token = issue(user, accessOf(scopes, user === ""), certificates.server);
    response
      .writeHead(200, { "Content-Type": "application/json" })
      .end(JSON.stringify({ token, expires_in: LIFETIME }));
  };
  const { certificate, key } = certificates.server;
  const pair = { cert: readFileSync(certificate), key: readFileSync(key) };
  const server = tls ? createTlsServer(pair, answer) : createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const realm = `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  return {
    token: { realm, service: SERVICE, issuer: ISSUER, authority: certificates.authority },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

/** Who asks: a user's name, "" for somebody without credentials, `undefined` for wrong ones. */
function userOf(authorization: string | undefined, users: Readonly<Record<string, string>>): string | undefined {
  if (authorization === undefined) return "";
  const [name = "", ...password] = Buffer.from(authorization.replace(/^Basic /i, ""), "base64")
    .toString()
    .split(":");
  return users[name] !== undefined && users[name] === password.join(":") ? name : undefined;
}

/** What the scopes `repository:NAME:ACTION,…` ask for, several in one value or in several, less what only users may do. */
function accessOf(scopes: readonly string[], anonymous: boolean): Access[] {
  return scopes
    .flatMap((scope) => scope.split(" "))
    .map((scope) => {
      const [, type = "", name = "", actions = ""] = /^([^:]*):(.*):([^:]*)$/.exec(scope) ?? [];
      return { type, name, actions: actions.split(",").filter((action) => !anonymous || action === "pull") };
    });
}

/** A JSON Web Token, with the signer's certificate in its header as distribution 2.8 wants it. */
function issue(user: string, access: readonly Access[], signer: KeyPair): string {
  const certificate = new X509Certificate(readFileSync(signer.certificate)).raw.toString("base64");
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, sub: user, aud: SERVICE, iat: now, nbf: now, exp: now + LIFETIME, jti: randomUUID() };
  const body = [
    { typ: "JWT", alg: "ES256", x5c: [certificate] },
    { ...claims, access },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("sha256", Buffer.from(body), {
    key: readFileSync(signer.key, "utf8"),
    dsaEncoding: "ieee-p1363",
  });
  return `${body}.${signature.toString("base64url")}`;
}
