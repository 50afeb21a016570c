import { isRepositoryPath } from "../../../oci/index.ts";

/** What is known of an upload beside its bytes. */
export interface Session {
  readonly repository: string;
  readonly started: number;
}

export function encodeSession(session: Session): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(session));
}

/** `undefined` for what a power cut left of one. */
export function parseSession(bytes: Uint8Array): Session | undefined {
  try {
    const { repository, started } = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>;
    const isSession = typeof repository === "string" && isRepositoryPath(repository) && typeof started === "number";
    return isSession ? { repository, started } : undefined;
  } catch {
    return undefined;
  }
}
