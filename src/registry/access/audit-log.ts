/**
 * The record of every write and every refusal, as lines of JSON that are only ever added.
 *
 * What stands in it is who asked for what, and what came of it; never a password, a token or a header. Of who asks too often, one line
 * a minute stands for many refusals ({@link RepeatedRefusals}).
 */
import type { Audit, AuditEntry } from "../hooks.ts";
import { RegistryRefusal } from "../refusal.ts";
import { AppendLog } from "./files/append-log.ts";
import { RepeatedRefusals } from "./repeated-refusals.ts";

export interface AuditLogOptions {
  /** Told when a line could not be written that nothing depends on: that of a refusal, or of a failure. */
  readonly onProblem?: (problem: unknown) => void;
}

export class AuditLog implements Audit {
  readonly #log: AppendLog;
  readonly #options: AuditLogOptions;
  readonly #repeated = new RepeatedRefusals((entry) => void this.#write(entry));

  /** `path`: the file; it is made when the first line is written, for its owner alone. */
  constructor(path: string, options: AuditLogOptions = {}) {
    this.#log = new AppendLog(path);
    this.#options = options;
  }

  /** Throws a 503 refusal when the line of an allowed change cannot be written, so that the change is not made. */
  async record(entry: AuditEntry): Promise<void> {
    if (!this.#repeated.takes(entry)) await this.#write(entry);
  }

  /** Rejects when nothing can be recorded, so that nothing can be changed. */
  async check(): Promise<void> {
    await this.#log.check();
  }

  async close(): Promise<void> {
    this.#repeated.end();
    await this.#log.close();
  }

  async #write(entry: AuditEntry): Promise<void> {
    try {
      await this.#log.append(formatEntry(entry));
    } catch (cause) {
      this.#options.onProblem?.(cause);
      if (entry.outcome !== "allowed") return;
      throw new RegistryRefusal(503, "UNKNOWN", "the change cannot be recorded, so it is not made", {
        hint: "Whoever runs this registry must look at its audit log.",
        cause,
      });
    }
  }
}

/** One line, its keys in a fixed order. JSON escapes what could end the line. */
function formatEntry({ time, requestId, ...entry }: AuditEntry): string {
  const { address, actor = null, action, repository, reference, digest, previous, outcome, ...refusal } = entry;
  const { status, code, message, count } = refusal;
  return JSON.stringify({
    time: new Date(time).toISOString(),
    requestId,
    address,
    actor,
    action,
    repository,
    reference,
    digest,
    previous,
    outcome,
    status,
    code,
    message,
    count,
  });
}
