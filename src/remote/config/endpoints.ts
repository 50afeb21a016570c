/** The machine's configuration as an {@link EndpointSource}: what registries.conf, certs.d and the call's options make of a name. */
import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";
import { isLoopback } from "../http/hosts.ts";
import type { TlsOptions } from "../http/types.ts";
import { combine, type Certificates } from "../tls/certificates.ts";
import { readCertsD } from "../tls/certs-d.ts";
import { apiHost, parseFullName, type RepositoryName } from "./host.ts";
import type { Places } from "./places.ts";
import { findRule, rewrite } from "./prefix.ts";
import { invalid } from "./read-file.ts";
import type { RegistriesConf, RegistryRule } from "./registries-conf.ts";
import { readRegistriesConf } from "./registries-files.ts";
import type { Endpoint, EndpointRule, EndpointSource } from "./types.ts";

export interface EndpointOptions {
  /**
   * What was said about certificates for this call: true insists on https and a trusted certificate at every endpoint, false
   * on neither. Default: as configured.
   */
  readonly verifyTls?: boolean;
  /** Certificates for every endpoint of this call, before those of `certs.d`. Default: none. */
  readonly certificates?: Certificates;
}

/**
 * Endpoints as podman and skopeo would find them. Files are read when first needed, and once.
 *
 * Unlike there, a `location` is also written to: what is pushed is what is read. `endpoints` throws `REFERENCE_INVALID`
 * for a name without a registry, `REGISTRY_BLOCKED` and `CONFIG_INVALID`.
 */
export function systemEndpoints(places: Places, options: EndpointOptions = {}): EndpointSource {
  const { verifyTls, certificates: named = {} } = options;
  const kept = new Map<string, Promise<Certificates>>();
  const certificatesFor = async (host: string): Promise<Certificates> => {
    const configured = kept.get(host) ?? readCertsD(places, host);
    kept.set(host, configured);
    return combine(named, await configured);
  };
  let reading: Promise<RegistriesConf> | undefined;

  const connect = async ({ name, insecure, rule, mirror }: Place): Promise<Endpoint> => {
    const scheme = schemeOf(name.host, insecure, verifyTls);
    const certificates = await certificatesFor(name.host);
    const tls: TlsOptions = scheme === "either" ? { ...certificates, verify: false } : certificates;
    const registry = apiHost(name.host);
    return { registry, repository: name.path, scheme, tls, ...(rule && { rule }), ...(mirror && { mirror }) };
  };

  return {
    endpoints: async (repository) => {
      const { rules } = await (reading ??= readRegistriesConf(places));
      const { mirrors, primary } = placesOf(repository, rules);
      const [last, first, ...others] = await Promise.all([primary, ...mirrors].map(connect));
      if (last === undefined) throw new TypeError("there is always a primary endpoint");
      return first === undefined ? [last] : [first, ...others, last];
    },
  };
}

/** An endpoint before it is known how to speak to it. */
interface Place {
  readonly name: RepositoryName;
  readonly insecure: boolean;
  readonly rule?: EndpointRule;
  readonly mirror?: NonNullable<Endpoint["mirror"]>;
}

interface PlacesOf {
  readonly mirrors: readonly Place[];
  readonly primary: Place;
}

/** Applies the rules: also those for where a rule leads to, as far as they forbid it. */
function placesOf(repository: string, rules: RegistriesConf["rules"]): PlacesOf {
  const name = parseFullName(repository);
  const rule = findRule(rules.values(), formatName(name));
  if (rule === undefined) return { mirrors: [], primary: { name, insecure: false } };
  refuseBlocked(repository, rule);

  const primary = rule.location === undefined ? name : rewriteName(name, rule, rule.location);
  refuseBlocked(repository, findRule(rules.values(), formatName(primary)));
  const mirrors = rule.mirrors.map(({ location, insecure, pull }) => ({
    name: rewriteName(name, rule, location),
    insecure,
    mirror: { pull },
  }));
  return {
    mirrors: mirrors.filter((mirror) => findRule(rules.values(), formatName(mirror.name))?.blocked !== true),
    primary: {
      name: primary,
      insecure: rule.insecure,
      ...(primary.host === name.host ? {} : { rule: { prefix: rule.prefix, file: rule.file } }),
    },
  };
}

function schemeOf(host: string, insecure: boolean, verifyTls: boolean | undefined): Endpoint["scheme"] {
  if (verifyTls !== undefined) return verifyTls ? "https" : "either";
  if (insecure) return "either";
  return isLoopback(new URL(`http://${host}/`)) ? "loopback" : "https";
}

function rewriteName(name: RepositoryName, rule: RegistryRule, location: string): RepositoryName {
  const target = rewrite(formatName(name), rule.prefix, location);
  try {
    return parseFullName(target);
  } catch {
    // Its words would quote the location, and with it a password that somebody put there.
    const problem = `has a rule for ${quote(rule.prefix)} that makes ${quote(formatName(name))} no repository of a registry`;
    throw invalid(rule.file, problem, "Write location as host[:port] or host[:port]/namespace.");
  }
}

function formatName({ host, path }: RepositoryName): string {
  return `${host}/${path}`;
}

function refuseBlocked(repository: string, rule: RegistryRule | undefined): void {
  if (rule?.blocked !== true) return;
  const why = `is blocked by the rule for ${quote(rule.prefix)} in ${rule.file}`;
  throw new SkillError("REGISTRY_BLOCKED", `${quote(repository)} ${why}`, {
    hint: "Use another registry, or ask whoever keeps that file.",
  });
}
