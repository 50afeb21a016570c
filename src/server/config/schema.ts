/** The keys of a server's configuration file, section by section. Every value has a default; an empty file is a good one. */
import { checkPublicUrl } from "../../registry/access/challenge.ts";
import { checkNamespace, checkSubject } from "../../registry/access/grants.ts";
import { checkRule } from "../../registry/admission/admission.ts";
import {
  bytes,
  checked,
  duration,
  flag,
  integer,
  list,
  LONGEST_WAIT,
  mapping,
  oneOf,
  oneOrMore,
  path,
  record,
  text,
  waiting,
  type Shape,
} from "./shapes.ts";

const tls = mapping(
  {
    /** PEM: the certificate, and those between it and the authority. */
    certificate: path,
    /** PEM. */
    key: path,
    /** PEM. Where it is given, only clients with a certificate of this authority are served. */
    clientAuthority: path,
  },
  ["certificate", "key"],
);

const oidcProvider = mapping(
  {
    issuer: text,
    audience: oneOrMore(text),
    name: text,
    jwksUri: text,
    algorithms: list(text),
    nameClaim: text,
    groupsClaim: text,
    groups: list(mapping({ group: text, claims: record(text) }, ["group", "claims"])),
  },
  ["issuer", "audience"],
);

/** For which something is counted. */
const seconds = integer(1, Math.floor(LONGEST_WAIT / 1000));

const subjects = list(checked(checkSubject));

const access = mapping({
  anonymousPull: flag,
  htpasswd: path,
  robots: path,
  oidc: list(oidcProvider),
  grants: record(
    mapping({ reader: subjects, author: subjects, approver: subjects, admin: subjects, mirror: subjects }),
    checkNamespace,
  ),
  tokenKey: path,
  /** Seconds. */
  tokenLifetime: integer(60, 3600),
  service: text,
  trustedProxies: list(text),
  limits: mapping({
    requests: integer(1),
    logins: integer(1),
    loginsPerAddress: integer(1),
    window: seconds,
    loginWindow: seconds,
  }),
});

const admission = mapping({
  rules: record(flag, (name) => checkRule(name)),
  requiredReferrers: list(text),
  limits: mapping({
    compressedSize: bytes,
    expandedSize: bytes,
    ratio: integer(1),
    ratioFrom: bytes,
    entries: integer(1),
    fileSize: bytes,
  }),
});

const limits = mapping({
  manifestSize: bytes,
  manifestValues: integer(1000),
  blobSize: bytes,
  uploadsPerRepository: integer(1),
  uploads: integer(1),
  pageSize: integer(1, 100_000),
  mountSearch: integer(0),
  idleTimeout: waiting(1000),
});

/** By namespace; the empty one is the whole registry. */
const quota = record(mapping({ bytes, manifests: integer(0) }), checkNamespace);

const webhook = mapping(
  {
    url: text,
    /** A file whose content signs what is sent. */
    secretFile: path,
    /** Default: all of them. */
    events: list(oneOf("push", "tag", "untag", "delete", "promote")),
    /** Only repositories whose names begin so. */
    namespace: checked(checkNamespace),
    /** Whether the target may be in a private network. Default: false. */
    allowPrivate: flag,
  },
  ["url", "secretFile"],
);

const storage = mapping(
  {
    /** Who may use it is found where AWS programs look: the environment, a profile, the role of the machine. */
    s3: mapping({ bucket: text, endpoint: text, region: text, prefix: text, pathStyle: flag, timeout: waiting(0) }, [
      "bucket",
    ]),
    /** Default: what the `PG*` environment variables say. */
    postgres: mapping({
      url: text,
      /** A file that holds the url, for one with a password. */
      urlFile: path,
      schema: text,
      connections: integer(1, 1000),
      timeout: waiting(0),
    }),
  },
  ["s3"],
);

const sections = {
  listen: text,
  root: path,
  /** Default: the root. */
  storage,
  /** Where clients reach the server, when that is not where it listens: behind a proxy. */
  publicUrl: checked(checkPublicUrl),
  tls,
  access,
  admission,
  limits,
  quota,
  gc: mapping({ every: waiting(1000), grace: duration, uploads: duration }),
  audit: mapping({ file: path }, ["file"]),
  webhooks: list(webhook),
  metrics: mapping({ public: flag }),
  log: mapping({ level: oneOf("debug", "info", "warn", "error", "silent"), requests: flag }),
  shutdownTimeout: waiting(0),
} as const;

export const serverConfigShape = mapping(sections);

/** A server's configuration; paths are absolute, times in milliseconds, sizes in bytes. */
export type ServerConfig = typeof serverConfigShape extends Shape<infer T> ? T : never;
