/** The token endpoint over HTTP: `GET /token?service=…&scope=…`, and `POST /token` with a form. */
import type { IncomingMessage, ServerResponse } from "node:http";

import { invite } from "../http/expect-continue.ts";
import { RegistryRefusal } from "../refusal.ts";
import type { GrantedToken, TokenRequest, TokenService } from "./token-service.ts";

/** Bytes; as much as Node lets headers have. */
const MAX_FORM = 16 * 1024;

/**
 * Answers one request with a token. Throws a refusal for whoever answers errors; then nothing has been written. Tokens are
 * for the client alone: no cache may keep the answer.
 */
export async function answerTokenRequest(
  service: TokenService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<GrantedToken> {
  const granted = await service.issue(await readRequest(request, service.clientAddress(request)));
  const { token, lifetime, issued } = granted;
  const body = JSON.stringify({ token, access_token: token, expires_in: lifetime, issued_at: issued });
  response
    .writeHead(200, {
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      "Cache-Control": "no-store",
    })
    .end(body);
  return granted;
}

async function readRequest(request: IncomingMessage, address: string | undefined): Promise<TokenRequest> {
  const { authorization } = request.headers;
  if (request.method === "GET") {
    const { searchParams } = new URL(request.url ?? "/", "http://localhost");
    return { method: "GET", parameters: searchParams, authorization, address };
  }
  if (request.method !== "POST") {
    throw new RegistryRefusal(405, "UNSUPPORTED", "tokens are had by GET or POST", { headers: { Allow: "GET, POST" } });
  }
  return { method: "POST", parameters: new URLSearchParams(await readForm(request)), authorization, address };
}

async function readForm(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  if (Number(request.headers["content-length"] ?? 0) > MAX_FORM) throw tooLarge();
  invite(request);
  // Not destroyed with the iteration: the answer goes out over the same connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > MAX_FORM) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function tooLarge(): RegistryRefusal {
  return new RegistryRefusal(413, "SIZE_INVALID", `the form has more than ${MAX_FORM} bytes`);
}
