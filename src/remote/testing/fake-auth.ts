/** The doorkeeper of a fake registry: Basic, or Bearer with a token endpoint of its own. */
import { randomUUID } from "node:crypto";

import type { Exchange } from "./fake-exchange.ts";
import type { FakeAuth } from "./fake-options.ts";

/** What tokens allow, as `repository:<name>:<action>`. */
type Granted = ReadonlySet<string>;

export class Doorkeeper {
  readonly #tokens = new Map<string, Granted>();
  readonly #origin: () => string;

  constructor(origin: () => string) {
    this.#origin = origin;
  }

  /** Whether the request may go on; otherwise it has been answered. */
  admits(exchange: Exchange, auth: FakeAuth, repository: string | undefined): boolean {
    const needs = needed(exchange, repository);
    const isAnonymous = auth.anonymousPull === true && needs.every((each) => each.endsWith(":pull"));
    const sent = exchange.header("authorization");
    if (auth.scheme === "basic") {
      if ((isAnonymous && sent === undefined) || sent === basic(auth)) return true;
      exchange.refuse(401, "UNAUTHORIZED", { "www-authenticate": 'Basic realm="fake"' });
      return false;
    }
    const granted = this.#tokens.get(sent?.replace(/^Bearer /, "") ?? "");
    const isHidden =
      auth.hidesAbsent === true &&
      repository !== undefined &&
      !exchange.content.names().includes(repository) &&
      granted?.has(`repository:${repository}:push`) !== true;
    if (!isHidden && granted !== undefined && needs.every((each) => granted.has(each))) return true;
    const scope = scopesOf(needs).join(" ");
    const challenge = `Bearer realm="${this.#origin()}/token",service="fake"${scope === "" ? "" : `,scope="${scope}"`}`;
    exchange.refuse(401, "UNAUTHORIZED", { "www-authenticate": challenge });
    return false;
  }

  /** `GET /token`: what was asked for and may be had. */
  token(exchange: Exchange, auth: FakeAuth): void {
    const sent = exchange.header("authorization");
    const isKnown = sent === basic(auth);
    if (!isKnown && (sent !== undefined || auth.anonymousPull !== true)) return exchange.refuse(401, "UNAUTHORIZED");
    const asked = exchange.url.searchParams.getAll("scope").flatMap((scope) => scope.split(" "));
    const granted = asked.flatMap((scope) => {
      const [type = "", name = "", actions = ""] = scope.split(":");
      return actions.split(",").map((action) => `${type}:${name}:${action}`);
    });
    const token = randomUUID();
    this.#tokens.set(token, new Set(isKnown ? granted : granted.filter((each) => each.endsWith(":pull"))));
    exchange.json(200, { token, expires_in: auth.expiresIn ?? 300 });
  }

  /** Forgets every token that was given out. */
  revoke(): void {
    this.#tokens.clear();
  }
}

function needed(exchange: Exchange, repository: string | undefined): string[] {
  if (repository === undefined) return exchange.url.pathname.endsWith("/_catalog") ? ["registry:catalog:*"] : [];
  const { method } = exchange;
  const actions =
    method === "GET" || method === "HEAD" ? ["pull"] : method === "DELETE" ? ["delete"] : ["pull", "push"];
  const isUpload = exchange.url.pathname.includes("/blobs/uploads/");
  const from = exchange.query("from");
  return [
    ...(isUpload ? ["pull", "push"] : actions).map((action) => `repository:${repository}:${action}`),
    ...(from === undefined ? [] : [`repository:${from}:pull`]),
  ];
}

function scopesOf(needs: readonly string[]): string[] {
  const byName = new Map<string, string[]>();
  for (const need of needs) {
    const name = need.slice(0, need.lastIndexOf(":"));
    byName.set(name, [...(byName.get(name) ?? []), need.slice(name.length + 1)]);
  }
  return [...byName].map(([name, actions]) => `${name}:${actions.join(",")}`);
}

function basic({ username, password }: FakeAuth): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
