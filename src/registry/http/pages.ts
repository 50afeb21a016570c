/** Lists in pages. OCI distribution-spec "Listing Tags" (end-8a, end-8b), `Link` as in RFC 8288. */
import { quote } from "../../text/index.ts";
import { RegistryRefusal } from "../refusal.ts";
import type { Exchange } from "./exchange.ts";

export interface Page {
  /** The most entries that the client wants, and we give. */
  readonly limit: number;
  /** After which the page begins. */
  readonly last: string | undefined;
}

/** Reads `n` and `last`. A number above `most` is brought down to it; what is no number throws a 400 refusal. */
export function parsePage({ query }: Exchange, most: number): Page {
  const n = query.get("n");
  if (n !== null && !/^[0-9]+$/.test(n)) {
    throw new RegistryRefusal(400, "UNSUPPORTED", `n is ${quote(n)}, which is not a number`);
  }
  return { limit: n === null ? most : Math.min(Number(n), most), last: query.get("last") ?? undefined };
}

/** Takes one page off a list, and looks whether there is more. */
export async function takePage(
  list: AsyncIterable<string>,
  limit: number,
): Promise<{ readonly names: readonly string[]; readonly hasMore: boolean }> {
  const names: string[] = [];
  if (limit === 0) return { names, hasMore: false };
  for await (const name of list) {
    if (names.length === limit) return { names, hasMore: true };
    names.push(name);
  }
  return { names, hasMore: false };
}

/** The header that leads to the page after `last`; none at the end. Other parameters of the request are kept. */
export function linkTo({ path, query }: Exchange, limit: number, last: string | undefined): Record<string, string> {
  if (last === undefined) return {};
  const next = new URLSearchParams(query);
  next.set("n", String(limit));
  next.set("last", last);
  return { Link: `<${path}?${next.toString()}>; rel="next"` };
}
