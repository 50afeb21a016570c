/**
 * Which rule of registries.conf is meant for a repository, and what it makes of the name: containers-registries.conf(5),
 * "Choosing a [[registry]] TOML table".
 */

/**
 * How much of `name` (a repository with its registry) the prefix stands for, in characters; `undefined` when it does not
 * match. A prefix ends at a `/` or, as in the containers tools, before a port, so that a rule for a host is one for all of its
 * ports. `*.example.com` stands for every host below that domain.
 */
export function matchPrefix(name: string, prefix: string): number | undefined {
  const end = prefix.startsWith("*.") ? endOfHostBelow(name, prefix.slice(1)) : endOfText(name, prefix);
  return end !== undefined && [undefined, "/", ":"].includes(name[end]) ? end : undefined;
}

function endOfText(name: string, prefix: string): number | undefined {
  return name.startsWith(prefix) ? prefix.length : undefined;
}

function endOfHostBelow(name: string, suffix: string): number | undefined {
  const [host = ""] = name.split(/[/:]/, 1);
  return host.length > suffix.length && host.endsWith(suffix) ? host.length : undefined;
}

/** The rule with the longest prefix that matches; of several as long as each other, the first by its text. */
export function findRule<T extends { readonly prefix: string }>(rules: Iterable<T>, name: string): T | undefined {
  let best: T | undefined;
  for (const rule of rules) {
    if (matchPrefix(name, rule.prefix) !== undefined && (best === undefined || isBefore(rule.prefix, best.prefix)))
      best = rule;
  }
  return best;
}

function isBefore(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length > b.length;
}

/** `name` with `location` in the place of the prefix. The prefix must match. */
export function rewrite(name: string, prefix: string, location: string): string {
  return location + name.slice(matchPrefix(name, prefix));
}

/** A repository or prefix with its host in lower case: host names do not know cases, and a rule must not be got around by one. */
export function foldHost(name: string): string {
  const end = name.indexOf("/");
  return end < 0 ? name.toLowerCase() : name.slice(0, end).toLowerCase() + name.slice(end);
}
