/**
 * Whether a host is spoken to by https or by plain http, where that is left open. Found out once, by the first request,
 * because a question of its own would be one request more for every run of a command.
 */
import { isSkillError } from "../errors.ts";
import { unlessAborted } from "./auth/shared-work.ts";
import type { Endpoint } from "./config/types.ts";
import { asksForTls, speaksPlainHttp, speaksTls, type FollowedResponse } from "./http/index.ts";

/** Sends the first request to an origin, without credentials and without a body that cannot be sent again. */
export type Probe = (base: URL) => Promise<FollowedResponse>;

/** The origin, and the answer to the probe if one had to be sent and can still be read. */
export interface FoundOrigin {
  readonly base: URL;
  readonly answer?: FollowedResponse;
}

export class Origin {
  readonly #candidates: readonly URL[];
  #base: URL | undefined;
  /** Resolves to why it failed, if it did. */
  #search: Promise<unknown> | undefined;

  constructor({ registry, scheme }: Pick<Endpoint, "registry" | "scheme">) {
    const http = new URL(`http://${registry}/`);
    const https = new URL(`https://${registry}/`);
    const candidates = { http: [http], https: [https], either: [https, http], loopback: [http, https] };
    this.#candidates = candidates[scheme];
    this.#base = this.#candidates.length === 1 ? this.#candidates[0] : undefined;
  }

  /**
   * The origin. Those who come while somebody else is looking wait for what is found, or fail with them: one after the other would
   * wait for a registry that says nothing as often as there are callers. A failure to find is not kept.
   */
  async find(probe: Probe, signal?: AbortSignal): Promise<FoundOrigin> {
    while (this.#base === undefined && this.#search !== undefined) {
      const failure = await unlessAborted(this.#search, signal);
      // That somebody else gave up says nothing of the registry.
      if (failure !== undefined && !isSkillError(failure, "ABORTED")) throw failure;
    }
    if (this.#base !== undefined) return { base: this.#base };
    const search = this.#look(probe);
    this.#search = search.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    try {
      return await search;
    } finally {
      this.#search = undefined;
    }
  }

  async #look(probe: Probe): Promise<FoundOrigin> {
    let failure: unknown;
    for (const base of this.#candidates) {
      const answer = await probe(base).catch((error: unknown) => {
        const isOther = base.protocol === "https:" ? speaksPlainHttp(error) : speaksTls(error);
        if (!isOther) throw error;
        failure ??= error;
        return undefined;
      });
      if (answer === undefined) continue;
      if (base.protocol === "http:" && answer.status === 400) {
        // To know what a 400 means its body must be read; so it is nobody's answer any more.
        if (await asksForTls(answer)) continue;
        await answer.discard();
        return { base: (this.#base = base) };
      }
      return { base: (this.#base = base), answer };
    }
    throw failure;
  }
}
