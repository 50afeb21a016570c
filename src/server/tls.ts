/** Certificates from files, replaced while the server runs. */
import { readFile, stat } from "node:fs/promises";
import type { Server } from "node:https";
import { createSecureContext, type SecureContextOptions } from "node:tls";

import { SkillError } from "../errors.ts";
import { visibleLine } from "../text/index.ts";

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  /** Only clients with a certificate of this authority are served. */
  readonly clientAuthority?: string;
}

/** Milliseconds between looks at the files. */
const LOOK_EVERY = 10_000;

/** Reads and checks them together. Throws `CONFIG_INVALID`. */
export async function readTls(files: TlsFiles): Promise<SecureContextOptions> {
  try {
    const [cert, key, ca] = await Promise.all([
      readFile(files.certificate),
      readFile(files.key),
      files.clientAuthority === undefined ? undefined : readFile(files.clientAuthority),
    ]);
    const options = { cert, key, minVersion: "TLSv1.2", ...(ca === undefined ? {} : { ca }) } as const;
    createSecureContext(options);
    return options;
  } catch (cause) {
    const reason = visibleLine((cause as Error).message);
    throw new SkillError("CONFIG_INVALID", `the certificate cannot be used: ${reason}`, {
      hint: `Look at ${files.certificate} and ${files.key}: both PEM, the key without a password, and of one pair.`,
      cause,
    });
  }
}

/** Takes the files into use as they are now. What they were stays in use when they are no good; then it throws. */
export async function reloadTls(server: Server, files: TlsFiles): Promise<void> {
  server.setSecureContext(await readTls(files));
}

/** Looks at the files now and then, and calls `onChange` when one is another. Returns what ends that. */
export function watchTls(files: TlsFiles, onChange: () => void): () => void {
  let known: string | undefined;
  const look = async (): Promise<void> => {
    const now = await fingerprint(files);
    if (known !== undefined && now !== known) onChange();
    known = now;
  };
  void look();
  const timer = setInterval(() => void look(), LOOK_EVERY);
  timer.unref();
  return () => clearInterval(timer);
}

async function fingerprint({ certificate, key, clientAuthority }: TlsFiles): Promise<string> {
  const paths = [certificate, key, ...(clientAuthority === undefined ? [] : [clientAuthority])];
  const stats = await Promise.all(paths.map(async (path) => stat(path).catch(() => undefined)));
  return stats.map((each) => `${each?.mtimeMs} ${each?.size} ${each?.ino}`).join();
}
