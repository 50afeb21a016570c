/**
 * The contract of `RegistryStorage` as a test suite, which every driver passes: memory and fs do.
 *
 * It uses nothing but that interface, and a clock that it sets. A driver that cannot do something names the test and
 * says why.
 */
import { afterEach, beforeEach, describe, it } from "vitest";

import type { RegistryStorage } from "../types.ts";
import { blobCases } from "./blob-cases.ts";
import { markCases } from "./mark-cases.ts";
import { quotaCases } from "./quota-cases.ts";
import { repositoryCases } from "./repository-cases.ts";
import { uploadCases } from "./upload-cases.ts";

export interface StorageUnderTest {
  readonly storage: RegistryStorage;
  /** Closes the storage and opens it again, for drivers that outlive their process. */
  readonly reopen?: () => Promise<RegistryStorage>;
  /** Changes a byte of a blob behind the driver's back. */
  readonly damage?: (digest: string) => Promise<void>;
  readonly dispose?: () => Promise<void>;
}

/** What a case gets: the driver, and a clock that stands still until it is moved. */
export interface CaseContext extends StorageUnderTest {
  /** Lets so many milliseconds go by. */
  readonly pass: (milliseconds: number) => void;
  readonly now: () => number;
}

export type Case = (context: CaseContext) => Promise<void>;

export interface ContractOptions {
  /** Names of tests that do not apply, each with the reason. */
  readonly skips?: Readonly<Record<string, string>>;
}

const START = Date.parse("2026-01-01T00:00:00Z");

/** Declares the suite for a driver; `factory` makes an empty storage, with the clock that it is given, for every test. */
export function describeRegistryStorage(
  name: string,
  factory: (options: { readonly now: () => number }) => Promise<StorageUnderTest>,
  { skips = {} }: ContractOptions = {},
): void {
  describe(`${name} keeps the contract of a registry's storage`, () => {
    let time = START;
    let subject: StorageUnderTest;
    beforeEach(async () => {
      time = START;
      subject = await factory({ now: () => time });
    });
    afterEach(async () => {
      await subject.storage.close();
      await subject.dispose?.();
    });
    const context = (): CaseContext => ({
      ...subject,
      pass: (milliseconds) => (time += milliseconds),
      now: () => time,
    });
    const suites = {
      "a blob": blobCases,
      "an upload": uploadCases,
      "a repository": repositoryCases,
      "a quota": quotaCases,
      "a mark": markCases,
    };
    for (const [about, cases] of Object.entries(suites)) {
      describe(about, () => {
        for (const [title, run] of Object.entries(cases)) {
          if (title in skips) it.skip(`${title} (${skips[title]})`, () => undefined);
          else it(title, async () => run(context()));
        }
      });
    }
  });
}
